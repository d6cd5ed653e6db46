"""What is not as it should be in an environment, each with the command that corrects it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbops import manifest
from dbops.commands import psql, scratch, sql
from dbops.commands.shell import words
from dbops.environments.frozen import Frozen
from dbops.operations import backups, databases, restore, standing, views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbops.state import Database, State
    from dbops.target import Target

ZONES = Path("/usr/share/zoneinfo")


class Finding(Frozen):
    """Something to look at: what it is, why it matters, and what to type."""

    what: str
    why: str
    next_command: str


def examine(target: Target, state: State) -> list[dict[str, Any]]:
    """Return the findings as data, none when all is well."""
    return [asdict(each) for each in _findings(target, state)]


def _findings(target: Target, state: State) -> Iterator[Finding]:
    yield from _machine(target)
    found = state.database
    if found is None or not found.exists or not found.is_open:
        yield Finding(
            what=target.place.describe(state.service),
            why="nothing else can be asked before the database answers",
            next_command=target.command("up"),
        )
        return
    yield from _schema(target, found)
    yield from _roles(target, state, found)
    yield from _views(target, state)
    yield from _left_behind(target, state)
    yield from _backups(target, state)


def _machine(target: Target) -> Iterator[Finding]:
    if target.environment.backend == "embedded" and not (ZONES / "Asia" / "Tokyo").exists():
        yield Finding(
            what=f"there are no time zones in {ZONES}",
            why="PostgreSQL reads the system's: SET timezone fails for any but UTC",
            next_command="install tzdata",
        )


def _schema(target: Target, found: Database) -> Iterator[Finding]:
    heads = target.graph.heads
    if not found.objects or sorted(found.versions) != sorted(heads):
        yield Finding(
            what=f"the database is at {', '.join(found.versions) or 'no revision'}",
            why=f"the head is {', '.join(heads)}",
            next_command=target.command("al-up"),
        )
    for note in standing.notes(target, found):
        yield Finding(
            what=note,
            why="the database and the files no longer tell the same story",
            next_command=target.command("al-hist"),
        )


def _roles(target: Target, state: State, found: Database) -> Iterator[Finding]:
    missing = databases.missing_roles(target, found)
    if missing:
        yield Finding(
            what=f"roles are missing: {', '.join(missing)}",
            why="environments.yaml declares them",
            next_command=target.command("db-bootstrap-roles"),
        )
    asked = psql.asks(target.backend(state), sql.query("owners_without_default_privileges"))
    for line in target.ask(asked).out.splitlines():
        owner, schema = line.split("\t")
        yield Finding(
            what=f"{owner} owns objects in {schema} and has no default privileges there",
            why="what it creates next can be read by nobody else",
            next_command=target.command("db-bootstrap-roles"),
        )


def _views(target: Target, state: State) -> Iterator[Finding]:
    empty = [each.name for each in views.views(target, state) if not each.populated]
    if empty:
        yield Finding(
            what=f"materialized views are not populated: {', '.join(empty)}",
            why="reading one fails (55000)",
            next_command=target.command("mv-refresh"),
        )


def _left_behind(target: Target, state: State) -> Iterator[Finding]:
    asked = scratch.left_behind(target.backend(state), target.environment)
    is_busy = state.host is not None and state.host.holder
    for line in () if is_busy else target.machine.read(["sh", "-c", asked]).out.splitlines():
        drop = f"DROP DATABASE {sql.identifier(line.rpartition(', ')[0])}"
        yield Finding(
            what=f"left behind by a command that was killed: {line}",
            why="it takes room until the next such command makes it anew",
            next_command=f"{target.command('psql')} {words('--command', drop)}",
        )


def _backups(target: Target, state: State) -> Iterator[Finding]:
    aside = restore.kept(target, state)
    if aside:
        yield Finding(
            what=f"kept aside by a restore: {', '.join(aside)}",
            why="they take room until they are dropped",
            next_command=target.command("restore-forget"),
        )
    if target.environment.backend == "embedded":
        return
    every = manifest.every(target.machine, backups.directory(target), target.name)
    limit = timedelta(hours=target.environment.backup.max_age_hours)
    age = datetime.now(UTC) - _taken(every[0].taken_at) if every else None
    if age is None or age > limit:
        yield Finding(
            what="the newest backup is too old" if age else "there is no backup",
            why=f"one every {limit.total_seconds() / 3600:.0f} hours is wanted",
            next_command=target.command("backup"),
        )


def _taken(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
