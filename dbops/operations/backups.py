"""Backups that are proven: taken, listed, verified, restored beside the live database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbops import manifest
from dbops.commands import backup as commands
from dbops.environments.beside import named
from dbops.errors import Problem, Refused, UsageProblem
from dbops.operations import require, services
from dbops.output import Conclusion
from dbops.probe import backend
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.manifest import Manifest
    from dbops.state import State
    from dbops.target import Target


def directory(target: Target) -> Path:
    """Return where the environment's dumps are."""
    return target.environment.path(target.environment.backup.directory)


def backup(target: Target, state: State) -> Runbook:
    """Plan to take a dump, read it back in full and write its manifest."""
    found = require.database(target, state)
    step = commands.take(backend(target, state), target.environment, found.tables)
    return Runbook(verb="backup", environment=target.name, steps=(step,))


def taken(target: Target, _state: State) -> Conclusion:
    """Say what the newest backup holds.

    Raises:
        Problem: there is none, whatever the script said (exit 1).
    """
    found = manifest.every(target.machine, directory(target), target.name)
    if not found:
        raise Problem(f"{target.name}: there is no backup", where=str(directory(target)))
    newest = found[0]
    rows = sum(count for _, count in newest.rows)
    return Conclusion(
        sentence=f"{target.name}: {newest.dump.name} is proven: {newest.size_bytes} bytes, "
        f"{len(newest.rows)} tables, {rows} rows, at {newest.revision or 'no revision'}",
        next_command=f"{target.command('backups')} --restore-test",
        facts=tuple(describe(newest).items()),
    )


def describe(found: Manifest) -> dict[str, Any]:
    """Return a backup as data."""
    return {
        "dump": str(found.dump),
        "taken_at": found.taken_at,
        "revision": found.revision,
        "bytes": found.size_bytes,
        "sha256": found.sha256,
        "tables": len(found.rows),
        "rows": sum(count for _, count in found.rows),
    }


def listed(target: Target, *, verify: bool) -> list[dict[str, Any]]:
    """Return every backup, newest first; with VERIFY each is hashed and compared."""
    found = manifest.every(target.machine, directory(target), target.name)
    return [
        {**describe(each), **({"damage": _damage(target, each)} if verify else {})}
        for each in found
    ]


def _damage(target: Target, found: Manifest) -> str:
    if found.environment != target.name:
        return f"its manifest is of {found.environment}"
    return manifest.damage(target.machine, found)


def restore_test(target: Target, state: State, *, dump: str | None) -> Runbook:
    """Plan to restore a backup into a scratch database, compare its rows, and drop it."""
    server = require.database(target, state).server_version
    found = _chosen(target, dump)
    manifest.check_usable(target.machine, found, target.environment, origin=None, server=server)
    beside = backend(target, state)
    scratch = named(target.environment.database.name, "restore_test")
    steps = (
        commands.read_back(beside, found.dump, found.sha256),
        *commands.restore_dump(beside, target.environment, found.dump, scratch, len(found.rows)),
        commands.compare_rows(beside, found, scratch),
        commands.drop(beside, scratch),
    )
    return Runbook(verb="backups", environment=target.name, steps=steps)


def tested(target: Target, _state: State, *, dump: str | None) -> Conclusion:
    """Say which backup was restored and found whole."""
    found = _chosen(target, dump)
    return Conclusion(
        sentence=f"{target.name}: {found.dump.name} was restored and holds every row",
        facts=tuple(describe(found).items()),
    )


def _chosen(target: Target, dump: str | None) -> Manifest:
    if dump is not None:
        found = _manifest(target, _path(target, dump))
        if found is None:
            raise UsageProblem(
                "the dump has no manifest",
                where=dump,
                why="nothing says how many rows it must hold",
                next_command=f"{target.command('restore')} --dump {dump}",
            )
        return found
    every = manifest.every(target.machine, directory(target), target.name)
    if not every:
        raise Problem(
            f"{target.name}: there is no backup",
            where=str(directory(target)),
            next_command=target.command("backup"),
        )
    return every[0]


def _manifest(target: Target, dump: Path) -> Manifest | None:
    machine = target.machine
    return manifest.of(machine, manifest.dump_file(machine, dump, target.environment))


def _path(target: Target, given: str) -> Path:
    """Return the file a person GIVEs: on a host, relative to its checkout."""
    if target.environment.remote:
        return target.environment.project_directory / given
    return Path(given).expanduser().absolute()


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
        steps, notes = _from_dump(target, state, _path(target, dump), origin)
    else:
        steps, notes = _from_sql(target, state, _path(target, sql or "")), ()
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
    beside, environment = backend(target, state), target.environment
    found = _manifest(target, dump)
    server = require.database(target, state).server_version
    database = commands.restoring(environment)
    notes = () if found else ("the dump has no manifest: its rows cannot be compared with it",)
    if found:
        manifest.check_usable(target.machine, found, environment, origin=origin, server=server)
    tables = len(found.rows) if found else 0
    steps = (
        commands.read_back(beside, dump, found.sha256 if found else None),
        *commands.restore_dump(beside, environment, dump, database, tables),
        *((commands.compare_rows(beside, found, database),) if found else ()),
        commands.swap(beside, environment, found.revision if found else ""),
    )
    return steps, notes


def _from_sql(target: Target, state: State, file: Path) -> tuple[Step, ...]:
    sha256 = check_complete(target, file)
    beside, environment = backend(target, state), target.environment
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
    begins = b"PostgreSQL database dump\n" in found.head
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
        next_command=f"{target.command('al-up')}, then {target.command('restore-forget')}",
        facts=(("versions", found.versions), ("kept", aside)),
    )


def kept(target: Target, state: State) -> list[str]:
    """Return the databases earlier restores left aside."""
    answer = target.machine.read(
        commands.kept_databases(backend(target, state), target.environment)
    )
    return answer.out.split()


def forget(target: Target, state: State) -> Runbook:
    """Plan to drop the databases that earlier restores kept aside."""
    require.database(target, state)
    beside, aside = backend(target, state), kept(target, state)
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
