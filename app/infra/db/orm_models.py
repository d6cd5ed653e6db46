"""Every model of the application: the one import that autogenerate and check need.

Configure Alembic with `target_metadata=Base.metadata`, `include_schemas=True` and
`include_name=include_name`, on a connection with the default search_path: the tables of
`public` carry no schema, and Alembic gives the default schema the name None.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.infra.db.models.base import Base
from app.infra.db.models.column_types import SlipKind, UploadStatus
from app.infra.db.models.kpi import MonthlyTarget, ProcessingCapacity, WeekdayWeight
from app.infra.db.models.mart import InventoryDaily, MonthlyClose
from app.infra.db.models.public import AppUser, JobRun, UploadError, UploadLog
from app.infra.db.models.raw import (
    RawReceiveSlip,
    RawShipmentSlip,
    RawYardSlip,
)
from app.infra.db.models.ref import (
    Collector,
    Customer,
    Item,
    ItemCategory,
    UnitPrice,
    Vehicle,
    Vendor,
)
from app.infra.db.models.ref_calendar import CalendarDay, Closure, Holiday, Site, TaxRate
from app.infra.db.models.stg import Manifest, StgReceiveSlip, StgShipmentSlip, StgYardSlip

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "SCHEMAS",
    "AppUser",
    "Base",
    "CalendarDay",
    "Closure",
    "Collector",
    "Customer",
    "Holiday",
    "InventoryDaily",
    "Item",
    "ItemCategory",
    "JobRun",
    "Manifest",
    "MonthlyClose",
    "MonthlyTarget",
    "ProcessingCapacity",
    "RawReceiveSlip",
    "RawShipmentSlip",
    "RawYardSlip",
    "Site",
    "SlipKind",
    "StgReceiveSlip",
    "StgShipmentSlip",
    "StgYardSlip",
    "TaxRate",
    "UnitPrice",
    "UploadError",
    "UploadLog",
    "UploadStatus",
    "Vehicle",
    "Vendor",
    "WeekdayWeight",
    "include_name",
    "is_partition",
]

SCHEMAS = ("public", "raw", "stg", "ref", "kpi", "mart")


def include_name(name: str | None, type_: str, parent_names: Mapping[str, str | None]) -> bool:
    """Tell Alembic whether a name of the database is the models' concern.

    Args:
        name: the object's name; None for the default schema, which is `public`.
        type_: what Alembic asks about: schema, table, column, index, a constraint.
        parent_names: `schema_name` and, below a table, `table_name`.

    Returns:
        False for schemas of others and for partitions, which appear as tables of their own
        but belong to their partitioned table; True otherwise.
    """
    if type_ == "schema":
        return name is None or name in SCHEMAS
    if type_ == "table" and name is not None:
        return not is_partition(name, parent_names.get("schema_name"))
    return True


def is_partition(name: str, schema: str | None) -> bool:
    """Tell whether a table is named as partition of a model: `TABLE_pYYYYMM`, `TABLE_default`."""
    return any(
        re.fullmatch(rf"{re.escape(table.name)}_(p\d{{6}}|default)", name)
        for table in Base.metadata.tables.values()
        if table.schema == schema and table.dialect_options["postgresql"]["partition_by"]
    )
