"""What a verb that acts on a host needs before it can be planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.errors import Locked, Refused, UsageProblem

if TYPE_CHECKING:
    from dbops.state import Database, HostFacts, State
    from dbops.target import Target


def facts(state: State, verb: str) -> HostFacts:
    """Return what the host VERB acts on said about itself.

    Raises:
        UsageProblem: the environment is not reached over SSH (exit 4).
    """
    if state.host is None:
        raise UsageProblem(
            f"a {verb} goes to a host",
            where="the command line",
            why="no host is named",
            next_command=f"fab -H ALIAS {verb}",
        )
    return state.host


def clean_checkout(target: Target, host: HostFacts) -> None:
    """Refuse a checkout that is not exactly a commit of the branch that is deployed.

    Raises:
        Refused: it was edited, or is at another branch (exit 3).
    """
    branch = target.environment.git.branch
    place = str(target.environment.project_directory)
    if host.changed:
        raise Refused(
            f"{target.name}: the checkout on the host was edited",
            where=", ".join(host.changed[:5]),
            why="what would run there is not what is committed",
            next_command=f"on the host: git -C {place} status, then move away what it lists",
        )
    if host.branch != branch:
        raise Refused(
            f"{target.name}: the checkout on the host is at {host.branch or 'no branch'}",
            where=place,
            why=f"git.branch says that {branch} is deployed",
            next_command=f"on the host: git -C {place} switch {branch}",
        )


def nobody_migrates(target: Target, found: Database, verb: str) -> None:
    """Refuse VERB while somebody migrates the database.

    Raises:
        Locked: who it is (exit 75).
    """
    if found.migrating:
        raise Locked(
            f"{target.name}: somebody is migrating the database",
            where=target.environment.database.name,
            why=found.migrating,
            next_command=f"wait for it, then {target.command(verb)}",
        )
