"""The schema of every revision of this history, one after another in one scratch database."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from dbops import output
from dbops.errors import Locked, Problem
from dbops.operations import scratch
from dbops.operations.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from dbops.catalogue import Catalogue
    from dbops.state import State
    from dbops.target import Target

    Walked = Generator[tuple[str, Catalogue]]

# Between two of them is a sign of life, and the chance to stop.
REVISIONS_AT_ONCE = 20


def history(target: Target) -> list[str]:
    """Return the baseline and all that follows it, each after those it follows."""
    graph, baseline = target.graph, target.environment.migrations.baseline
    return [each.id for each in graph.history if baseline in graph.ancestors([each.id])]


def catalogues(target: Target, state: State) -> Walked:
    """Yield each revision with its catalogue, from the baseline on, built once and then kept.

    What cannot be built, and what follows it, is said and left out.

    Raises:
        Locked: another comparison is building a schema (exit 75).
        Problem: the baseline itself cannot be built (exit 1).
    """
    waiting = history(target)
    while waiting and (found := scratch.kept(target, state, waiting[0])):
        yield waiting.pop(0), found
    seen = set()
    if waiting:
        with closing(_built(target, state, waiting)) as walked:
            for each in walked:
                seen.add(each[0])
                yield each
    yield from _one_by_one(target, state, [each for each in waiting if each not in seen])


def _built(
    target: Target, state: State, revisions: Sequence[str], granted: frozenset[str] = frozenset()
) -> Walked:
    """Build a database up to the first of REVISIONS, and read it there and at each that follows.

    A revision that makes a declared schema, which is not among those GRANTED, is the first of a
    database of its own: what follows needs the privileges that the roles get in it.
    """
    anew: Sequence[str] = ()
    with Scratch.of(target, state, any_roles=True) as made:
        made.load()
        if not _could(made.upgrade, revisions[0]):
            return
        first = made.catalogue(revisions[0])
        yield revisions[0], first
        granted |= scratch.late_in(target, first)
        made.record()
        for at in range(1, len(revisions), REVISIONS_AT_ONCE):
            batch = revisions[at : at + REVISIONS_AT_ONCE]
            output.say(f"  {at}/{len(revisions)} built, now up to {batch[-1]} ...")
            made.claim()
            whole = _could(made.go_on, batch[-1])
            for each, found in _recorded(made, batch):
                if scratch.late_in(target, found) - granted:
                    granted |= scratch.late_in(target, found)
                    anew = revisions[revisions.index(each) :]
                    break
                yield each, made.keep(each, found)
            if anew or not whole:
                break
    if anew:
        yield from _built(target, state, anew, granted)


def _recorded(made: Scratch, revisions: Sequence[str]) -> Walked:
    for each in revisions:
        if found := made.recorded(each):
            yield each, found


def _could(upgrade: Callable[[str], None], revision: str) -> bool:
    try:
        upgrade(revision)
    except Problem:  # told by the one that is built up to the revision that fails
        return False
    return True


def _one_by_one(target: Target, state: State, revisions: Sequence[str]) -> Walked:
    """Build what is on one of several branches, or cannot be built, by itself."""
    failed: set[str] = set()
    for each in revisions:
        if failed & target.graph.ancestors([each]):
            continue
        try:
            yield each, scratch.expected(target, state, each, any_roles=True)
        except Locked:
            raise
        except Problem as problem:
            failed.add(each)
            output.say(f"the schema of {each} and what follows it is unknown: {problem.why}")
