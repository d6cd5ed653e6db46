"""Load it all in one transaction: master data, then slips in batches, then the closed months."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from app.demo_data import clerk as clerks
from app.demo_data import master_rows, slip_rows, vocabulary, volume
from app.demo_data.company import found_company
from app.demo_data.copying import TABLES, copy_rows
from app.demo_data.month_end import MonthEnd
from app.demo_data.trade import trading_days
from app.infra.db.orm_models import Base
from app.refusal import FAILED, REFUSED, Refusal, say

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import Connection

    from app.demo_data.company import Company

_ROWS_PER_BATCH = 60_000
_START_ANEW = "start from an empty database (inv db-init-from-snapshot --finish{})"


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for.

    Args:
        first: the first day with slips.
        until: the last one.
        seed: what all chance grows from.
        scale: how many times the slips of a company of usual size.
    """

    first: date
    until: date
    seed: int
    scale: float


def load(connection: Connection, demand: Demand) -> Counter[str]:
    """Load the data into empty tables, in the transaction that is open.

    Returns:
        How many rows each table received.

    Raises:
        Refusal: the schema is not there (exit 1), or a table already holds rows (exit 3).
    """
    refuse_unless_empty(connection)
    loader = _Loader(connection)
    rng = random.Random(demand.seed)  # noqa: S311 - repeatable on purpose
    company = found_company(rng, demand.first, demand.until)
    for rows in _master_data(company, rng, demand.scale):
        loader.copy(rows)
    clerk = clerks.Clerk(company, rng, demand.seed)
    closing = MonthEnd()
    for trading in trading_days(company, rng, demand.scale):
        clerk.file(trading)
        closing.add(trading)
        if sum(map(len, clerk.batch.values())) > _ROWS_PER_BATCH:
            loader.copy_batch(clerk.batch, trading.day)
    loader.copy_batch(clerk.batch, demand.until)
    for rows in closing.rows(demand.until):
        loader.copy(rows)
    _restart_identities(connection, clerk.last_number[slip_rows.Manifest])
    connection.execute(text("ANALYZE"))
    return loader.loaded


def refuse_unless_empty(connection: Connection) -> None:
    """Raise Refusal when the schema is missing (exit 1) or any table holds rows (exit 3).

    The lock makes a second run wait for the first and then see its rows.
    """
    database = str(connection.scalar(text("SELECT current_database()")))
    # The database says which environment it is, unless somebody else made it.
    environment = connection.scalar(text("SELECT current_setting('dbops.environment', true)"))
    named = f" --env {environment}" if environment else ""
    tables = [f"{table.schema or 'public'}.{table.name}" for table in Base.metadata.sorted_tables]
    missing = text("SELECT name FROM unnest(:names) AS name WHERE to_regclass(name) IS NULL")
    if absent := connection.scalars(missing, {"names": tables}).all():
        raise Refusal(
            "the application's tables are not there",
            where=database,
            why=f"missing: {', '.join(absent[:3])}" + (" ..." if absent[3:] else ""),
            next_command=f"bring the database to head (inv al-up{named})",
            code=FAILED,
        )
    connection.execute(text("LOCK TABLE public.app_user IN SHARE ROW EXCLUSIVE MODE"))
    filled = [name for name in tables if connection.scalar(text(f"SELECT EXISTS (TABLE {name})"))]
    if filled:
        raise Refusal(
            "demo data goes into empty tables only",
            where=database,
            why=f"rows in {', '.join(filled[:3])}" + (" ..." if filled[3:] else ""),
            next_command=_START_ANEW.format(named),
            code=REFUSED,
        )


class _Loader:
    """Copies rows and tells what it did."""

    def __init__(self, connection: Connection) -> None:
        self.loaded: Counter[str] = Counter()
        self._cursor = connection.connection.cursor()
        self._started = monotonic()

    def copy(self, rows: list[Any]) -> None:
        if rows:
            table = self._copy(rows)
            self._tell(f"{table}: {self.loaded[table]:,} rows")

    def copy_batch(self, batch: dict[clerks.Row, list[Any]], day: date) -> None:
        """Copy and empty a batch, in the order that foreign keys allow."""
        for row_type in TABLES:
            if rows := batch.get(row_type):
                self._copy(rows)
        batch.clear()
        self._tell(f"slips until {day}: {sum(self.loaded.values()):,} rows in all")

    def _copy(self, rows: list[Any]) -> str:
        table = TABLES[type(rows[0])]
        self.loaded[table] += copy_rows(self._cursor, type(rows[0]), rows)
        return table

    def _tell(self, what: str) -> None:
        say(f"{monotonic() - self._started:6.1f} s  {what}")


def _master_data(company: Company, rng: random.Random, scale: float) -> Iterable[list[Any]]:
    yield company.users
    yield company.sites
    yield [master_rows.CalendarDay(day) for day in company.calendar.days]
    yield [master_rows.Holiday(day, name) for day, name in company.calendar.holidays.items()]
    yield company.calendar.closures
    yield company.customers
    yield company.vendors
    yield company.collectors
    yield company.vehicles
    yield company.categories
    yield company.items
    yield company.prices.rows
    yield [master_rows.TaxRate(*rate) for rate in vocabulary.TAX_RATES]
    yield volume.weekday_weights(company)
    yield list(volume.capacities(company, scale))
    yield volume.monthly_targets(company, rng, scale)


def _restart_identities(connection: Connection, manifests: int) -> None:
    """Let new rows follow the loaded ones; unlike setval, RESTART is undone by a rollback."""
    for table in Base.metadata.sorted_tables:
        name = f"{table.schema or 'public'}.{table.name}"
        for column in table.columns:
            if column.identity is not None:
                last = connection.scalar(text(f"SELECT max({column.name}) FROM {name}"))  # noqa: S608 - names of our own models
                connection.execute(
                    text(f"ALTER TABLE {name} ALTER {column.name} RESTART WITH {(last or 0) + 1}")
                )
    connection.execute(
        text(
            "ALTER SEQUENCE stg.manifest_control_no_seq"
            f" RESTART WITH {clerks.FIRST_CONTROL_NO + manifests}"
        )
    )
