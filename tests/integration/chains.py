"""A history of 120 revisions over a small snapshot, and models that fit its head."""

from __future__ import annotations

from watching import BASELINE, HEAD

CHAIN = 120
SNAPSHOT = """\
--
-- PostgreSQL database dump
--

CREATE SCHEMA mart;
CREATE SCHEMA raw;
CREATE TABLE raw.slip (id integer NOT NULL, note text);

--
-- PostgreSQL database dump complete
--
"""
REVISION = '''"""Change {number}."""

from alembic import op

revision = "{revision}"
down_revision = "{parent}"


def upgrade() -> None:
    op.execute("""{statement}""")
'''
# What a revision does, by its number; the fifth changes rows alone.
CHANGES = (
    "CREATE TABLE raw.t_{n} (id integer PRIMARY KEY, note text)",
    "ALTER TABLE raw.slip ADD COLUMN c_{n} numeric(10, 2) DEFAULT {n}",
    "CREATE INDEX slip_{n} ON raw.slip (note, id) WHERE id > {n}",
    "CREATE VIEW mart.v_{n} AS SELECT id, note FROM raw.slip WHERE id IN ({n}, 2)",
    "INSERT INTO raw.slip (id) VALUES ({n})",
    "COMMENT ON TABLE raw.slip IS 'as of {n}'",
    "CREATE FUNCTION raw.f_{n}(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + {n}'",
    "ALTER TABLE raw.slip SET (fillfactor = {f})",
)
DATA_ONLY = 4


def name(number):
    return f"change_{number:03}" if number else HEAD


REVISIONS = [BASELINE, *(name(number) for number in range(CHAIN - 1))]


def write(project, number, statement):
    text = REVISION.format(
        number=number, revision=name(number), parent=name(number - 1), statement=statement
    )
    folder = project.directory / "migrations_v2" / "alembic" / "versions"
    (folder / f"{name(number)}.py").write_text(text, encoding="utf-8")


def write_chain(project, numbers=range(1, CHAIN - 1)):
    """Write the snapshot, and of the revisions after HEAD those with NUMBERS."""
    (project.directory / "sql" / "schema_baseline.sql").write_text(SNAPSHOT, encoding="utf-8")
    for number in numbers:
        statement = CHANGES[number % len(CHANGES)].format(n=number, f=10 + number % 80)
        write(project, number, statement)


MODELS = f"""\
from sqlalchemy import Column, Index, Integer, MetaData, Numeric, Table, Text, text

Base = MetaData()
numbers = range(1, {CHAIN - 1})
Table(
    "slip",
    Base,
    Column("id", Integer, nullable=False),
    Column("note", Text),
    *(Column(f"c_{{n}}", Numeric(10, 2), server_default=text(str(n)))
      for n in numbers if n % 8 == 1),
    *(Index(f"slip_{{n}}", "note", "id", postgresql_where=text(f"id > {{n}}"))
      for n in numbers if n % 8 == 2),
    comment=f"as of {{max(n for n in numbers if n % 8 == 5)}}",
    schema="raw",
)
for n in numbers:
    if n % 8 == 0:
        Table(f"t_{{n}}", Base, Column("id", Integer, primary_key=True), Column("note", Text),
              schema="raw")
"""


def write_models(project):
    """Write models that have what the head has, as far as models can."""
    file = project.directory / "app" / "infra" / "db" / "orm_models.py"
    file.write_text(MODELS, encoding="utf-8")
