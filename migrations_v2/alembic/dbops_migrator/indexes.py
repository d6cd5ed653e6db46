"""Indexes that a broken CREATE INDEX CONCURRENTLY left behind: no query uses them, writes pay."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, text

log = logging.getLogger("dbops_migrator")

# The index of a partitioned table (relkind I) is invalid until each partition has its own.
# Which index another role's session builds is hidden without pg_read_all_stats: it may be any.
_INVALID = """
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid
                  OR p.index_relid IS NULL AND p.datname = current_database())
"""


def invalid_indexes(connection: Connection) -> frozenset[str]:
    """Return the quoted names of the invalid indexes that nobody is building now."""
    return frozenset(connection.scalars(text(_INVALID)))


def warn(indexes: frozenset[str]) -> None:
    """Name invalid indexes on stderr, each with the statement that removes it."""
    for name in sorted(indexes):
        log.warning("warning: invalid index %s; remove it: DROP INDEX CONCURRENTLY %s;", name, name)
