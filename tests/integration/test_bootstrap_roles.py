"""sql/bootstrap_roles.sql through psql, on every PostgreSQL that is promised."""

from __future__ import annotations

import os
import re
import subprocess
import time
import uuid
from pathlib import Path

import psycopg2
import pytest
from servers import MAJORS, binaries
from test_migrations_environment import (
    PRIVILEGES,
    alembic,
    bundled_binaries,
    execute,
    new_database,
    running_cluster,
    value,
)

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "sql" / "bootstrap_roles.sql"
PURPOSES = ("owner", "migrator", "app", "readonly", "backup", "refresher")
SCHEMAS = "public,raw,ref,mart,stg,kpi"

SNAPSHOT = """
CREATE SCHEMA raw; CREATE SCHEMA stg; CREATE SCHEMA mart;
CREATE TYPE stg.kind AS ENUM ('in', 'out');
CREATE TYPE stg.pair AS (a int, b int);
CREATE DOMAIN stg.code AS text CHECK (value <> '');
CREATE TABLE raw.slip (id serial PRIMARY KEY, other bigint GENERATED ALWAYS AS IDENTITY, v text);
CREATE TABLE raw.part (d date) PARTITION BY RANGE (d);
CREATE TABLE raw.part_1 PARTITION OF raw.part FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE SEQUENCE raw.lone;
CREATE VIEW mart.v AS SELECT id FROM raw.slip;
CREATE MATERIALIZED VIEW mart.mv AS SELECT id FROM mart.v;
CREATE FUNCTION stg.f(stg.kind, text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE stg.p() LANGUAGE sql AS 'SELECT 1';
CREATE TABLE public.alembic_version (version_num text PRIMARY KEY);
CREATE TABLE public.upload (id int);
"""

STATE = """
SELECT 'role', rolname::text, row(rolsuper, rolcanlogin, rolcreaterole)::text FROM pg_roles
UNION ALL SELECT 'member', roleid::regrole::text, member::regrole::text FROM pg_auth_members
UNION ALL SELECT 'database', datname, datacl::text FROM pg_database
UNION ALL SELECT 'schema', nspname, row(nspowner::regrole, nspacl)::text FROM pg_namespace
    WHERE nspname !~ '^pg_'
UNION ALL SELECT 'relation', oid::regclass::text, row(relowner::regrole, relacl)::text FROM pg_class
    WHERE relnamespace::regnamespace::text !~ '^pg_'
UNION ALL SELECT 'routine', oid::regprocedure::text, row(proowner::regrole, proacl)::text
    FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^pg_'
UNION ALL SELECT 'type', oid::regtype::text, row(typowner::regrole, typacl)::text FROM pg_type
    WHERE typnamespace::regnamespace::text !~ '^pg_'
UNION ALL SELECT 'default', row(defaclrole::regrole, defaclnamespace::regnamespace)::text,
    row(defaclobjtype, defaclacl)::text FROM pg_default_acl
ORDER BY 1, 2, 3
"""


@pytest.fixture(scope="module", params=MAJORS)
def cluster(request):
    with running_cluster(binaries(request.param)) as variables:
        yield variables


@pytest.fixture
def roles(cluster) -> dict[str, str]:
    """Role names of this test alone: roles belong to the cluster and outlive a database."""
    prefix = f"r{uuid.uuid4().hex[:8]}_"
    yield {purpose: prefix + purpose for purpose in PURPOSES}
    maintenance = {**cluster, "PGDATABASE": "postgres"}
    created = f"SELECT rolname FROM pg_roles WHERE rolname ~ '^{prefix}'"
    for (role,) in execute(maintenance, created):
        quoted = role.replace('"', '""')
        execute(maintenance, f'DROP OWNED BY "{quoted}"; DROP ROLE "{quoted}"')


@pytest.fixture
def database(roles, cluster):
    with new_database(cluster) as variables:
        execute(variables, SNAPSHOT)
        yield variables


def is_17(database) -> bool:
    return value(database, "SELECT current_setting('server_version_num')::int >= 170000")


