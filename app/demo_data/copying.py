"""COPY, fed from a generator: rows are never all in memory."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from app.demo_data import master_rows, slip_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# In the order in which foreign keys allow the rows to arrive.
TABLES: dict[type[tuple[object, ...]], str] = {
    master_rows.AppUser: "public.app_user",
    master_rows.Site: "ref.site",
    master_rows.CalendarDay: "ref.calendar_day",
    master_rows.Holiday: "ref.holiday",
    master_rows.Closure: "ref.closure",
    master_rows.Customer: "ref.customer",
    master_rows.Vendor: "ref.vendor",
    master_rows.Collector: "ref.collector",
    master_rows.Vehicle: "ref.vehicle",
    master_rows.ItemCategory: "ref.item_category",
    master_rows.Item: "ref.item",
    master_rows.UnitPrice: "ref.unit_price",
    master_rows.TaxRate: "ref.tax_rate",
    master_rows.WeekdayWeight: "kpi.weekday_weight",
    master_rows.ProcessingCapacity: "kpi.processing_capacity",
    master_rows.MonthlyTarget: "kpi.monthly_target",
    slip_rows.UploadLog: "public.upload_log",
    slip_rows.UploadError: "public.upload_error",
    slip_rows.RawReceiveSlip: "raw.receive_slip",
    slip_rows.RawShipmentSlip: "raw.shipment_slip",
    slip_rows.RawYardSlip: "raw.yard_slip",
    slip_rows.ReceiveSlip: "stg.receive_slip",
    slip_rows.ShipmentSlip: "stg.shipment_slip",
    slip_rows.YardSlip: "stg.yard_slip",
    slip_rows.Manifest: "stg.manifest",
    slip_rows.InventoryDaily: "mart.inventory_daily",
    master_rows.MonthlyClose: "mart.monthly_close",
    master_rows.JobRun: "public.job_run",
}

_LINES_PER_BLOCK = 500
# The text format of COPY escapes these with a backslash; \N is NULL.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class LineReader:
    """The file that psycopg2 reads COPY text from; `size` is a hint it need not keep."""

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self._lines: Iterator[str] = (copy_line(row) for row in rows)

    def read(self, _size: int = -1) -> str:
        """Return the next lines, or an empty string at the end."""
        return "".join(islice(self._lines, _LINES_PER_BLOCK))

    def readline(self) -> str:
        """Return the next line; psycopg2 asks that the method exist."""
        return next(self._lines, "")


def copy_rows(
    cursor: Any, row_type: type[tuple[object, ...]], rows: Iterable[Any]
) -> int:  # psycopg2 publishes no types
    """Load `rows` into the table of `row_type` and return how many there were."""
    columns = ", ".join(row_type._fields)  # type: ignore[attr-defined]  # a NamedTuple
    cursor.copy_expert(f"COPY {TABLES[row_type]} ({columns}) FROM STDIN", LineReader(rows))
    return int(cursor.rowcount)


def copy_line(row: Sequence[object]) -> str:
    """Return one line of COPY's text format."""
    return "\t".join([_field(value) for value in row]) + "\n"


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        plain = "\\" not in value and value.isprintable()
        return value if plain else value.translate(_ESCAPES)
    return str(value)
