"""The snapshot file: exported from a database at head, and proven before it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands.shell import RUN, lines, words
from dbops.errors import Refused
from dbops.operations import authoring, require
from dbops.operations.proof import Proof, otherwise
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import State
    from dbops.target import Target


def export(target: Target, state: State) -> Runbook:
    """Plan to write the snapshot anew from the environment's database.

    The new file is loaded into a scratch database, stamped and upgraded there; it is written only
    when the scratch database then dumps to the same bytes as the environment's own, and when no
    object of any kind in its catalogue differs.

    Raises:
        Refused: the database is not at head (exit 3).
    """
    _require_writable(target)
    found = require.database(target, state)
    current = require.known_version(target, found)
    if current != target.graph.head:
        raise Refused(
            f"{target.name} is at {current or 'no revision'}, not at head",
            where=target.environment.database.name,
            why="the snapshot is taken from a database that is up to date",
            next_command=target.command("al-up"),
        )
    proof = Proof(target, state)
    return Runbook(
        verb="baseline-export",
        environment=target.name,
        steps=(
            Step(
                title="dump the schema",
                command=lines(proof.dump("snapshot.sql"), proof.catalogue("live.catalogue")),
            ),
            Step(
                title="prove it: load it into a scratch database and upgrade that",
                command=_prove(target, proof),
            ),
            Step(
                title=f"write {target.environment.migrations.snapshot}",
                command=_write(target),
            ),
        ),
    )


def _require_writable(target: Target) -> None:
    if target.environment.remote:
        authoring.require_here(target, "baseline-export")


def _prove(target: Target, proof: Proof) -> str:
    baseline, head = target.environment.migrations.baseline, target.graph.head
    database, ignored = proof.database, target.environment.drift.ignore
    forward = (
        f"the snapshot stands for {baseline}, and the revisions after it do not go on from this "
        f"schema; to move it forward: {target.command(f'baseline-advance --rev {head}')}"
    )
    differ = (
        "the snapshot and the revisions after it do not make the schema they came from; look at "
        f"{target.command('drift')}; owners and grants come from "
        f"{target.command('db-bootstrap-roles')}"
    )
    return proof.within(
        proof.load(f"{RUN}/snapshot.sql", baseline),
        otherwise(proof.upgrade("head"), forward),
        proof.dump("again.sql", database),
        otherwise(f"diff {RUN}/snapshot.sql {RUN}/again.sql", forward),
        proof.catalogue("made.catalogue", database),
        otherwise(proof.same("made.catalogue", "live.catalogue", ignored), differ),
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
