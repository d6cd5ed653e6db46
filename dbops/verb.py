"""What a command does, and the options every changing command takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbops.environments.frozen import Frozen
from dbops.probe import probe
from dbops.state import Service, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbops.commands.shell import Question
    from dbops.output import Conclusion
    from dbops.runbook import Runbook
    from dbops.target import Target

UNASKED = State(service=Service(status="absent"), database=None)


class Verb(Frozen):
    """What a command does.

    Attributes:
        plan: decides what runs.
        conclude: says what is true afterwards.
        marks: it lets a host say who it is, so that is not asked first.
        holds: it locks the environment by hand or frees it: it also runs while it is locked, and
            whatever services and database are doing.
        mends: it can bring a release to a host whose services cannot even be listed.
        foresees: what its plan will ask of a host, so that it is sent together with the probe.
    """

    plan: Callable[[Target, State], Runbook]
    conclude: Callable[[Target, State], Conclusion]
    marks: bool = False
    holds: bool = False
    mends: bool = False
    foresees: Callable[[Target], tuple[Question, ...]] | None = None

    def probe(self, found: Target) -> State:
        """Return the state of FOUND; a machine that is being marked has none yet."""
        if self.marks and not found.environment.remote:
            return UNASKED
        if self.holds:
            return _of_the_host_alone(found)
        foreseen = self.foresees(found) if self.foresees else ()
        return probe(found, *foreseen, mends=self.mends)


def _of_the_host_alone(found: Target) -> State:
    if not found.environment.remote:
        return UNASKED
    from dbops import hosts  # only for what is reached over SSH

    return replace(UNASKED, host=hosts.probe(found))


class Options(Frozen):
    """The options of a changing command.

    Attributes:
        plan: show what would run, and change nothing.
        plan_id: run only if the plan is still this one.
    """

    plan: bool = False
    json: bool = False
    force: bool = False
    confirm: str | None = None
    plan_id: str | None = None
