"""The manual lock: while somebody holds an environment, nothing changes it, people and timers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dbops import guard, runs
from dbops.commands.shell import lines, words
from dbops.errors import UsageProblem
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import State
    from dbops.target import Target


def _held(target: Target) -> dict[str, str]:
    text = target.machine.text(target.hold)
    return guard.held(text) if text else {}


def lock(target: Target, _state: State, *, message: str | None) -> Runbook:
    """Plan to lock the environment until somebody unlocks it.

    Args:
        target: the environment.
        message: why, for those who are refused.
    """
    if not (message or "").strip():
        raise UsageProblem(
            "a lock needs a message",
            where="lock",
            why="it is all that those who are refused will read",
            next_command=target.command("lock --message 'the year-end closing runs'"),
        )
    held = _held(target)
    file = target.hold
    facts = {"who": runs.who(), "since": runs.now(), "message": (message or "").strip()}
    write = f"printf '%s\\n' {words(json.dumps(facts, ensure_ascii=False))} >{words(file)}.partial"
    step = Step(
        title=f"lock {target.name}: {facts['message']}",
        command=lines(write, f"mv -- {words(file)}.partial {words(file)}"),
        verify=words("test", "-s", file),
    )
    return Runbook(
        verb="lock",
        environment=target.name,
        steps=() if held else (step,),
        reason=f"{held.get('who')} locked it, since {held.get('since')}: {held.get('message')}",
    )


def unlock(target: Target, _state: State) -> Runbook:
    """Plan to take the manual lock away, whoever set it."""
    held = _held(target)
    file = target.hold
    step = Step(
        title=f"unlock {target.name}, locked by {held.get('who')}: {held.get('message')}",
        command=words("rm", "-f", "--", file),
        verify=words("test", "!", "-e", file),
    )
    return Runbook(
        verb="unlock",
        environment=target.name,
        steps=(step,) if held else (),
        reason="nobody locked it",
    )


def concluded(target: Target, _state: State) -> Conclusion:
    """Say whether the environment is locked."""
    held = _held(target)
    if not held:
        return Conclusion(sentence=f"{target.name}: not locked", facts=(("locked", False),))
    return Conclusion(
        sentence=f"{target.name}: locked by {held['who']}, since {held['since']}: "
        f"{held['message']}",
        next_command=target.command("unlock"),
        facts=(("locked", True), *held.items()),
    )
