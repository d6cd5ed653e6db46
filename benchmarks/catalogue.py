"""Reading a whole schema, beside pg_dump -s and Alembic: `python -m benchmarks.catalogue`.

The databases hold 50 to 3000 tables, each with a foreign key, a check, an index and a comment, and
for every second one a view, for every fourth a function and a policy. psql reads the catalogue
alone; read, parsed and compared, it stands beside Alembic's comparison of the tables it reflected,
both with the start of their interpreter.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks import report
from benchmarks.report import Row
from benchmarks.timing import alternate, once
from benchmarks.workbench import ENV, ROOT
from dbops.commands import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.timing import Command, Sample
    from benchmarks.workbench import Project

SIZES = (50, 175, 500, 3000)
BOUND = 1.0
ALEMBIC_BOUND = 0.5
GROWTH_BOUND = SIZES[-1] / SIZES[-2] * 1.25
RUNS = 5  # the largest takes a while

_SCHEMA = r"""
SELECT format('CREATE TABLE t_%1$s (id serial PRIMARY KEY, kind varchar(10) NOT NULL DEFAULT ''a'','
              ' at date, amount numeric(10, 2) CHECK (amount >= 0), note text, number bigint,'
              ' is_open boolean NOT NULL DEFAULT true, other integer %2$s)',
              n, CASE WHEN n > 1 THEN format('REFERENCES t_%s', n - 1) END),
       format('CREATE INDEX ON t_%s (at DESC) WHERE is_open', n),
       format('COMMENT ON TABLE t_%1$s IS ''the table %1$s''', n),
       CASE WHEN n %% 2 = 0 THEN format('CREATE VIEW v_%1$s AS SELECT a.id, b.kind, b.amount'
              ' FROM t_%1$s AS a JOIN t_%2$s AS b ON b.id = a.other WHERE a.is_open', n, n - 1) END,
       CASE WHEN n %% 4 = 0 THEN format('CREATE FUNCTION f_%1$s(a integer) RETURNS bigint LANGUAGE'
              ' sql STABLE AS ''SELECT count(*) FROM t_%1$s WHERE id = a''', n) END,
       CASE WHEN n %% 4 = 0 THEN format('CREATE POLICY own ON t_%s USING (is_open)', n) END
  FROM generate_series(1, {tables}) AS n \gexec
"""
_COMPARED = """\
import subprocess, sys
from dbops.catalogue import differences, parse
text = subprocess.run(sys.argv[1:], capture_output=True, check=True, text=True).stdout
assert not differences(parse(text), parse(text))
"""
_ALEMBIC = """\
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
metadata = sqlalchemy.MetaData()
with sqlalchemy.create_engine("postgresql+psycopg2://").connect() as connection:
    metadata.reflect(connection)
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    compare_metadata(context, metadata)
"""


def measure(project: Project, runs: int) -> Iterator[Row]:
    """Yield the catalogue of each size beside the others, then how it grows with the tables."""
    once(project.inv("up", *ENV))
    read: dict[int, Sample] = {}
    for tables in SIZES:
        found = alternate(_commands(project, tables), min(runs, RUNS))
        read[tables] = found["catalogue"]
        what = f"the catalogue of {tables} tables"
        yield Row(f"{what}, beside `pg_dump -s`", read[tables], found["pg_dump"], BOUND)
        compared = f"{what}, parsed and compared, beside Alembic's comparison"
        yield Row(compared, found["compared"], found["alembic"], ALEMBIC_BOUND)
    few, many = SIZES[-2:]
    growth = f"the catalogue of {many} tables, beside that of {few}"
    yield Row(growth, read[many], read[few], GROWTH_BOUND)


def _commands(project: Project, tables: int) -> dict[str, Command]:
    """Make a database of TABLES tables and return what reads it."""
    name = f"tables_{tables}"
    backend = project.backend
    create = f"CREATE DATABASE {name} TEMPLATE template0"
    once(project.command(*backend.tool("psql", f"--command={create}", database="postgres")))
    schema = project.directory / f"{name}.sql"
    schema.write_text(_SCHEMA.replace("%%", "%").format(tables=tables), encoding="utf-8")
    quiet = ("--quiet", "--set=ON_ERROR_STOP=1")
    once(project.command(*backend.tool("psql", *quiet, f"--file={schema}", database=name)))
    once(project.command(*backend.tool("psql", *quiet, "--command=ANALYZE", database=name)))
    answer = ("--no-psqlrc", "--no-align", "--tuples-only", f"--file={sql.query('catalogue')}")
    catalogue = backend.tool("psql", *answer, database=name)
    dump = backend.tool("pg_dump", "--schema-only", database=name)
    python = (sys.executable, "-c")
    service = project.target.place.probe()
    reached = {
        "PGHOST": str(service.socket_directory),
        "PGPORT": str(service.port),
        "PGUSER": project.target.environment.database.user,
        "PGDATABASE": name,
    }
    return {
        "catalogue": project.command(*catalogue),
        "pg_dump": project.command(*dump),
        "compared": project.command(*python, _COMPARED, *catalogue, PYTHONPATH=str(ROOT)),
        "alembic": project.command(*python, _ALEMBIC, **reached),
    }


if __name__ == "__main__":
    report.run(measure)