def bootstrap(database, roles, *, user: str = "postgres", schemas: str | None = SCHEMAS, first=()):
    variables = [f"{purpose}={name}" for purpose, name in roles.items()]
    variables += [f"schemas={schemas}"] if schemas else []
    words = ["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--single-transaction"]
    words += [word for variable in variables for word in ("--set", variable)]
    words += [word for path in (*first, SCRIPT) for word in ("--file", str(path))]
    return subprocess.run(
        [bundled_binaries() / "psql", *words],
        env={"PATH": os.environ["PATH"], **database, "PGUSER": user},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def succeed(database, roles, **options) -> str:
    done = bootstrap(database, roles, **options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


def owners(database) -> set[str]:
    rows = execute(
        database,
        "SELECT relowner::regrole::text FROM pg_class"
        " WHERE relnamespace::regnamespace::text IN ('raw', 'stg', 'mart', 'public')"
        " UNION SELECT proowner::regrole::text FROM pg_proc"
        " WHERE pronamespace = 'stg'::regnamespace"
        " UNION SELECT typowner::regrole::text FROM pg_type"
        " WHERE typnamespace = 'stg'::regnamespace"
        " UNION SELECT nspowner::regrole::text FROM pg_namespace"
        " WHERE nspname IN ('raw', 'stg', 'mart')",
    )
    return {row[0] for row in rows}


def test_it_says_one_line_per_role_created(database, roles):
    said = succeed(database, roles).splitlines()

    assert [re.sub(r"^.*NOTICE:  ", "", line) for line in said] == [
        f'role "{name}" created ({purpose})' for purpose, name in roles.items()
    ]


def test_the_second_run_changes_nothing_and_says_nothing(database, roles):
    succeed(database, roles)
    before = execute(database, STATE)

    assert succeed(database, roles) == ""

    assert execute(database, STATE) == before


def test_every_object_of_the_schemas_belongs_to_the_owner(database, roles):
    succeed(database, roles)

    assert owners(database) == {roles["owner"]}


def test_extensions_and_schema_public_keep_their_owners(database, roles):
    execute(database, "CREATE EXTENSION pg_trgm SCHEMA raw")
    public = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
    before = value(database, public)

    succeed(database, roles)

    similarity = "SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'similarity'"
    assert value(database, similarity) == "postgres"
    assert value(database, public) == before


def test_roles_log_in_without_a_password_and_the_owner_does_not(database, roles):
    succeed(database, roles)

    rows = execute(
        database,
        "SELECT rolname, rolcanlogin, rolpassword IS NULL, rolsuper FROM pg_authid"
        f" WHERE rolname IN {tuple(roles.values())} ORDER BY rolcanlogin, rolname",
    )
    assert rows[0] == (roles["owner"], False, True, False)
    assert {row[1:] for row in rows[1:]} == {(True, True, False)}
    assert len(rows) == len(PURPOSES)


@pytest.mark.parametrize(
    ("purpose", "statement"),
    [
        ("app", "INSERT INTO raw.slip (v) VALUES ('x')"),
        ("app", "UPDATE raw.slip SET v = 'y'; DELETE FROM raw.slip"),
        ("app", "SELECT stg.f('in', NULL); CALL stg.p(); SELECT nextval('raw.lone')"),
        ("app", "SELECT FROM public.alembic_version"),
        ("app", "CREATE TEMPORARY TABLE scratch ()"),
        ("readonly", "SELECT FROM raw.slip, mart.v, mart.mv, raw.part"),
        ("backup", "SELECT last_value FROM raw.lone; SELECT FROM raw.slip"),
        ("migrator", "DROP TABLE raw.slip CASCADE; CREATE TABLE public.t ()"),
        ("migrator", "CREATE SCHEMA fresh"),
    ],
)
def test_each_role_can_do_its_work(database, roles, purpose, statement):
    succeed(database, roles)

    role = roles[purpose]
    acts_as = f"SET ROLE {roles['owner']};" if purpose == "migrator" else ""
    execute(database, acts_as + statement, role)


@pytest.mark.parametrize(
    ("purpose", "statement"),
    [
        ("app", "TRUNCATE raw.slip"),
        ("app", "CREATE TABLE public.t ()"),
        ("app", "UPDATE public.alembic_version SET version_num = 'x'"),
        ("app", "DROP VIEW mart.v"),
        ("readonly", "INSERT INTO raw.slip (v) VALUES ('x')"),
        ("readonly", "SELECT nextval('raw.lone')"),
        ("backup", "DELETE FROM raw.slip"),
        ("refresher", "DELETE FROM raw.slip"),
    ],
)
def test_no_role_can_do_more(database, roles, purpose, statement):
    succeed(database, roles)

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(database, statement, roles[purpose])


def test_the_refresher_refreshes_where_the_server_can_grant_it(database, roles):
    succeed(database, roles)
    refresh = "REFRESH MATERIALIZED VIEW mart.mv"

    if is_17(database):
        execute(database, refresh, roles["refresher"])
    else:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(database, refresh, roles["refresher"])


def test_later_objects_of_the_owner_reach_every_role(database, roles):
    succeed(database, roles)

    create = f"SET ROLE {roles['owner']}; CREATE TABLE mart.later (id serial)"
    execute(database, create, roles["migrator"])

    execute(database, "INSERT INTO mart.later DEFAULT VALUES", roles["app"])
    assert execute(database, "SELECT id FROM mart.later", roles["readonly"]) == [(1,)]


def test_alembic_version_made_later_is_read_only_after_the_next_run(database, roles):
    execute(database, "DROP TABLE alembic_version")
    succeed(database, roles)
    create = f"SET ROLE {roles['owner']}; CREATE TABLE public.alembic_version (version_num text)"
    execute(database, create)

    succeed(database, roles)

    execute(database, "SELECT FROM alembic_version", roles["app"])
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(database, "DELETE FROM alembic_version", roles["app"])


def test_the_records_of_the_tool_move_to_the_owner_and_stay_its_own(database, roles):
    execute(database, "CREATE SCHEMA dbops; CREATE TABLE dbops.revision_log ()")

    succeed(database, roles)

    owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'revision_log'"
    assert value(database, owner) == roles["owner"]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(database, "SELECT FROM dbops.revision_log", roles["app"])


def test_a_role_left_out_or_empty_is_not_created(database, roles):
    succeed(database, {"owner": roles["owner"], "app": roles["app"], "backup": ""}, schemas=None)

    query = f"SELECT count(*) FROM pg_roles WHERE rolname IN {tuple(roles.values())}"
    assert value(database, query) == 2
    assert owners(database) == {roles["owner"]}


def test_an_existing_role_keeps_its_attributes(database, roles):
    execute(database, f"CREATE ROLE {roles['app']} NOLOGIN CONNECTION LIMIT 3")

    said = succeed(database, roles)

    assert roles["app"] not in said
    query = f"SELECT rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname = '{roles['app']}'"
    assert execute(database, query) == [(False, 3)]


def test_a_superuser_is_refused_as_owner(database, roles):
    done = bootstrap(database, {**roles, "owner": "postgres"})

    assert done.returncode == 3
    assert 'role "postgres" is a superuser' in done.stderr
    assert value(database, f"SELECT to_regrole('{roles['app']}')") is None


def test_hostile_names_are_only_names(database, roles):
    hostile = {purpose: name + "\"'; drop table x; -- $$ 田" for purpose, name in roles.items()}
    execute(
        database, 'CREATE TABLE x (); CREATE SCHEMA "a b\'; --"; CREATE TABLE "a b\'; --"."T;" ()'
    )

    succeed(database, hostile, schemas=SCHEMAS + ", a b'; --")

    assert value(database, "SELECT to_regclass('x') IS NOT NULL")
    table = "SELECT relowner::regrole = %s::regrole FROM pg_class WHERE relname = 'T;'"
    owner = hostile["owner"].replace('"', '""').replace("'", "''")
    assert value(database, table.replace("%s", f"'\"{owner}\"'"))
    execute(database, 'SELECT FROM "a b\'; --"."T;"', hostile["readonly"])


def test_it_runs_in_the_transaction_of_a_snapshot(database, roles, tmp_path):
    snapshot = tmp_path / "snapshot.sql"
    snapshot.write_text(
        "SET lock_timeout = 0; SET check_function_bodies = false; SET row_security = off;\n"
        "SELECT pg_catalog.set_config('search_path', '', false) \\g /dev/null\n"
        "CREATE SCHEMA kpi;\nCREATE TABLE kpi.target (id int);\n"
        "CREATE FUNCTION kpi.f() RETURNS int LANGUAGE sql AS 'SELECT id FROM kpi.missing';\n"
    )
    snapshot.write_text("\\set QUIET on\n" + snapshot.read_text())

    succeed(database, roles, first=[snapshot])

    query = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'target'"
    assert value(database, query) == roles["owner"]


def test_a_createrole_user_does_what_it_may_and_names_what_it_may_not(database, roles):
    admin = roles["owner"].removesuffix("owner") + "administrator"
    execute(database, f"CREATE ROLE {admin} LOGIN CREATEROLE")
    execute(database, f"ALTER DATABASE {database['PGDATABASE']} OWNER TO {admin}")
    execute(database, f"CREATE SCHEMA ref AUTHORIZATION {admin}")
    execute(database, f"SET ROLE {admin}; CREATE TABLE ref.mine ()")

    done = bootstrap(database, roles, user=admin)

    assert done.returncode == 0, done.stderr
    undone = "not done: ALTER SCHEMA raw OWNER TO {owner} (must be owner of schema raw)"
    assert undone.format(**roles) in done.stderr
    mine = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'mine'"
    assert value(database, mine) == roles["owner"]
    execute(database, "SELECT FROM ref.mine", roles["readonly"])


@pytest.fixture
def application_roles(cluster):
    names = {purpose: f"sanbou_{purpose}" for purpose in PURPOSES}
    yield names
    maintenance = {**cluster, "PGDATABASE": "postgres"}
    execute(maintenance, f"DROP ROLE {', '.join(names.values())}")


@pytest.fixture
def application_database(application_roles, cluster):
    with new_database(cluster) as variables:
        execute(variables, SNAPSHOT + "DROP TABLE public.alembic_version")
        succeed(variables, application_roles)
        yield variables


def privileges(database) -> set[tuple[str, str, str]]:
    """Return every privilege of the application's roles, whoever granted it."""
    return {
        (kind, name, item.partition("/")[0])
        for kind, name, items in execute(database, PRIVILEGES)
        for item in items.strip("{}").split(",")
    }


def test_the_grant_revision_agrees_with_the_bootstrap(application_database, application_roles):
    database, project = application_database, ROOT / "migrations_v2"
    migrator = {"POSTGRES_USER": "sanbou_migrator"}
    for words in (("stamp", "0001_baseline"), ("stamp", "20251212_100000000")):
        assert alembic(project, database, *words, **migrator).returncode == 0
    succeed(database, application_roles)
    bootstrapped = privileges(database)

    for words in (("downgrade", "-1"), ("upgrade", "head")):
        done = alembic(project, database, *words, **migrator)
        assert done.returncode == 0, done.stderr

    assert 'role "' not in done.stderr
    assert privileges(database) == bootstrapped
    execute(database, "INSERT INTO raw.slip (v) VALUES ('x')", "sanbou_app")
    if is_17(database):
        execute(database, "REFRESH MATERIALIZED VIEW mart.mv", "sanbou_refresher")


def test_an_owner_change_does_not_queue_behind_a_long_reader(database, roles):
    with psycopg2.connect(
        host=database["PGHOST"], user="postgres", dbname=database["PGDATABASE"]
    ) as reader:
        reader.cursor().execute("SELECT FROM raw.slip")
        begin = time.monotonic()

        done = bootstrap(database, roles)

        assert time.monotonic() - begin < 4
    reader.close()
    assert done.returncode == 3
    assert "lock timeout" in done.stderr
    assert owners(database) != {roles["owner"]}


def test_200_tables_take_less_than_a_second(database, roles):
    execute(
        database,
        "DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('CREATE TABLE raw.t%s (id int)', i);"
        " END LOOP; END $$",
    )
    succeed(database, roles)

    begin = time.monotonic()
    succeed(database, roles)

    assert time.monotonic() - begin < 1
