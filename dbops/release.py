"""What is asked before a release: no freeze, a clean checkout, an allowed branch, no hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbops import guard

if TYPE_CHECKING:
    from dbops.runbook import Runbook
    from dbops.state import State
    from dbops.target import Target


def check(runbook: Runbook, found: Target, state: State, *, frees: bool = False) -> None:
    """Refuse RUNBOOK where a freeze, a manual lock or the checkout stands against it.

    Args:
        runbook: what would run.
        found: where it would run.
        state: how it is now.
        frees: a manual lock does not stand against it.

    Raises:
        Refused: a freeze, another branch, an edited checkout (exit 3).
        Locked: somebody locked the environment by hand (exit 75).
    """
    guard.check_freeze(found.environment, runbook, datetime.now(UTC))
    if not frees:
        guard.check_hold(found.environment, _hold(found, state))
    if runbook.releases and found.environment.guard.branches:
        branch, changed = _checkout(found, state)
        guard.check_checkout(found.environment, runbook, branch=branch, changed=changed)


def _hold(found: Target, state: State) -> str:
    if state.host is not None:
        return state.host.hold
    return found.machine.text(found.hold) or ""


def _checkout(found: Target, state: State) -> tuple[str, tuple[str, ...]]:
    """Return the branch the checkout is at, and the files that differ from its commit."""
    if state.host is not None:
        return state.host.branch, state.host.changed
    git = ["git", "-C", str(found.environment.project_directory)]
    branch = found.machine.read([*git, "symbolic-ref", "--quiet", "--short", "HEAD"]).out.strip()
    status = found.machine.read([*git, "status", "--porcelain"]).out.splitlines()
    return branch, tuple(each[3:] for each in status)
