"""The catalogue of a schema and of the same schema after pg_dump -s are the same."""

from __future__ import annotations

import os
import subprocess

import pytest
from schemas import EVERY_KIND, ROLES, psql, read_catalogue, schema
from servers import BUNDLED, MAJORS, binaries
from test_migrations_environment import execute, new_database, running_cluster

from dbops.catalogue import differences, dump, load, parse
from dbops.commands import sql

SIZES = (50, 500)
LARGEST = 3000  # built once, for it takes a while
# pg_dump -s makes every materialized view WITH NO DATA.
DATA = ("unpopulated view *",)


@pytest.fixture(scope="module", params=MAJORS)
def server_of(request):
    programs = binaries(request.param)
    with running_cluster(programs) as cluster:
        yield request.param, programs, cluster


@pytest.fixture
def pair(server_of):
    """Two empty databases of one server, and the programs of its own version."""
    _, programs, cluster = server_of
    with new_database(cluster) as one, new_database(cluster) as two:
        yield programs, one, two


@pytest.mark.parametrize("tables", SIZES)
def test_nothing_differs_after_a_dump_is_loaded(pair, tables):
    nothing_differs(pair, tables)


@pytest.mark.parametrize("server_of", [BUNDLED], indirect=True)
def test_nothing_differs_after_the_dump_of_a_large_schema_is_loaded(pair):
    nothing_differs(pair, LARGEST)


def nothing_differs(pair, tables):
    psql(pair[1], schema(tables, seed=tables))
    before, after = before_and_after_a_dump(*pair)
    assert len(before.objects) > tables * 10
    assert [str(each) for each in differences(before, after)] == []
    assert before.sha256 == after.sha256


def test_nothing_differs_after_every_kind_is_dumped_and_loaded(server_of, pair):
    execute({**server_of[2], "PGDATABASE": "postgres"}, ROLES)
    psql(pair[1], EVERY_KIND)
    before, after = before_and_after_a_dump(*pair)
    # ALTER DATABASE is in the dump of a whole cluster.
    assert [f"{each.kind} {each.identity}" for each in differences(before, after)] == [
        "setting database lock_timeout"
    ]


ARRAYS = """
    CREATE TABLE t (v varchar, w varchar[] DEFAULT ARRAY[]::varchar[],
        x text[] DEFAULT ARRAY[]::varchar[]::text[],
        y text[] DEFAULT (ARRAY[ARRAY['a'::varchar], ARRAY['b'::varchar]])::text[],
        z text[] DEFAULT ARRAY['ARRAY[]::t[]'::varchar, 'it''s ]::text[]']::text[],
        CHECK (v IN ('a', 'b, ]') AND v <> ALL (ARRAY['c'::varchar, 'd'])));
    CREATE VIEW v AS SELECT (ARRAY[ARRAY[v], ARRAY[v]]::varchar[])::text[] AS deep,
        array_append(ARRAY[v]::varchar[], v)::text[] AS called FROM t WHERE v IN ('a', 'b');
    CREATE FUNCTION f(a varchar, b text[] DEFAULT ARRAY['a'::varchar, 'b']::text[]) RETURNS boolean
        LANGUAGE sql BEGIN ATOMIC SELECT a IN ('x', 'y') AND $1 <> '$x$ARRAY[1]::text[]'; END;
    CREATE FUNCTION g() RETURNS text[] LANGUAGE sql
        AS $$SELECT ARRAY[]::text[] || ARRAY[$x$a,b$x$]::text[] -- it's ARRAY[1]::text[]
        $$;
"""


def test_arrays_of_every_form_are_the_same_after_a_dump_and_are_repaired_as_printed(pair):
    _, one, two = pair
    psql(one, ARRAYS)
    before, after = before_and_after_a_dump(*pair)
    assert [str(each) for each in differences(before, after)] == []
    assert before.sha256 == after.sha256
    body = "SELECT prosrc FROM pg_proc WHERE proname = 'g'"
    written = psql(two, body)
    psql(two, "DROP FUNCTION g; ALTER TABLE t ALTER x DROP DEFAULT, ALTER y DROP DEFAULT")
    psql(two, "\n".join(each.repair for each in differences(before, read_catalogue(two))))
    assert differences(before, read_catalogue(two)) == []
    assert psql(two, body) == written
    head = "CREATE OR REPLACE FUNCTION g() RETURNS text[] LANGUAGE sql"
    psql(two, f"{head} AS 'SELECT ARRAY[1::text]'")
    assert [each.identity for each in differences(before, read_catalogue(two))] == ["public.g()"]


def before_and_after_a_dump(programs, source, copy):
    dumped = subprocess.run(
        [programs / "pg_dump", "--schema-only"],
        env={"PATH": os.environ["PATH"], **source},
        capture_output=True,
        text=True,
        check=True,
    )
    psql(copy, dumped.stdout, programs=programs)
    return [read_catalogue(each).without(DATA) for each in (source, copy)]


