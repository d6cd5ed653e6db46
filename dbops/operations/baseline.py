"""The snapshot file: exported from a database at head, and proven before it is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbops import catalogue
from dbops.catalogue import Catalogue, Key
from dbops.commands import database as commands
from dbops.commands.shell import RUN, lines, words
from dbops.environments.model import Drift
from dbops.errors import Locked, Problem, Refused
from dbops.operations import authoring, require, scratch
from dbops.operations.proof import Proof, otherwise
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbops.state import State
    from dbops.target import Target

# pg_dump without owners and privileges has none of them.
_NOT_DUMPED = (
    *("database *", "setting *", "owner *", "grant *", "revoke *", "default privileges *"),
    *("unenforced constraint *", "unpopulated view *"),
)


def export(target: Target, state: State) -> Runbook:
    """Plan to write the snapshot anew from the environment's database.

    The new file is loaded into a scratch database, stamped and upgraded there; it is written only
    when the scratch database then dumps to the same bytes as the environment's own, and when no
    object of any kind in its catalogue differs.

    Raises:
        Refused: the database is not at head, or what drift ignores would be written (exit 3).
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
    _require_nothing_hidden(target, state)
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


def _require_nothing_hidden(target: Target, state: State) -> None:
    """Refuse what pg_dump would bring into the snapshot, or lose from it, and drift ignores.

    Raises:
        Refused: an object that is ignored is not as the files make it (exit 3).
        Locked: another comparison is building a schema (exit 75).
    """
    ignored = target.environment.drift.ignore
    if not ignored:
        return
    whole = replace(target, environment=replace(target.environment, drift=Drift()))
    live, made = (each(whole, state).without(_NOT_DUMPED) for each in (scratch.live, _made))
    hidden = {key for each in (made, live) for key in _less(each, each.without(ignored))}
    found = list(_told(made, live, hidden))
    if found:
        raise Refused(
            f"{target.name}: what drift ignores would change the snapshot",
            where=require.shortened(found),
            why="drift.ignore in environments.yaml leaves it out, but pg_dump does not",
            next_command="make it as the files say, or take its pattern out of drift.ignore; then "
            f"{target.command('baseline-export')}",
        )


def _made(target: Target, state: State) -> Catalogue:
    """Return what the files make at head: nothing where they make no schema yet."""
    try:
        return scratch.expected(target, state, target.graph.head, any_roles=True)
    except Locked:
        raise
    except Problem:
        return catalogue.parse("")


def _less(whole: Catalogue, part: Catalogue) -> set[Key]:
    return whole.objects.keys() - part.objects.keys()


def _told(made: Catalogue, live: Catalogue, hidden: set[Key]) -> Iterator[str]:
    """Yield the differences that are HIDDEN; what only follows from one is not told with it."""
    for each in catalogue.differences(made, live):
        top = Key(each.kind, each.identity)
        for key in (top,) if top in hidden else each.consequences:
            if key in hidden:
                yield f"{each.what} {key}"


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
        proof.grant(),
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
