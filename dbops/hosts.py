"""What a host says about itself: who it is, what its checkout is at, who works on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbops import journal
from dbops.commands import host as commands
from dbops.commands.shell import by_kind
from dbops.errors import Problem, Unreachable
from dbops.state import HostFacts

if TYPE_CHECKING:
    from dbops.commands.shell import Question
    from dbops.environments.model import Environment
    from dbops.target import Target

_COMMIT = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")


def probe(target: Target, *foreseen: Question) -> HostFacts:
    """Return what TARGET's host says; FORESEEN is asked in the same round trip.

    Raises:
        Unreachable: there is no checkout where environments.yaml says (exit 69).
        Problem: git cannot read it (exit 1).
    """
    asked = commands.facts(target.environment, target.home)
    target.machine.foresee(asked, *foreseen)
    said = by_kind(target.ask(asked).out)
    _check_checkout(target.environment, said)
    lines = "\n".join([*said.get("journal", []), ""]).encode()
    return HostFacts(
        name=_first(said, "name"),
        user=_first(said, "user"),
        marker=_first(said, "marker"),
        commit=_first(said, "commit"),
        branch=_first(said, "branch"),
        changed=tuple(each[3:] for each in said.get("changed", [])),
        hold=_first(said, "hold"),
        holder=_first(said, "holder"),
        journal=tuple(
            journal.entries(lines, str(target.journal), whole=False) if "journal" in said else ()
        ),
    )


def _first(said: dict[str, list[str]], kind: str) -> str:
    return said.get(kind, [""])[0].strip()


def _check_checkout(environment: Environment, said: dict[str, list[str]]) -> None:
    place = (
        f"{environment.host.address if environment.host else ''}:{environment.project_directory}"
    )
    if "missing" in said:
        raise Unreachable(
            f"{environment.name}: there is no checkout on the host",
            where=place,
            why="environments.yaml names a directory that is not there, or is closed to us",
            next_command=f"on the host: git clone REPOSITORY {environment.project_directory}",
        )
    commit = _first(said, "commit")
    if not _COMMIT.fullmatch(commit):
        raise Problem(
            f"{environment.name}: git cannot read the checkout on the host",
            where=place,
            why=commit or "git said nothing",
            next_command="make it a clone that belongs to the user who deploys",
        )
