from __future__ import annotations

import random
from datetime import date

import pytest

from app.demo_data.__main__ import _demand
from app.demo_data.clerk import Clerk
from app.demo_data.company import found_company
from app.demo_data.copying import TABLES, LineReader, copy_line
from app.demo_data.holidays import public_holidays
from app.demo_data.slip_rows import InventoryDaily, RawReceiveSlip, ReceiveSlip
from app.demo_data.trade import trading_days
from app.demo_data.volume import expected_slips, monthly_targets
from app.infra.db.connection import database_url
from app.infra.db.orm_models import Base, include_name
from app.infra.db.sql_objects import DIRECTORY, SQL_FILES
from app.refusal import Refusal

FIRST, UNTIL = date(2025, 7, 1), date(2025, 9, 30)


def company_of(seed=1):
    return found_company(random.Random(seed), FIRST, UNTIL)


def days_of(seed=1, scale=1.0):
    rng = random.Random(seed)
    company = found_company(rng, FIRST, UNTIL)
    return company, list(trading_days(company, rng, scale))


@pytest.mark.parametrize(
    ("year", "count", "some"),
    [
        (2015, 17, {date(2015, 9, 22): "国民の休日", date(2015, 5, 6): "振替休日"}),
        (2018, 20, {date(2018, 12, 24): "振替休日", date(2018, 12, 23): "天皇誕生日"}),
        (2019, 22, {date(2019, 4, 30): "国民の休日", date(2019, 5, 1): "天皇の即位の日"}),
        (2020, 18, {date(2020, 7, 24): "スポーツの日", date(2020, 8, 10): "山の日"}),
        (2021, 17, {date(2021, 8, 9): "振替休日", date(2021, 7, 23): "スポーツの日"}),
        (2024, 21, {date(2024, 3, 20): "春分の日", date(2024, 9, 22): "秋分の日"}),
        (2025, 19, {date(2025, 3, 20): "春分の日", date(2025, 11, 24): "振替休日"}),
        (2026, 18, {date(2026, 9, 22): "国民の休日", date(2026, 9, 23): "秋分の日"}),
    ],
)
def test_public_holidays_are_those_of_the_official_calendar(year, count, some):
    holidays = public_holidays(year)
    assert len(holidays) == count
    assert some.items() <= holidays.items()
    assert list(holidays) == sorted(holidays)


@pytest.mark.parametrize("year", [2006, 2100])
def test_holidays_outside_of_the_rules_are_refused(year):
    with pytest.raises(ValueError, match="2007 to 2099"):
        public_holidays(year)


def test_the_same_seed_gives_the_same_days():
    assert days_of(seed=7)[1] == days_of(seed=7)[1]


def test_another_seed_gives_other_days():
    assert days_of(seed=7)[1] != days_of(seed=8)[1]


def test_nothing_comes_in_on_sundays_and_during_obon():
    _, days = days_of()
    quiet = [day for day in days if not day.receipts]
    assert {day.day for day in quiet} >= {date(2025, 8, 13), date(2025, 8, 16), date(2025, 8, 31)}
    assert all(day.day.isoweekday() == 7 or day.day.month == 8 for day in quiet)


def test_a_site_that_keeps_holidays_gets_nothing_on_one():
    _, days = days_of()
    marine_day = next(day for day in days if day.day == date(2025, 7, 21))
    sites = {receipt.site.site_code for receipt in marine_day.receipts}
    assert sites == {"TK01", "CB01"}


def test_stock_carries_over_and_is_never_negative():
    _, days = days_of()
    closing = {}
    for day in days:
        for row in day.inventory:
            key = row.site_code, row.item_id
            assert row.opening_kg == closing.get(key, row.opening_kg)
            closing[key] = row.opening_kg + row.received_kg - row.shipped_kg
            assert closing[key] >= 0


def test_scale_multiplies_the_slips():
    counts = [sum(len(day.receipts) for day in days_of(scale=scale)[1]) for scale in (1.0, 3.0)]
    assert 2.8 < counts[1] / counts[0] < 3.2


def test_targets_are_near_what_comes_in():
    company, days = days_of(scale=3.0)
    actual = sum(receipt.net_kg for day in days for receipt in day.receipts)
    targets = monthly_targets(company, random.Random(1), 3.0)
    target = sum(row.target_kg for row in targets if row.month <= UNTIL)
    assert 0.9 < actual / target < 1.1


def test_no_target_lies_before_the_first_slip():
    company = company_of()
    assert min(row.month for row in monthly_targets(company, random.Random(1), 1)) == FIRST


def test_a_closed_site_expects_nothing():
    company = company_of()
    assert expected_slips(company, company.sites[0], date(2025, 8, 14), 1) == 0


