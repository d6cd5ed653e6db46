"""Our own rules on a revision's SQL; the lines of what they find are those of the SQL.

What they know of PostgreSQL is from its manual: REFRESH MATERIALIZED VIEW ("Parameters") for
CONCURRENTLY and the unique index it needs, "Dependency Tracking" for CASCADE.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbops.linting import names
from dbops.linting.finding import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbops.linting.objects import Objects
    from dbops.sql_text import Statement

    Read = list[tuple[Statement, names.Relations]]

_CHANGE = re.compile(r"(?:^|[()] ?)(?P<verb>delete from|update)\b", re.IGNORECASE)
_CHANGING = re.compile(r"(?:with|delete|update)\b", re.IGNORECASE)
_WHERE = re.compile(r"\bwhere\b", re.IGNORECASE)
_CLUSTER = re.compile(
    r"(?:(?:create|alter|drop) (?:role|group|user(?! mapping)|database|tablespace)"
    r"|alter system|(?:drop|reassign) owned)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r'"[^"]*"')
# Each action of an ALTER has a CASCADE of its own; one that comes with ADD drops nothing.
_BROAD = re.compile(
    r"(?:drop (?!owned\b).* cascade$"
    r"|alter (?:foreign table|table|type|domain)\b.*[ ,]drop [^,]* cascade(?: ?,|$))",
    re.IGNORECASE,
)
_ROWS = re.compile(r"truncate\b", re.IGNORECASE)
_DO = re.compile(r"do\b", re.IGNORECASE)


def check(statements: Sequence[Statement], before: Objects) -> Iterator[Found]:
    """Return what the rules find in a revision.

    Args:
        statements: what the revision runs, in order.
        before: the objects there are before it.
    """
    read = [(each, names.read(each.code)) for each in statements]
    about = [(each, found) for each, found in read if found]
    for views in _VIEWS:
        yield from views(about, before)
    for each, found in read:
        yield from _without_where(each)
        yield from _of_the_cluster(each)
        yield from _broad(each, is_about_relations=found is not None)
        if _DO.match(each.code):
            what = "nobody looks into a DO block; write its statements out where that is possible"
            yield Found(rule="do-block", message=what, line=each.first_line)


def _drop_cascade(about: Read, before: Objects) -> Iterator[Found]:
    for each, found in about:
        if found.verb == "drop" and found.is_marked:
            lost = before.readers(found.names)
            yield Found(
                rule="drop-cascade",
                message=_lost(found.names, lost),
                line=each.first_line,
            )


def _lost(dropped: Sequence[str], lost: Sequence[str]) -> str:
    named = ", ".join(dropped)
    if lost:
        return (
            f"CASCADE also drops {', '.join(lost)}, with their indexes and grants, and says "
            f"nothing; drop them by name before {named}, and create again what stays"
        )
    return (
        f"CASCADE drops whatever depends on {named} and says nothing; no view is known to, so "
        "leave it out: PostgreSQL then refuses (2BP01) when there is something"
    )


def _refresh(about: Read, _before: Objects) -> Iterator[Found]:
    new = {name for _, found in about if found.verb == "create" for name in found.names}
    for each, found in about:
        if found.verb == "refresh" and not found.is_marked and found.names[0] not in new:
            yield Found(
                rule="refresh-without-concurrently",
                message=f"nobody can read {found.names[0]} until this revision commits; leave it "
                "to `inv mv-refresh` after the upgrade, or write CONCURRENTLY",
                line=each.first_line,
            )


def _no_unique_index(about: Read, _before: Objects) -> Iterator[Found]:
    indexed = {found.names[0] for _, found in about if found.verb == "index" and found.whole}
    for each, found in _created(about):
        if found.names[0] not in indexed:
            yield Found(
                rule="materialized-view-without-unique-index",
                message=f"{found.names[0]} cannot be refreshed CONCURRENTLY; create a unique index "
                "on columns of it, without WHERE, in this revision",
                line=each.first_line,
            )


def _recreated(about: Read, before: Objects) -> Iterator[Found]:
    dropped = {name for each, found in about for name in _gone(found, before)}
    made = {found.index for _, found in about if found.verb == "index"}
    granted = {name for _, found in about if found.verb == "grant" for name in found.names}
    for each, found in _created(about):
        name = found.names[0]
        lost = [index for index in before.indexes(name) if index not in made]
        if name in dropped and (lost or name not in granted):
            parts = [f"its index {', '.join(lost)}"] if lost else []
            parts += [] if name in granted else ["the grants that default privileges do not give"]
            yield Found(
                rule="materialized-view-recreated",
                message=f"{name} is dropped and created again, without {' and '.join(parts)}; "
                "write them in this revision",
                line=each.first_line,
            )


def _created(about: Read) -> Iterator[tuple[Statement, names.Relations]]:
    made = ("create", "materialized view")
    return ((each, found) for each, found in about if (found.verb, found.kind) == made)


def _gone(found: names.Relations, before: Objects) -> tuple[str, ...]:
    if found.verb != "drop":
        return ()
    return (*found.names, *(before.readers(found.names) if found.is_marked else ()))


_VIEWS: Sequence[Callable[[Read, Objects], Iterator[Found]]]
_VIEWS = (_drop_cascade, _refresh, _no_unique_index, _recreated)


def _without_where(statement: Statement) -> Iterator[Found]:
    if not _CHANGING.match(statement.code):
        return
    for change in _CHANGE.finditer(statement.code):
        if not _WHERE.search(_same_level(statement.code[change.end() :])):
            verb = change["verb"].split()[0]
            yield Found(
                rule=f"{verb.lower()}-without-where",
                message=f"this {verb.upper()} touches every row and locks each until the revision "
                "commits; say which with WHERE, or say why it is meant with lint-ignore",
                line=statement.first_line,
            )


def _of_the_cluster(statement: Statement) -> Iterator[Found]:
    if found := _CLUSTER.match(statement.code):
        yield Found(
            rule="changes-the-cluster",
            message=f"{found[0].upper()} is about the whole server: a rehearsal, or a scratch "
            "database, would change it for the live one; write it in the roles script, or type it",
            line=statement.first_line,
        )


def _broad(statement: Statement, *, is_about_relations: bool) -> Iterator[Found]:
    if not is_about_relations and _BROAD.match(_NAMED.sub('""', statement.code)):
        what = (
            "CASCADE drops whatever depends on this and says nothing; drop that by name first, so "
            "that PostgreSQL refuses (2BP01) what was forgotten"
        )
        yield Found(rule="drop-cascade", message=what, line=statement.first_line)
    if _ROWS.match(statement.code):
        what = "TRUNCATE removes every row and keeps readers out until the revision commits"
        yield Found(rule="truncate", message=what, line=statement.first_line)


def _same_level(code: str) -> str:
    """Return CODE up to the parenthesis that ends it, without what stands in parentheses."""
    depth, kept = 0, []
    for letter in code:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            break
        kept.append(letter if depth == 0 else " ")
    return "".join(kept)
