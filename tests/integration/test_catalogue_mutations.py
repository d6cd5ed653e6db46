"""Whatever is changed, added or dropped by hand is named, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import threading
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from mutations import MUTATIONS
from schemas import EVERY_KIND, ROLES, psql, read_catalogue
from servers import BUNDLED, MAJORS, binaries
from test_migrations_environment import bundled_binaries, execute, new_database, running_cluster

from dbops.catalogue import differences, parse
from dbops.catalogue.severity import WEIGHTS
from dbops.commands import sql

LOCK = threading.Lock()  # a database is copied for one at a time
MARK = "-- the next catalogue --"
# Nobody changes these by hand: what a server was made with, and what follows from something else.
UNCHANGING = {"database", "result columns", "tablespace"}


@pytest.fixture(scope="module", params=MAJORS)
def major(request):
    return request.param


@pytest.fixture(scope="module")
def mutations(major):
    """The mutations that the server understands."""
    return [each for each in MUTATIONS if each.since <= major]


@pytest.fixture(scope="module")
def every_kind(major):
    """A database with every kind of object, on a server of its own."""
    with running_cluster(binaries(major)) as cluster:
        execute({**cluster, "PGDATABASE": "postgres"}, ROLES)
        with new_database(cluster) as database:
            psql(database, EVERY_KIND)
            yield database


@pytest.fixture
def every_kind_again(every_kind):
    """The same once more: a database that is copied has no other connections."""
    with new_database(every_kind) as database:
        psql(database, EVERY_KIND)
        yield database


@pytest.fixture(scope="module")
def caught(every_kind, mutations):
    """The differences after each mutation, which is rolled back before the next."""
    before = read_catalogue(every_kind)
    live = after(every_kind, [each.statement for each in mutations])
    return [differences(before, each) for each in live]


def keys(found):
    return [(each.what, each.kind, each.identity) for each in found]


def test_each_mutation_is_named_and_nothing_else(mutations, caught):
    assert len(caught) == len(mutations)
    wrong = {}
    for mutation, found in zip(mutations, caught, strict=True):
        wanted = (mutation.what, mutation.kind, mutation.identity)
        named = [each for each in keys(found) if f"{each[1]} {each[2]}" not in mutation.also]
        if named != [wanted]:
            wrong[str(mutation)] = keys(found)
    assert not wrong


def test_what_really_changes_along_is_named_too(mutations, caught):
    for mutation, found in zip(mutations, caught, strict=True):
        named = {f"{each.kind} {each.identity}" for each in found}
        assert named >= set(mutation.also), mutation


def test_every_kind_is_in_the_database_and_is_mutated(major, every_kind, mutations):
    there = {each.kind for each in read_catalogue(every_kind).objects}
    mutated = {each.kind for each in mutations}
    later = {"publication schema"} if major < 15 else set()
    assert set(WEIGHTS) - mutated == UNCHANGING | later
    # An invalid index, a disabled foreign key and a label are made by a mutation alone.
    assert set(WEIGHTS) - there <= later | {
        "tablespace", "invalid index", "unenforced constraint", "security label",
    }  # fmt: skip


def test_a_repair_makes_the_schema_what_was_expected(every_kind, mutations, caught):
    """Each statement is run on the schema it was made for; what is not certain is not offered."""
    before = read_catalogue(every_kind)
    offered = [
        (mutation, "\n".join(each.repair for each in found))
        for mutation, found in zip(mutations, caught, strict=True)
        # CONCURRENTLY cannot run in a transaction.
        if all(each.repair and "CONCURRENTLY" not in each.repair for each in found)
    ]
    answers = after(every_kind, [f"{each.statement};\n{repair}" for each, repair in offered])
    left = {
        str(mutation): (repair, named)
        for (mutation, repair), each in zip(offered, answers, strict=True)
        # A column that was dropped comes back behind the others.
        if (named := [key for key in keys(differences(before, each)) if key[1] != "column order"])
    }
    assert not left
    assert len(offered) > len(mutations) / 2


def test_a_missing_column_is_filled_in_the_rows_that_are_there(every_kind_again):
    psql(
        every_kind_again,
        "CREATE TABLE mart.filled (id integer, kind text COLLATE mart.plain NOT NULL DEFAULT 'a',"
        " no serial, twice integer NOT NULL GENERATED ALWAYS AS (id * 2) STORED);"
        "INSERT INTO mart.filled VALUES (1), (2)",
    )
    before = read_catalogue(every_kind_again)
    lost = "ALTER TABLE mart.filled DROP kind, DROP no, DROP twice"
    psql(every_kind_again, lost)
    found = differences(before, read_catalogue(every_kind_again))
    psql(every_kind_again, "\n".join(each.repair for each in found))
    left = keys(differences(before, read_catalogue(every_kind_again)))
    assert [each for each in left if each[1] != "column order"] == []
    rows = psql(every_kind_again, "SELECT id, kind, no, twice FROM mart.filled ORDER BY id")
    assert rows == "1|a|1|2\n2|a|2|4\n"


def test_repairs_can_be_run_one_after_the_other(every_kind_again):
    psql(every_kind_again, "CREATE VIEW mart.above AS SELECT name FROM mart.totals")
    before = read_catalogue(every_kind_again)
    by_hand = (
        "DROP VIEW mart.above, mart.totals",
        "ALTER TABLE mart.customer DROP COLUMN state, DROP CONSTRAINT customer_pkey CASCADE",
        "DROP TYPE mart.state",
        "CREATE FUNCTION mart.extra() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW mart.zz AS SELECT mart.extra() AS one",
        "CREATE VIEW mart.open_too AS SELECT no, amount + mart.extra() AS amount FROM mart.slip",
        "CREATE VIEW mart.aa AS SELECT one FROM mart.zz",
        "CREATE OR REPLACE VIEW mart.open AS TABLE mart.open_too",
    )
    psql(every_kind_again, ";".join(by_hand))
    found = differences(before, read_catalogue(every_kind_again))
    repaired = sorted((each for each in found if each.repair), key=lambda each: each.repair_order)
    assert [each.repair_order for each in repaired] == list(range(1, len(repaired) + 1))
    psql(every_kind_again, "\n".join(each.repair for each in repaired))
    left = keys(differences(before, read_catalogue(every_kind_again)))
    assert [each for each in left if each[1] != "column order"] == []


def test_the_worst_comes_first(every_kind):
    before = read_catalogue(every_kind)
    statements = (
        "COMMENT ON TABLE mart.customer IS NULL",
        "DROP INDEX mart.slip_expression",
        "DROP VIEW mart.totals",
        "ALTER TABLE mart.customer DROP COLUMN note",
        "ALTER TABLE mart.slip ALTER COLUMN amount DROP NOT NULL",
        "GRANT SELECT ON mart.slip TO PUBLIC",
    )
    (live,) = after(every_kind, [";".join(statements)])
    found = [f"{each.severity.name} {each.kind}" for each in differences(before, live)]
    assert found == [
        "DATA column", "QUERIES view", "INTEGRITY not null", "ACCESS grant", "SPEED index",
        "NOTE comment",
    ]  # fmt: skip


@pytest.mark.parametrize("major", [BUNDLED], indirect=True)
def test_the_table_of_kinds_beside_what_others_see(
    mutations, every_kind, every_kind_again, caught, capsys
):
    ours = [bool(each) for each in caught]
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(alembic_sees, every_kind_again, mutations)
        dumped = pg_dump_sees(every_kind, mutations)
        compared = asked.result()
    with capsys.disabled():
        print(table(mutations, ours, dumped, compared))
    assert all(ours)
    assert sum(compared) < sum(dumped) < len(mutations)


def after(database, statements):
    """Return the catalogue after each of STATEMENTS, which is then rolled back."""
    query = sql.query("catalogue").read_text(encoding="utf-8")
    script = "".join(
        f"BEGIN;\n{each};\n\\echo '{MARK}'\n{query}\nROLLBACK;\n" for each in statements
    )
    return [parse(each) for each in psql(database, script).split(f"{MARK}\n")[1:]]


def pg_dump_sees(database, mutations):
    """Return for each of MUTATIONS whether `pg_dump -s` prints another text after it."""
    before = pg_dump(database)

    def sees(numbered):
        number, mutation = numbered
        name = f"{database['PGDATABASE']}_{number}"
        clone = {**database, "PGDATABASE": name}
        with LOCK:
            make = f"CREATE DATABASE {name} TEMPLATE {database['PGDATABASE']}"
            execute({**database, "PGDATABASE": "postgres"}, make)
        psql(clone, f"{mutation.statement};")
        seen = pg_dump(clone) != before
        psql(clone, f"{mutation.undo};")
        execute({**database, "PGDATABASE": "postgres"}, f"DROP DATABASE {name}")
        return seen

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(sees, enumerate(mutations)))


def pg_dump(database):
    options = ("--schema-only", "--restrict-key=test")
    done = subprocess.run(
        [bundled_binaries() / "pg_dump", *options],
        env={"PATH": os.environ["PATH"], **database},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def alembic_sees(database, mutations):
    """Return for each of MUTATIONS whether autogenerate finds more than before it."""
    url = sqlalchemy.URL.create(
        "postgresql+psycopg2",
        username=database["PGUSER"],
        database=database["PGDATABASE"],
        query={"host": database["PGHOST"], "port": database["PGPORT"]},
    )
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with warnings.catch_warnings(), engine.connect() as connection:
        # What it does not know it leaves out with a warning.
        warnings.simplefilter("ignore")
        metadata = sqlalchemy.MetaData()
        for schema in ("mart", "public", 'Odd "Name'):
            metadata.reflect(connection, schema=schema)
        connection.rollback()
        before = compared(connection, metadata)
        return [compared(connection, metadata, each.statement) != before for each in mutations]


def compared(connection, metadata, statement="SELECT 1"):
    options = {"compare_type": True, "compare_server_default": True, "include_schemas": True}
    connection.exec_driver_sql(statement.replace("%", "%%"))
    context = MigrationContext.configure(connection, opts={**options, "target_metadata": metadata})
    found = sorted(repr(each) for each in compare_metadata(context, metadata))
    connection.rollback()
    return found


def table(mutations, *seen):
    """Return how many of each kind's MUTATIONS each of the three has SEEN, as lines."""
    counted = [Counter(each.kind for each in mutations)]
    for each in seen:
        pairs = zip(mutations, each, strict=True)
        counted.append(Counter(mutation.kind for mutation, is_seen in pairs if is_seen))
    lines = [("kind", "mutations", "drift", "pg_dump -s", "alembic check")]
    lines += [(kind, *(each[kind] for each in counted)) for kind in WEIGHTS if counted[0][kind]]
    lines.append(("all", *(each.total() for each in counted)))
    form = "{:27}{:>10}{:>7}{:>12}{:>15}"
    return "\n".join(["", *(form.format(*each) for each in lines)])
