"""Materialized views: refreshed lowest first, alone when asked for, while readers go on reading."""

from __future__ import annotations

import psycopg2
import pytest
from watching import everything, refused, rows, runs, succeeded, until

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
DAILY, MONTHLY = "mart.mv_receive_daily", "mart.mv_receive_monthly"


@pytest.fixture(scope="module")
def filled(head):
    """local_dev at head with believable rows; its views were filled by that, too."""
    head.must("demo-data", "--years", "1", *DEV)
    return head


def refreshed(project):
    """Return the views of the newest run, in the order in which their steps are numbered."""
    script = (runs(project)[-1] / "run.sh").read_text(encoding="utf-8")
    return [
        line.split("REFRESH MATERIALIZED VIEW ")[1].rstrip("'").replace('"', "")
        for line in script.splitlines()
        if "REFRESH MATERIALIZED VIEW " in line
    ]


def sources(project):
    """Return the pairs of a materialized view and one it reads, through plain views, too."""
    pairs = project.psql(
        "WITH RECURSIVE reads AS (SELECT DISTINCT r.ev_class AS reader, d.refobjid AS source "
        "FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid "
        "WHERE d.refclassid = 'pg_class'::regclass AND r.ev_class <> d.refobjid "
        "UNION SELECT a.reader, r.ev_class FROM reads AS a JOIN pg_rewrite AS r ON false), "
        "deep AS (SELECT * FROM reads UNION SELECT d.reader, r.source FROM deep AS d "
        "JOIN reads AS r ON r.reader = d.source) "
        "SELECT reader::regclass, source::regclass FROM deep "
        "JOIN pg_class AS x ON x.oid = reader AND x.relkind = 'm' "
        "JOIN pg_class AS y ON y.oid = source AND y.relkind = 'm'"
    )
    return [tuple(pair.split("|")) for pair in pairs.splitlines()]


def test_a_new_database_is_refreshed_first_without_and_then_with_its_readers(project):
    project.must("al-up", *DEV)
    assert project.psql("SELECT bool_or(relispopulated) FROM pg_class WHERE relkind = 'm'") == "f"
    assert "11 of 11 materialized views are populated" in succeeded(project.inv("mv-refresh", *DEV))
    assert not any(each.startswith("CONCURRENTLY") for each in refreshed(project))
    done = succeeded(project.inv("mv-refresh", *DEV))
    plainly = [each for each in refreshed(project) if not each.startswith("CONCURRENTLY")]
    assert plainly == ["mart.mv_customer_ranking"]
    assert "no unique index, so readers wait while these are refreshed: " + plainly[0] in done


def test_a_view_whose_sources_were_never_refreshed_is_refused(project):
    project.must("al-up", *DEV)
    before = everything(project)
    done = project.inv("mv-refresh", *DEV, "--view", MONTHLY)
    told = refused(done, ExitCode.REFUSED, f"local_dev: {MONTHLY} reads what was never refreshed")
    assert f"where: {DAILY}" in told
    assert everything(project) == before
    for each in (DAILY, MONTHLY):
        succeeded(project.inv("mv-refresh", *DEV, "--view", each))


def test_every_view_comes_after_those_it_reads(filled):
    succeeded(filled.inv("mv-refresh", *DEV))
    order = [each.removeprefix("CONCURRENTLY ") for each in refreshed(filled)]
    known = sources(filled)
    assert len(order) == len(set(order)) == 11
    assert len(known) > 5
    for reader, source in known:
        assert order.index(source) < order.index(reader)


def test_new_rows_are_seen_after_a_refresh_of_that_view_alone(filled):
    newest = "(SELECT max(slip_date) FROM stg.receive_slip)"
    filled.psql(f"DELETE FROM stg.receive_slip WHERE slip_date = {newest}")
    before = rows(filled, DAILY, "mart.mv_receive_monthly")
    done = succeeded(filled.inv("mv-refresh", *DEV, "--view", DAILY))
    assert refreshed(filled) == [f"CONCURRENTLY {DAILY}"]
    assert "these read what is refreshed and stay as they are: mart.mv_" in done
    after = rows(filled, DAILY, "mart.mv_receive_monthly")
    assert (int(after[0]) < int(before[0]), after[1] == before[1]) == (True, True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mart.mv_receive_dayly", f"did you mean {DAILY}?"),
        ("mv_receive_daily", f"did you mean {DAILY}?"),
        ("mart.v_calendar", "mart.mv_b"),
        ("ref.site", "there are mart.mv_business_calendar, "),
    ],
)
def test_a_name_that_is_no_materialized_view_is_refused(filled, name, said):
    before = everything(filled)
    done = filled.inv("mv-refresh", *DEV, "--view", name)
    assert said in refused(done, ExitCode.USAGE, f"no materialized view is called {name!r}")
    assert everything(filled) == before


def test_readers_read_on_while_a_refresh_waits_and_runs(filled):
    reader, writer = (psycopg2.connect(**reached(filled)) for _ in range(2))
    try:
        with reader.cursor() as reading, writer.cursor() as writing:
            reading.execute("SET lock_timeout = '5s'")
            reading.execute(f"SELECT count(*) FROM {DAILY}")
            writing.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {DAILY}")
            running = filled.start("mv-refresh", *DEV, "--view", DAILY)
            until(lambda: filled.psql(WAITING) == "1", "the refresh to wait for its lock")
            reading.execute(f"SELECT count(*) FROM {DAILY}")
            assert reading.fetchone()[0] > 100
            writer.rollback()
            _, error = running.communicate()
            assert running.returncode == 0, error
            reading.execute(f"SELECT count(*) FROM {DAILY}")
    finally:
        reader.close()
        writer.close()


WAITING = "SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND NOT granted"


def reached(project):
    found = project.libpq()
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    return {key: found[name] for key, name in names.items()}


def test_a_failed_refresh_names_its_view_and_leaves_the_rows_that_were_there(filled):
    filled.psql(
        "CREATE TABLE public.divisor AS SELECT 4 AS value",
        "CREATE MATERIALIZED VIEW mart.mv_share AS SELECT 100 / value AS share FROM public.divisor",
        "UPDATE public.divisor SET value = 0",
    )
    try:
        done = filled.inv("mv-refresh", *DEV)
        told = refused(done, ExitCode.FAILED, "mv-refresh stopped at: refresh mart.mv_share")
        assert "division by zero" in told
        assert filled.psql("SELECT share FROM mart.mv_share") == "25"
    finally:
        filled.psql("DROP TABLE public.divisor CASCADE")


def test_demo_data_of_no_year_is_refused(filled):
    for words in (("--years", "0"), ("--scale", "0")):
        refused(filled.inv("demo-data", *words, *DEV), ExitCode.USAGE, "demo-data makes one year")


def test_demo_data_is_refused_where_rows_are(filled):
    before = rows(filled, "stg.receive_slip", "ref.customer")
    done = filled.inv("demo-data", *DEV)
    refused(done, ExitCode.FAILED, "demo-data stopped at: load the generated rows")
    assert rows(filled, "stg.receive_slip", "ref.customer") == before
