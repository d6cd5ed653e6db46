"""Statements about relations, read from their code: which kind, which names, which way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

_PART = r'(?:"[^"]+"|[^\s"().,;\']+)'
_NAME = rf"{_PART}(?:\.{_PART})?"
_NAMES = rf"(?P<names>{_NAME}(?: ?, ?{_NAME})*)"
_FLAGS = re.IGNORECASE

_VIEW = re.compile(
    rf"create (?:or replace )?(?:temp(?:orary)? )?(?:recursive )?(?P<kind>materialized view|view) "
    rf"(?:if not exists )?{_NAMES}",
    _FLAGS,
)
_INDEX = re.compile(
    rf"create (?P<unique>unique )?index (?:concurrently )?(?:if not exists )?"
    rf"(?P<index>(?!on ){_PART} )?on (?:only )?{_NAMES} ?(?:using \w+ ?)?\((?P<columns>.*)",
    _FLAGS,
)
_DROP = re.compile(
    rf"drop (?P<kind>materialized view|view|table|foreign table) (?:if exists )?{_NAMES}"
    r"(?P<cascade> cascade)?",
    _FLAGS,
)
_REFRESH = re.compile(
    rf"refresh materialized view (?P<concurrently>concurrently )?{_NAMES}", _FLAGS
)
_GRANT = re.compile(rf"grant .+? on (?:table )?{_NAMES} to ", _FLAGS)
_QUOTED = re.compile(r'"([a-z_][a-z0-9_$]*)"')


class Relations(Frozen):
    """A statement about relations.

    Attributes:
        verb: create, index, drop, refresh or grant.
        names: schema and name of each; in public when no schema is written.
        kind: view, materialized view, table or foreign table, of what is created or dropped.
        index: the name of the index, without a schema; empty when PostgreSQL chooses it.
        whole: of an index that it is unique, on columns alone, and holds every row.
        is_marked: that CASCADE or CONCURRENTLY is written.
    """

    verb: str
    names: tuple[str, ...]
    kind: str = ""
    index: str = ""
    whole: bool = False
    is_marked: bool = False


def read(code: str) -> Relations | None:
    """Return what a statement's code says about relations; None when it is about something else."""
    for verb, pattern in _PATTERNS:
        if found := pattern.match(code):
            return _relations(verb, found.groupdict(default=""))
    return None


_PATTERNS: Sequence[tuple[str, re.Pattern[str]]] = (
    ("create", _VIEW),
    ("index", _INDEX),
    ("drop", _DROP),
    ("refresh", _REFRESH),
    ("grant", _GRANT),
)


def _relations(verb: str, found: dict[str, str]) -> Relations:
    return Relations(
        verb=verb,
        names=tuple(_qualified(each) for each in re.findall(_NAME, found["names"])),
        kind=found.get("kind", "").lower(),
        index=plain(found.get("index", "").strip()),
        whole=bool(found.get("unique")) and _is_whole(found.get("columns", "")),
        is_marked=bool(found.get("cascade") or found.get("concurrently")),
    )


def _is_whole(columns: str) -> bool:
    """Return whether an index is one REFRESH ... CONCURRENTLY can use: no expression, no WHERE."""
    inside, _, after = columns.partition(")")
    return "(" not in inside and not re.search(r"\bwhere\b", after, _FLAGS)


def plain(name: str) -> str:
    """Return NAME as PostgreSQL folds it, quoted only where it has to be."""
    parts = re.findall(r'"[^"]+"|[^"]+', name)
    return "".join(
        _QUOTED.sub(r"\1", each) if each.startswith('"') else each.lower() for each in parts
    )


def _qualified(name: str) -> str:
    folded = plain(name)
    return folded if re.fullmatch(rf"{_PART}\.{_PART}", folded) else f"public.{folded}"
