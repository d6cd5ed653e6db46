"""What a baseline revision does: it proves that the snapshot it stands for is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 10

_REQUIRE = """
DO $baseline$
DECLARE
    missing text[] := ARRAY(
        SELECT wanted FROM unnest(ARRAY[{relations}]::text[]) AS wanted
        WHERE NOT EXISTS (
            SELECT FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname || '.' || c.relname = wanted
        )
        ORDER BY 1
    );
BEGIN
    IF cardinality(missing) > 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_table',
            MESSAGE = format(
                'the baseline snapshot is not in this database: '
                '%s of {count} relations missing: %s',
                cardinality(missing),
                array_to_string(missing[1:{shown}] || CASE WHEN cardinality(missing) > {shown}
                                                           THEN ARRAY['...'] END, ', ')),
            HINT = 'load it first: inv db-apply-snapshot';
    END IF;
END
$baseline$
"""

_REFUSE = """
DO $baseline$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'feature_not_supported',
        MESSAGE = 'nothing is below the baseline: ' || {revision} || ' cannot be downgraded',
        HINT = 'to start again from the snapshot: inv db-init-from-snapshot';
END
$baseline$
"""


def require(relations: Sequence[str]) -> None:
    """Raise SQLSTATE 42P01 in the database unless every one of RELATIONS, `schema.name`, is there.

    An empty database is so never called migrated.
    """
    wanted = ", ".join(_literal(each) for each in relations)
    _execute(_REQUIRE.format(relations=wanted, count=len(relations), shown=_SHOWN))


def refuse(revision: str) -> None:
    """Raise SQLSTATE 0A000 in the database: nothing is below the baseline REVISION."""
    _execute(_REFUSE.format(revision=_literal(revision)))


def _execute(statement: str) -> None:
    op.execute(statement.replace(":", "\\:"))  # a colon would begin a parameter


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
