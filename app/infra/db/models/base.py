"""The declarative base, and the columns that many tables share."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NOW = text("now()")

IdentityKey = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
BigInt = Annotated[int, mapped_column(BigInteger)]
SmallInt = Annotated[int, mapped_column(SmallInteger)]


class Base(DeclarativeBase):
    """Metadata of the whole database; tables without a schema live in `public`.

    Autogenerate reports the default schema as None, so naming `public` here would make every
    one of its tables look both missing and unexpected.
    """

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        str: Text(),
        dt.date: Date(),
        dt.datetime: DateTime(timezone=True),
        Decimal: Numeric(14, 2),
    }


class Stamped:
    """When a row was made and last changed; a trigger keeps `updated_at`."""

    created_at: Mapped[dt.datetime] = mapped_column(server_default=NOW, sort_order=90)
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=NOW, sort_order=91)


class SoftDeleted:
    """A row that is withdrawn stays, with the time and the user."""

    deleted_at: Mapped[dt.datetime | None] = mapped_column(sort_order=80, comment="削除日時")
    deleted_by: Mapped[BigInt | None] = mapped_column(
        ForeignKey("app_user.user_id"),
        CheckConstraint("(deleted_at IS NULL) = (deleted_by IS NULL)", name="deletion_signed"),
        sort_order=81,
        comment="削除者",
    )
    is_deleted: Mapped[bool] = mapped_column(
        Computed("(deleted_at IS NOT NULL)", persisted=True), sort_order=82
    )