def test_the_sessions_settings_and_the_order_of_creation_make_no_difference(pair):
    _, one, two = pair
    tables = [f"CREATE TABLE {name} (id integer, at timestamptz DEFAULT '2024-07-01 12:00+00')"
              for name in ("a", "b")]  # fmt: skip
    values = "interval '1 day 2 hours' AS i, '\\x41'::bytea AS b, 0.1::float8 AS f"
    views = [f"CREATE VIEW v AS SELECT {values}"]
    psql(one, ";".join([*tables, *views]))
    psql(two, ";".join(["CREATE SEQUENCE gone; DROP SEQUENCE gone", *views, *tables[::-1]]))
    settings = (
        "SET search_path = public, pg_temp; SET quote_all_identifiers = on; SET DateStyle = German;"
        "SET IntervalStyle = iso_8601; SET TimeZone = 'Asia/Tokyo'; SET extra_float_digits = -3;"
        "SET bytea_output = escape; SET jit_above_cost = 0;"
    )
    query = sql.query("catalogue").read_text(encoding="utf-8")
    assert parse(psql(one, query)).sha256 == parse(psql(two, settings + query)).sha256


# The first provider that every build has came with PostgreSQL 17.
@pytest.mark.parametrize("server_of", [each for each in MAJORS if each >= 17], indirect=True)
def test_the_locale_provider_of_a_database_is_compared(server_of, pair):
    cluster = server_of[2]
    maintenance = {**cluster, "PGDATABASE": "postgres"}
    provider = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
    execute(maintenance, f"CREATE DATABASE apart TEMPLATE template0 {provider}")
    try:
        other = read_catalogue({**cluster, "PGDATABASE": "apart"})
        (found,) = differences(read_catalogue(pair[1]), other)
    finally:
        execute(maintenance, "DROP DATABASE apart")
    assert (found.what, found.kind) == ("changed", "database")
    assert found.after == f"{found.before} LOCALE_PROVIDER builtin LOCALE 'C.UTF-8'"


def test_column_order_is_reported_where_it_differs_alone(pair):
    _, one, two = pair
    psql(one, "CREATE TABLE t (a integer, b integer, c integer)")
    psql(two, "CREATE TABLE t (a integer, c integer, b integer)")
    (found,) = differences(read_catalogue(one), read_catalogue(two))
    assert (found.kind, found.identity) == ("column order", "public.t")
    psql(two, "DROP TABLE t; CREATE TABLE t (a integer, x integer, b integer, c integer)")
    (found,) = differences(read_catalogue(one), read_catalogue(two))
    assert (found.kind, found.identity) == ("column", "public.t.x")


def test_the_tools_own_objects_the_system_and_what_is_temporary_are_left_out(pair):
    _, one, _ = pair
    psql(one, "CREATE SCHEMA dbops; CREATE TABLE dbops.revision_log (id serial PRIMARY KEY)")
    psql(one, "CREATE TABLE public.alembic_version (version_num varchar(32) PRIMARY KEY)")
    name = one["PGDATABASE"]
    psql(one, f"ALTER DATABASE {name} SET dbops.environment = 'vm_prod'")
    query = sql.query("catalogue").read_text(encoding="utf-8")
    text = psql(one, f"CREATE TEMPORARY TABLE short (id integer);\n{query}")
    assert "dbops" not in text
    assert "alembic_version" not in text
    assert "short" not in text


def test_it_reads_the_catalogue_for_anybody_and_writes_nothing(pair):
    _, one, _ = pair
    psql(one, schema(50))
    name = f"reader_{one['PGDATABASE']}"
    execute(one, f"CREATE ROLE {name} LOGIN")
    reader = {**one, "PGUSER": name, "PGOPTIONS": "-c default_transaction_read_only=on"}
    try:
        assert read_catalogue(reader).sha256 == read_catalogue(one).sha256
    finally:
        execute(one, f"DROP ROLE {name}")


def test_an_exported_catalogue_is_read_back_the_same(pair, tmp_path):
    _, one, _ = pair
    psql(one, schema(50))
    found = read_catalogue(one)
    file = tmp_path / "catalogue.jsonl"
    file.write_text(dump(found), encoding="utf-8")
    assert differences(found, load(file)) == []
    assert dump(load(file)) == dump(found)


def test_what_the_server_itself_counts_among_a_columns_options_is_left_out(pair):
    _, one, two = pair
    for database in (one, two):
        psql(database, "CREATE TABLE t (a integer); ALTER TABLE t ALTER a SET (n_distinct = 5)")
    # As PostgreSQL 17.12 has it, whatever this server is.
    counted = "UPDATE pg_attribute SET attoptions = '{pg_attver=56801608,n_distinct=5}'"
    psql(one, f"{counted} WHERE attrelid = 't'::regclass AND attname = 'a'")
    assert differences(read_catalogue(one), read_catalogue(two)) == []
