"""A dump or a file of SQL, built beside the live database and swapped in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbops import manifest
from dbops.commands import backup
from dbops.commands import restore as commands
from dbops.errors import Refused, UsageProblem
from dbops.operations import backups, require, services
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.state import State
    from dbops.target import Target


def restore(
    target: Target, state: State, *, dump: str | None, sql: str | None, origin: str | None
) -> Runbook:
    """Plan to restore a dump or an SQL file beside the live database and to swap it in.

    Args:
        target: the environment.
        state: how it is now.
        dump: a dump in pg_dump's custom format.
        sql: a file of SQL, as plain pg_dump writes it.
        origin: the environment the dump was taken of, when that is another one.
    """
    if (dump is None) == (sql is None):
        raise UsageProblem(
            "a restore needs one file",
            where="restore",
            why="either --dump or --sql names it",
            next_command=target.command("backups"),
        )
    loses = f"the rows of {target.name} are replaced; the present database is kept aside"
    found = require.server(target, state)
    if not found.exists or not found.is_open:
        return Runbook(
            verb="restore",
            environment=target.name,
            steps=services.starting(target, state),
            destructive=True,
            continues=True,
            loses=loses,
        )
    if dump is not None:
        steps, notes = _from_dump(target, state, backups.path(target, dump), origin)
    else:
        steps, notes = _from_sql(target, state, backups.path(target, sql or "")), ()
    return Runbook(
        verb="restore",
        environment=target.name,
        steps=steps,
        destructive=True,
        loses=loses,
        notes=notes,
    )


def _from_dump(
    target: Target, state: State, dump: Path, origin: str | None
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    beside, environment = target.backend(state), target.environment
    found = backups.manifest_of(target, dump)
    server = require.database(target, state).server_version
    database = commands.restoring(environment)
    notes = () if found else ("the dump has no manifest: its rows cannot be compared with it",)
    if found:
        manifest.check_usable(target.machine, found, environment, origin=origin, server=server)
    tables = len(found.rows) if found else None
    steps = (
        backup.read_back(beside, dump, found.sha256 if found else None),
        *commands.restore_dump(beside, environment, dump, database, tables),
        *((commands.compare_rows(beside, found, database),) if found else ()),
        commands.swap(beside, environment, found.revision if found else ""),
    )
    return steps, notes


def _from_sql(target: Target, state: State, file: Path) -> tuple[Step, ...]:
    sha256 = check_complete(target, file)
    beside, environment = target.backend(state), target.environment
    database = commands.restoring(environment)
    return (
        *commands.restore_sql(beside, environment, file, database, sha256),
        commands.swap(beside, environment, ""),
    )


def check_complete(target: Target, file: Path) -> str:
    """Refuse a file that psql would run half of, or elsewhere; return its sha256.

    Args:
        target: the environment it is meant for.
        file: the file, where the environment's commands run.

    Raises:
        UsageProblem: the file is missing or empty (exit 4).
        Refused: it begins as a dump and does not end as one, or holds a psql command (exit 3).
    """
    found = target.machine.measure(file)
    if found is None or found.size == 0:
        raise UsageProblem(
            "this is no SQL file",
            where=str(file),
            why="no file is there" if found is None else "it is empty",
            next_command=_whole(target),
        )
    if found.head.startswith(b"PGDMP"):
        raise Refused(
            "this is a dump in the custom format",
            where=str(file),
            why="it is restored with --dump",
            next_command=target.command(f"restore --dump {file}"),
        )
    begins = re.search(rb"PostgreSQL database dump\r?\n", found.head)
    if begins and b"database dump complete" not in found.tail:
        raise Refused(
            "the SQL file is cut",
            where=str(file),
            why="its last line, 'PostgreSQL database dump complete', is missing",
            next_command=_whole(target),
        )
    _check_stays(target, file)
    return found.sha256


def _check_stays(target: Target, file: Path) -> None:
    """Refuse psql's own commands: `pg_dump --create` and pg_dumpall connect to the live database.

    Raises:
        Refused: there is one, at this line (exit 3).
    """
    line, _, text = target.machine.read(commands.leaving(file)).out.strip().partition(" ")
    if line:
        raise Refused(
            f"the SQL file holds the psql command {text.split()[0]}",
            where=f"{file}:{line}",
            why="what follows could run in another database than the new one",
            next_command="dump one database, without --create, or remove the line",
        )


def _whole(target: Target) -> str:
    return target.command("restore --sql ...") + ", with a whole file"


def restored(target: Target, state: State) -> Conclusion:
    """Say what the database holds after the restore, and what is kept aside."""
    found = require.database(target, state)
    aside = kept(target, state)
    versions = ", ".join(found.versions) or "no revision"
    return Conclusion(
        sentence=f"{target.name}: restored, {len(found.relations)} relations at {versions}; "
        f"kept aside: {', '.join(aside) or 'nothing'}",
        next_command=f"{target.command('al-up')}, then {target.command('restore-forget')}"
        if found.versions
        else target.command("al-which"),
        facts=(("versions", found.versions), ("kept", aside)),
    )


def kept(target: Target, state: State) -> list[str]:
    """Return the databases earlier restores left aside."""
    answer = target.machine.read(commands.kept_databases(target.backend(state), target.environment))
    return answer.out.split()


def forget(target: Target, state: State) -> Runbook:
    """Plan to drop the databases that earlier restores kept aside."""
    require.database(target, state)
    beside, aside = target.backend(state), kept(target, state)
    return Runbook(
        verb="restore-forget",
        environment=target.name,
        steps=tuple(commands.drop(beside, each) for each in aside),
        destructive=True,
        loses=f"{', '.join(aside)} can no longer be swapped back",
        reason="no restore left a database aside",
    )


def forgotten(target: Target, state: State) -> Conclusion:
    """Say that nothing is kept aside any more."""
    aside = kept(target, state)
    return Conclusion(
        sentence=f"{target.name}: kept aside: {', '.join(aside) or 'nothing'}",
        facts=(("kept", aside),),
    )
