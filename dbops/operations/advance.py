"""The baseline moved forward: a new snapshot, and the revisions it stands for archived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops import revisions
from dbops.errors import Refused, UsageProblem
from dbops.operations import archiving, authoring, require, rows
from dbops.operations.checkout import Checkout
from dbops.output import Conclusion, count
from dbops.runbook import Runbook

if TYPE_CHECKING:
    from dbops.revisions import Graph
    from dbops.state import State
    from dbops.target import Target

VERB = "baseline-advance"


def advance(target: Target, state: State, *, revision: str | None, accepted: str | None) -> Runbook:
    """Plan to make REVISION the baseline of this checkout.

    The new baseline has the id REVISION, so that a database at it or past it stays where it is.

    Args:
        target: the environment whose server the schemas are built and compared on.
        state: how it is now.
        revision: what becomes the baseline.
        accepted: tables and sequences, with commas, that the archived revisions fill and that a
            database built from the new snapshot will not have filled.

    Raises:
        UsageProblem: no or an unknown revision, or environments.yaml cannot be changed (exit 4).
        Refused: the checkout has changes, or the environment is behind REVISION (exit 3).
        Problem: this is no git checkout (exit 1).
    """
    _check_given(target, revision)
    checkout = Checkout(target)
    if checkout.is_interrupted:
        steps = (checkout.taking_back(),)
        return Runbook(verb=VERB, environment=target.name, steps=steps)
    found = require.database(target, state)
    current = require.known_version(target, found)
    wanted = target.graph.resolve(revision or "")
    baseline = target.environment.migrations.baseline
    if wanted == baseline:
        reason = f"{wanted} is the baseline already"
        return Runbook(verb=VERB, environment=target.name, reason=reason)
    commit = checkout.commit()
    _check_path(target.graph, wanted)
    _check_place(target, current, wanted)
    names = tuple(each.strip() for each in (accepted or "").split(",") if each.strip())
    move = archiving.Move(target, state, checkout, wanted, commit, names)
    return Runbook(
        verb=VERB, environment=target.name, steps=move.steps(), notes=_notes(target, move)
    )


def _check_given(target: Target, revision: str | None) -> None:
    authoring.require_here(target, VERB)
    if not revision:
        raise UsageProblem(
            f"{VERB} needs a revision",
            where=VERB,
            why="it becomes the baseline; every environment should be at it or past it",
            next_command=target.command("al-hist"),
        )


def _check_path(graph: Graph, wanted: str) -> None:
    """Refuse a revision that the history passes by."""
    archived = graph.ancestors([wanted])
    for each in graph.history:
        beside = [parent for parent in each.parents if parent in archived and parent != wanted]
        if each.id not in archived and beside:
            raise Refused(
                f"{wanted} is on a branch of the history",
                where=each.path.name,
                why=f"{each.id} follows {beside[0]}, which would be archived",
                next_command=f"inv {VERB} --rev a revision where the branches have met",
            )


def _check_place(target: Target, current: str | None, wanted: str) -> None:
    if current in target.graph.ancestors([wanted]) - {wanted}:
        raise Refused(
            f"{target.name} is at {current}, before {wanted}",
            where=target.environment.database.name,
            why="with its revisions archived this checkout could not upgrade it",
            next_command=target.command("al-up"),
        )


def _notes(target: Target, move: archiving.Move) -> tuple[str, ...]:
    files = count(len(move.archived), "revision file")
    writing = [each for each in move.archived if rows.written_by(each.path)]
    return (
        f"{files} go to {move.archive.relative_to(target.environment.project_directory)}",
        f"an environment before {move.wanted} is upgraded by commit {move.commit} first",
        *(f"revision {each.id} writes rows, which no snapshot holds" for each in writing),
    )


def advanced(target: Target, _state: State, *, revision: str | None) -> Conclusion:
    """Say which baseline the checkout has now."""
    target.forget()
    graph = revisions.read(target.versions)  # environments.yaml was read before it was written
    first = graph.history[0].id
    is_moved = first != target.environment.migrations.baseline
    is_wanted = first == graph.resolve(revision or "")
    follows = "git add --all, then git commit" if is_moved else ""
    return Conclusion(
        sentence=f"{first} is the baseline of this checkout; "
        f"{count(len(graph.revisions) - 1, 'revision')} after it, {len(graph.archived)} behind it",
        next_command=follows if is_wanted else f"inv {VERB} --rev {revision}",
        facts=(
            ("baseline", first),
            ("archived", sorted(graph.archived)),
            ("commits", sorted(set(graph.archived.values()))),
        ),
    )
