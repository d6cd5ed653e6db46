"""Materialized views: refreshed in the order of their dependencies, side by side where it helps."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import psql, sql
from dbops.errors import Problem, Refused, UsageProblem
from dbops.operations import require
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbops.commands.backend import Backend
    from dbops.state import State
    from dbops.target import Target

# More refreshes at once take the server's cores and memory from everybody else.
SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One materialized view.

    Attributes:
        name: "schema.name".
        populated: whether it may be read; a schema dump restores it unpopulated.
        unique_index: whether it has the index CONCURRENTLY needs.
        sources: the materialized views it reads, directly or through plain views.
        level: 1 for a view that reads no other materialized view, else one more than its sources.
        size_bytes: how big its rows are on disk.
    """

    name: str
    populated: bool
    unique_index: bool
    sources: tuple[str, ...]
    size_bytes: int
    level: int = 0

    @property
    def concurrently(self) -> bool:
        """Return whether readers can go on while it is refreshed (0A000, 55000 otherwise)."""
        return self.populated and self.unique_index


def views(target: Target, state: State) -> tuple[View, ...]:
    """Return the materialized views in an order in which they can be refreshed.

    Raises:
        Problem: the catalogue could not be read (exit 1).
    """
    require.database(target, state)
    answer = target.ask(psql.asks(target.backend(state), sql.query("materialized_views")))
    if answer.code:
        raise Problem(
            f"{target.name}: the views cannot be listed",
            where=target.environment.database.name,
            why=answer.error.strip(),
            next_command=target.command("health"),
        )
    found = [
        View(
            name=each["name"],
            populated=each["populated"],
            unique_index=each["unique_index"],
            sources=tuple(each["sources"]),
            size_bytes=each["bytes"],
        )
        for each in json.loads(answer.out)
    ]
    return levelled(found)


def levelled(found: Iterable[View]) -> tuple[View, ...]:
    """Return FOUND with their levels, lowest first; PostgreSQL allows no cycle among them."""
    sources = {each.name: each.sources for each in found}
    levels: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in levels:
            levels[name] = 1 + max((level(each) for each in sources[name]), default=0)
        return levels[name]

    placed = [replace(each, level=level(each.name)) for each in found]
    return tuple(sorted(placed, key=lambda each: (each.level, each.name)))


def refresh(target: Target, state: State, *, view: str | None) -> Runbook:
    """Plan to refresh all materialized views, or the one called VIEW.

    Raises:
        Refused: VIEW reads one that was never refreshed (exit 3).
    """
    found = views(target, state)
    wanted = found if view is None else (_alone(found, view, target),)
    return Runbook(
        verb="mv-refresh",
        environment=target.name,
        steps=refreshing(target.backend(state), wanted),
        reason="there are no materialized views",
        notes=_notes(found, wanted),
    )


def refreshing(beside: Backend, wanted: Sequence[View]) -> tuple[Step, ...]:
    """Return the steps that refresh WANTED, level by level."""
    steps: list[Step] = []
    for level, members in groupby(wanted, key=lambda each: each.level):
        for number, view in enumerate(members):
            group = f"level {level}, {number // SIDE_BY_SIDE + 1}"
            steps.append(
                commands.refresh(beside, view.name, concurrently=view.concurrently, group=group)
            )
    return tuple(steps)


def _alone(found: tuple[View, ...], name: str, target: Target) -> View:
    view = _named(found, name, target)
    empty = [each.name for each in found if each.name in view.sources and not each.populated]
    if empty:
        raise Refused(
            f"{target.name}: {name} reads what was never refreshed",
            where=", ".join(empty),
            why="a materialized view cannot be read before its first refresh",
            next_command=target.command("mv-refresh") + ", which refreshes all in their order",
        )
    return view


def _named(found: tuple[View, ...], name: str, target: Target) -> View:
    for each in found:
        if each.name == name:
            return each
    names = [each.name for each in found]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    raise UsageProblem(
        f"{target.name}: no materialized view is called {name!r}",
        where=f"database {target.environment.database.name}",
        why=f"did you mean {close[0]}?" if close else f"there are {', '.join(names) or 'none'}",
        next_command=f"{target.command('mv-refresh')} --view {(close or ['SCHEMA.NAME'])[0]}",
    )


def _notes(found: tuple[View, ...], wanted: Sequence[View]) -> tuple[str, ...]:
    blocking = [each.name for each in wanted if each.populated and not each.unique_index]
    names = {each.name for each in wanted}
    stale = [each.name for each in found if names & set(each.sources) and each.name not in names]
    notes = []
    if blocking:
        notes.append(
            f"no unique index, so readers wait while these are refreshed: {', '.join(blocking)}"
        )
    if stale:
        notes.append(f"these read what is refreshed and stay as they are: {', '.join(stale)}")
    return tuple(notes)


def refreshed(target: Target, state: State) -> Conclusion:
    """Say how many views can be read now."""
    found = views(target, state)
    populated = [each for each in found if each.populated]
    return Conclusion(
        sentence=f"{target.name}: {len(populated)} of {len(found)} materialized views "
        "are populated",
        facts=(
            ("populated", [each.name for each in populated]),
            ("unpopulated", [each.name for each in found if not each.populated]),
        ),
    )
