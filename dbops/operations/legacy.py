"""The history that was left behind: reachable where its alembic.ini is still configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.errors import Refused
from dbops.operations import require
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import State
    from dbops.target import Target


def ini(target: Target, verb: str) -> str:
    """Return the legacy alembic.ini.

    Raises:
        Refused: none is configured (exit 3); the command of the present history is named.
    """
    found = target.environment.migrations.legacy
    if found is None:
        raise Refused(
            f"{target.name} has no legacy history here",
            where=f"environments.{target.name}.migrations.legacy",
            why="the old revisions were left behind at the baseline",
            next_command=target.command(verb.removesuffix("-legacy")),
        )
    return found


def current(target: Target, state: State) -> int:
    """Show where the legacy history says the database is; return Alembic's exit code."""
    config = ini(target, "al-cur-legacy")
    require.database(target, state)
    command = target.backend(state).alembic("current", config=config)
    return target.machine.hand_over(["sh", "-c", command])


def move(target: Target, state: State, *, verb: str, direction: str, revision: str) -> Runbook:
    """Plan to upgrade or downgrade by the legacy history."""
    config = ini(target, verb)
    require.database(target, state)
    command = target.backend(state).alembic(direction, revision, config=config)
    return Runbook(
        verb=verb,
        environment=target.name,
        steps=(Step(title=f"legacy {direction} to {revision}", command=command),),
        destructive=True,
        loses=f"the legacy history changes {target.name}",
    )


def moved(target: Target, state: State) -> Conclusion:
    """Say which version row the database has now."""
    found = require.database(target, state)
    return Conclusion(
        sentence=f"{target.name}: at {', '.join(found.versions) or 'no revision'} (legacy)",
        next_command=target.command("al-adopt"),
        facts=(("current", found.versions),),
    )