def test_each_typed_slip_has_its_raw_line():
    company, days = days_of()
    clerk = Clerk(company, random.Random(3), seed=3)
    for day in days:
        clerk.file(day)
    typed = {(slip.upload_id, slip.row_number) for slip in clerk.batch[ReceiveSlip]}
    raw = {(slip.upload_id, slip.row_number) for slip in clerk.batch[RawReceiveSlip]}
    assert typed <= raw
    assert len(clerk.batch[InventoryDaily]) == len(days) * 3 * 22


def test_a_copy_line_escapes_what_the_text_format_reserves():
    assert copy_line((None, "a\tb", "c\\N", "改\n行", 5, True)) == (
        "\\N\ta\\tb\tc\\\\N\t改\\n行\t5\tTrue\n"
    )


def test_the_reader_takes_no_more_rows_than_it_hands_out():
    taken = []

    def rows():
        for number in range(10_000):
            taken.append(number)
            yield (number,)

    reader = LineReader(rows())
    block = reader.read(8192)
    assert 0 < len(taken) < 10_000
    assert block.count("\n") == len(taken)
    while block := reader.read(8192):
        pass
    assert len(taken) == 10_000


def test_every_row_type_fills_columns_of_its_table():
    tables = {
        f"{table.schema or 'public'}.{table.name}": table for table in Base.metadata.tables.values()
    }
    assert set(TABLES.values()) == set(tables)
    for row_type, name in TABLES.items():
        columns = tables[name].columns
        assert set(row_type._fields) <= set(columns.keys())
        assert not any(columns[field].computed is not None for field in row_type._fields)


def test_every_sql_file_is_in_the_order_of_creation():
    on_disk = {path.relative_to(DIRECTORY).as_posix() for path in DIRECTORY.rglob("*.sql")}
    assert sorted(SQL_FILES) == sorted(on_disk)


@pytest.mark.parametrize(
    ("name", "type_", "parents", "included"),
    [
        (None, "schema", {}, True),
        ("mart", "schema", {}, True),
        ("information_schema", "schema", {}, False),
        ("inventory_daily", "table", {"schema_name": "mart"}, True),
        ("inventory_daily_p202504", "table", {"schema_name": "mart"}, False),
        ("inventory_daily_default", "table", {"schema_name": "mart"}, False),
        ("inventory_daily_p202504", "table", {"schema_name": "stg"}, True),
        ("inventory_daily_archive", "table", {"schema_name": "mart"}, True),
        ("ix_anything", "index", {"schema_name": "mart"}, True),
    ],
)
def test_alembic_looks_at_the_models_schemas_and_not_at_partitions(name, type_, parents, included):
    assert include_name(name, type_, parents) is included


def test_the_first_day_follows_the_last_one_of_the_years_before():
    assert _demand(3, date(2025, 11, 30), 1, 1).first == date(2022, 12, 1)
    assert _demand(1, date(2024, 2, 28), 1, 1).first == date(2023, 3, 1)
    assert _demand(1, date(2025, 12, 31), 1, 1).first == date(2025, 1, 1)


@pytest.mark.parametrize(
    ("years", "until", "scale"),
    [(0, UNTIL, 1), (21, UNTIL, 1), (1, UNTIL, 0), (1, UNTIL, 201), (3, date(2009, 1, 1), 1)],
)
def test_arguments_out_of_range_are_refused(years, until, scale):
    with pytest.raises(Refusal, match="cannot be made") as refusal:
        _demand(years, until, 1, scale)
    assert refusal.value.code == 4


@pytest.mark.parametrize(
    ("url", "ambient", "expected"),
    [
        ("", {"PGDATABASE": "a"}, "postgresql+psycopg2://"),
        ("postgres://u@h:5433/a", {}, "postgresql+psycopg2://u@h:5433/a"),
        ("postgresql://u@h/a", {"PGDATABASE": "a"}, "postgresql+psycopg2://u@h/a"),
    ],
)
def test_the_target_is_one_database(monkeypatch, url, ambient, expected):
    for variable in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in {"DATABASE_URL": url, **ambient}.items():
        monkeypatch.setenv(variable, value)
    assert database_url().render_as_string() == expected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://u@h/a", "why:   it names database a, PGDATABASE names b"),
        ("sqlite:///x", "why:   it names sqlite, not postgresql"),
        ("nonsense", "why:   it is not a URL"),
    ],
)
def test_two_targets_or_another_database_are_refused(monkeypatch, url, why):
    monkeypatch.setenv("PGDATABASE", "b")
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(Refusal) as refusal:
        database_url()
    assert refusal.value.code == 4
    assert why in str(refusal.value).splitlines()
