"""Enums and domains of the database, all in schema `public`."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Annotated

from sqlalchemy import Enum, Numeric
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.orm import mapped_column

from app.infra.db.models.base import Base


class SlipKind(enum.StrEnum):
    """What a slip records: waste coming in, material going out, work in the yard."""

    RECEIVE = "receive"
    SHIPMENT = "shipment"
    YARD = "yard"


class UploadStatus(enum.StrEnum):
    """How far an uploaded file has come."""

    RECEIVED = "received"
    LOADED = "loaded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


def _enum(python_type: type[enum.StrEnum], name: str) -> Enum:
    return Enum(
        python_type,
        name=name,
        values_callable=lambda members: [member.value for member in members],
        metadata=Base.metadata,
        inherit_schema=False,
    )


SLIP_KIND = _enum(SlipKind, "slip_kind")
UPLOAD_STATUS = _enum(UploadStatus, "upload_status")

WEIGHT_KG = DOMAIN(
    "weight_kg",
    Numeric(12, 1),
    constraint_name="weight_kg_not_negative",
    check="VALUE >= 0",
    metadata=Base.metadata,
)
YEN_PER_KG = DOMAIN(
    "yen_per_kg",
    Numeric(10, 2),
    constraint_name="yen_per_kg_believable",
    check="VALUE BETWEEN -100000 AND 100000",
    metadata=Base.metadata,
)

WeightKg = Annotated[Decimal, mapped_column(WEIGHT_KG)]
YenPerKg = Annotated[Decimal, mapped_column(YEN_PER_KG)]
