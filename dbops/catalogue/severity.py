"""How bad it is that an object is missing, is there unexpectedly or has changed."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Severity(IntEnum):
    """What comes first is worst."""

    DATA = 1
    """Rows or values are gone, cannot be stored, or would go with a repair."""
    QUERIES = 2
    """Statements fail, or mean something else."""
    INTEGRITY = 3
    """Wrong rows get in, or right ones are refused."""
    ACCESS = 4
    """Somebody may do or see more than was meant."""
    SPEED = 5
    """The same answers, later."""
    NOTE = 6
    """Nothing a statement meets."""


class Weight(NamedTuple):
    """The severity of a kind by what happened to the object."""

    missing: Severity
    unexpected: Severity
    changed: Severity


_DATA, _QUERIES, _INTEGRITY, _ACCESS, _SPEED, _NOTE = Severity
_PROGRAM = Weight(_QUERIES, _NOTE, _QUERIES)
_RULE = Weight(_INTEGRITY, _INTEGRITY, _INTEGRITY)
_OPEN = Weight(_ACCESS, _ACCESS, _ACCESS)
_TUNING = Weight(_SPEED, _SPEED, _SPEED)

# In the order in which a repair has to make them.
WEIGHTS = {
    "database": Weight(_QUERIES, _QUERIES, _QUERIES),
    "setting": Weight(_QUERIES, _QUERIES, _QUERIES),
    "role": _OPEN,
    "membership": Weight(_QUERIES, _ACCESS, _ACCESS),
    "schema": _PROGRAM,
    "extension": Weight(_QUERIES, _NOTE, _NOTE),
    "collation": _PROGRAM,
    "enum": Weight(_QUERIES, _NOTE, _DATA),
    "domain": Weight(_QUERIES, _NOTE, _INTEGRITY),
    "domain constraint": _RULE,
    "range": _PROGRAM,
    "composite type": Weight(_QUERIES, _NOTE, _DATA),
    "base type": _PROGRAM,
    "foreign-data wrapper": _PROGRAM,
    "server": _PROGRAM,
    # An unexpected one holds rows that no revision knows and that dropping it would lose.
    "table": Weight(_DATA, _DATA, _DATA),
    "foreign table": _PROGRAM,
    "partition": Weight(_DATA, _DATA, _DATA),
    "inheritance": _PROGRAM,
    "column": Weight(_DATA, _DATA, _DATA),
    "identity": Weight(_QUERIES, _INTEGRITY, _INTEGRITY),
    "sequence": Weight(_QUERIES, _NOTE, _INTEGRITY),
    "function": _PROGRAM,
    "procedure": _PROGRAM,
    "aggregate": _PROGRAM,
    "operator": _PROGRAM,
    "cast": Weight(_QUERIES, _QUERIES, _QUERIES),
    "text search dictionary": _PROGRAM,
    "text search configuration": _PROGRAM,
    "default": _RULE,
    "not null": _RULE,
    "view": _PROGRAM,
    "materialized view": _PROGRAM,
    "result columns": Weight(_QUERIES, _QUERIES, _QUERIES),
    # 55000: it "has not been populated".
    "unpopulated view": Weight(_NOTE, _QUERIES, _QUERIES),
    "constraint": _RULE,
    "unenforced constraint": _RULE,
    "index": _TUNING,
    "invalid index": _TUNING,
    "trigger": _RULE,
    "trigger state": _RULE,
    "event trigger": _RULE,
    "event trigger state": _RULE,
    "rule": Weight(_QUERIES, _QUERIES, _QUERIES),
    "rule state": Weight(_QUERIES, _QUERIES, _QUERIES),
    "policy": _OPEN,
    "row security": _OPEN,
    "publication": _PROGRAM,
    "publication table": _PROGRAM,
    "publication schema": _PROGRAM,
    "statistics": _TUNING,
    "statistics target": _TUNING,
    "storage": _TUNING,
    "compression": _TUNING,
    "column options": _TUNING,
    "storage parameters": _TUNING,
    "tablespace": _TUNING,
    "clustering": _TUNING,
    "replica identity": Weight(_QUERIES, _NOTE, _QUERIES),
    "owner": _OPEN,
    "default privileges": _OPEN,
    # 42501 for who has lost one.
    "grant": Weight(_QUERIES, _ACCESS, _QUERIES),
    "revoke": Weight(_ACCESS, _QUERIES, _QUERIES),
    "security label": _OPEN,
    "column order": Weight(_NOTE, _NOTE, _NOTE),
    "comment": Weight(_NOTE, _NOTE, _NOTE),
}
ORDER = {kind: number for number, kind in enumerate(WEIGHTS)}


def of(kind: str, what: str, definition: str) -> Severity:
    """Return the severity of a difference.

    Args:
        kind: the object's kind.
        what: `missing`, `unexpected` or `changed`.
        definition: what it is, or was expected to be.
    """
    if kind == "index" and definition.startswith("CREATE UNIQUE"):
        return Severity.INTEGRITY
    severity: Severity = getattr(WEIGHTS[kind], what)
    return severity
