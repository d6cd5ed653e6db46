"""Backups that are proven: taken, listed, verified, restored into a scratch database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbops import manifest
from dbops.commands import backup as commands
from dbops.commands import restore
from dbops.environments.beside import named
from dbops.errors import Problem, UsageProblem
from dbops.operations import history, require
from dbops.output import Conclusion
from dbops.runbook import Runbook

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
    step = commands.take(target.backend(state), target.environment, found.tables)
    return Runbook(verb="backup", environment=target.name, steps=(step,))


def taken(target: Target, state: State) -> Conclusion:
    """Say what the backup holds that was taken last, by the journal: a name may be ahead of time.

    Raises:
        Problem: there is none, whatever the script said (exit 1).
    """
    entries = state.host.journal if state.host else history.entries(target)
    dump = next((Path(each["backup"]) for each in reversed(entries) if each.get("backup")), None)
    found = manifest.of(target.machine, dump) if dump else None
    if found is None:
        raise Problem(
            f"{target.name}: there is no backup",
            where=str(directory(target)),
            why="the run recorded no dump that has a manifest",
            next_command=target.command("journal"),
        )
    rows = sum(count for _, count in found.rows)
    return Conclusion(
        sentence=f"{target.name}: {found.dump.name} is proven: {found.size_bytes} bytes, "
        f"{len(found.rows)} tables, {rows} rows, at {found.revision or 'no revision'}",
        next_command=f"{target.command('backups')} --restore-test",
        facts=tuple(describe(found).items()),
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
    beside = target.backend(state)
    scratch = named(target.environment.database.name, "restore_test")
    steps = (
        commands.read_back(beside, found.dump, found.sha256),
        *restore.restore_dump(beside, target.environment, found.dump, scratch, len(found.rows)),
        restore.compare_rows(beside, found, scratch),
        restore.drop(beside, scratch),
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
        found = manifest_of(target, path(target, dump))
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
            why="none was taken, or backup.directory is another one now",
            next_command=target.command("backup"),
        )
    return every[0]


def manifest_of(target: Target, dump: Path) -> Manifest | None:
    """Return what the manifest beside DUMP says; None where there is none."""
    machine = target.machine
    return manifest.of(machine, manifest.dump_file(machine, dump, target.environment))


def path(target: Target, given: str) -> Path:
    """Return the file a person GIVEs: on a host, relative to its checkout."""
    if target.environment.remote:
        return target.environment.project_directory / given
    return Path(given).expanduser().absolute()
