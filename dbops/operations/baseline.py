"""The snapshot file: exported from a database at head, and proven before it is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import sql
from dbops.commands.shell import RUN, lines, with_environment, words
from dbops.errors import Refused
from dbops.operations import require
from dbops.output import Conclusion
from dbops.probe import backend
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.commands.database import Backend
    from dbops.state import State
    from dbops.target import Target


def export(target: Target, state: State) -> Runbook:
    """Plan to write the snapshot anew from the environment's database.

    The new file is loaded into a scratch database, stamped and upgraded there; it is written only
    when the scratch database then dumps to the same bytes as the environment's own.
    """
    found = require.database(target, state)
    current = require.known_version(target, found)
    if current != target.graph.head:
        raise Refused(
            f"{target.name} is at {current or 'no revision'}, not at head",
            where=target.environment.database.name,
            why="the snapshot is taken from a database that is up to date",
            next_command=target.command("al-up"),
        )
    beside = backend(target, state)
    scratch = commands.scratch(target.environment)
    return Runbook(
        verb="baseline-export",
        environment=target.name,
        steps=(
            Step(title="dump the schema", command=_canonical_dump(beside, "snapshot.sql")),
            Step(
                title="prove it: load it into a scratch database and upgrade that",
                command=_prove(target, beside, scratch),
            ),
            Step(
                title=f"write {target.environment.migrations.snapshot}",
                command=_write(target),
            ),
        ),
    )


def _canonical_dump(beside: Backend, name: str, database: str | None = None) -> str:
    dump = words(*commands.schema_dump(beside, database))
    package = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    canonical = with_environment(package, words(sys.executable, "-m", "dbops.schema_text"))
    return lines(
        f"{dump} >{RUN}/dump.sql",
        f"{canonical} {RUN}/dump.sql {RUN}/{name}",
        f"rm -f {RUN}/dump.sql",
    )


def _prove(target: Target, beside: Backend, scratch: str) -> str:
    baseline = target.environment.migrations.baseline
    load = commands.transaction(
        beside,
        commands.File(f"{RUN}/snapshot.sql"),
        sql.stamp(baseline, expected=()),
        # Revisions act as the owner, who must own the version table, too.
        *commands.roles_files(target.environment),
        variables=commands.role_variables(target.environment),
        database=scratch,
    )
    differ = "echo 'the snapshot and the revisions after it do not make the schema they came from'"
    return lines(
        f"trap {words(commands.drop(beside, scratch))} EXIT",
        "trap 'exit 130' INT TERM",
        commands.recreate(beside, scratch),
        load,
        f"{{ {beside.alembic('upgrade', 'head', database=scratch)}; }} || {{ {differ}; exit 1; }}",
        _canonical_dump(beside, "again.sql", scratch),
        f"diff {RUN}/snapshot.sql {RUN}/again.sql || {{ {differ}; exit 1; }}",
    )


def _write(target: Target) -> str:
    path = commands.snapshot_file(target.environment)
    partial = path.with_name(f".{path.name}.partial")
    return lines(
        words("mkdir", "-p", "--", path.parent),
        f"cp {RUN}/snapshot.sql {words(partial)}",
        words("mv", "--", partial, path),
    )


def exported(target: Target, _state: State) -> Conclusion:
    """Say what the file holds now."""
    target.__dict__.pop("snapshot", None)  # the file has changed since it was read
    found = target.snapshot
    return Conclusion(
        sentence=f"{target.environment.migrations.snapshot}: {found.lines} lines, "
        f"{len(found.relations)} relations, proven equal to {target.name}",
        next_command="git diff --stat",
        facts=(
            ("lines", found.lines),
            ("relations", len(found.relations)),
            ("sha256", found.sha256),
        ),
    )
