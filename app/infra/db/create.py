"""Build the whole schema in an empty database: `python -m app.infra.db.create`.

This is how the first `local_dev` came to be. Every other environment starts from the snapshot
that is exported from it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sqlalchemy import text

from app.infra.db.connection import connect
from app.infra.db.orm_models import SCHEMAS, Base
from app.infra.db.sql_objects import SQL_FILES, statements
from app.refusal import REFUSED, Refusal, exit_code, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

EXTENSIONS = ("btree_gist", "pg_trgm")

_EXISTING_OBJECTS = text("""
    SELECT count(*)
      FROM pg_catalog.pg_class
      JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
""")


def main() -> None:
    """Build the schema in the database that the environment names.

    Raises:
        Refusal: the database is not empty or not UTF-8 (exit 3); no connection (exit 69).
    """
    with connect("sanbou_app create") as connection, connection.begin():
        refuse_unless_empty(connection)
        create_schema(connection)
        database = connection.scalar(text("SELECT current_database()"))
    say(f"{database} now holds {len(Base.metadata.tables)} tables in {len(SCHEMAS)} schemas")


def refuse_unless_empty(connection: Connection) -> None:
    """Raise Refusal (exit 3) when the database has relations, or cannot store Japanese."""
    database = connection.scalar(text("SELECT current_database()"))
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise Refusal(
            "the schema needs a UTF-8 database",
            where=str(database),
            why=f"its encoding is {encoding}",
            next_command="createdb --template template0 --encoding UTF8 NAME",
            code=REFUSED,
        )
    if existing := connection.scalar(_EXISTING_OBJECTS):
        raise Refusal(
            "the database is not empty",
            where=str(database),
            why=f"it holds {existing} relations",
            next_command="createdb NAME, then PGDATABASE=NAME python -m app.infra.db.create",
            code=REFUSED,
        )


def create_schema(connection: Connection) -> None:
    """Create extensions, schemas, types, tables and SQL objects in the open transaction."""
    for schema in SCHEMAS:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    for extension in EXTENSIONS:
        connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public"))
    Base.metadata.create_all(connection, checkfirst=False)
    cursor = connection.connection.cursor()  # without parameters psycopg2 leaves % alone
    for name in SQL_FILES:
        cursor.execute(statements(name))


if __name__ == "__main__":
    sys.exit(exit_code(main))
