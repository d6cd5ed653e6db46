"""A plan before it runs, what a command says at its end, and what a rehearsal showed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbops.environments.frozen import Frozen
from dbops.output.stream import as_json, count, data, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbops.runbook import Runbook


# Plans whose notes a person has read, before a question.
_summed_up: set[str] = set()


class Conclusion(Frozen):
    """What is now true, in one sentence, the command that follows, and the same as data."""

    sentence: str
    next_command: str = ""
    facts: tuple[tuple[str, Any], ...] = ()


def plan(runbook: Runbook, *, machine: bool) -> None:
    """Print what RUNBOOK would run: the script itself on stdout, its summary on stderr."""
    if machine:
        as_json(_plan_facts(runbook))
        return
    if not runbook.steps:
        nothing_to_do(runbook)
        return
    summary(runbook)
    data(runbook.script().rstrip("\n"))


def summary(runbook: Runbook) -> None:
    """Print what RUNBOOK would do, a line a step."""
    _summed_up.add(runbook.id)
    steps = count(len(runbook.steps), "step")
    say(f"plan {runbook.id}: {runbook.verb} {runbook.environment}, {steps}")
    for number, step in enumerate(runbook.steps, start=1):
        say(f"  {number}  {step.title}")
    notes(runbook.notes)
    if runbook.continues:
        say("the database is asked, and the rest planned, once these steps are done")


def _plan_facts(runbook: Runbook) -> dict[str, Any]:
    return {
        "plan": runbook.id if runbook.steps else None,
        "verb": runbook.verb,
        "environment": runbook.environment,
        "reason": "" if runbook.steps else runbook.reason,
        "notes": runbook.notes,
        "continues": runbook.continues,
        "steps": [{"title": each.title, "command": each.command} for each in runbook.steps],
        "script": runbook.script() if runbook.steps else "",
    }


def nothing_to_do(runbook: Runbook) -> None:
    """Say that RUNBOOK has no steps, and why."""
    say(f"{runbook.verb} {runbook.environment}: nothing to do: {runbook.reason}")
    notes(runbook.notes)


def beginning(runbook: Runbook) -> None:
    """Say that RUNBOOK begins."""
    steps = count(len(runbook.steps), "step")
    say(f"{runbook.verb} {runbook.environment}: {steps} (plan {runbook.id})")
    if runbook.id not in _summed_up:
        notes(runbook.notes)


def notes(found: Iterable[str]) -> None:
    """Print what a person should know."""
    for note in found:
        say(f"note: {note}")


def conclude(conclusion: Conclusion, *, seconds: float | None = None) -> None:
    """Print the sentence that ends a command, and the next command to type."""
    took = "" if seconds is None else f" ({seconds:.1f} s)"
    data(f"{conclusion.sentence}{took}")
    if conclusion.next_command:
        say(f"next: {conclusion.next_command}")


def answer(conclusion: Conclusion, *, machine: bool) -> None:
    """Print a reading command's answer."""
    if machine:
        as_json(dict(conclusion.facts))
    else:
        conclude(conclusion)


def rehearsal(found: dict[str, Any]) -> list[str]:
    """Return what a rehearsal showed, a line each: time, locks, rewrites, drift."""
    revisions = count(len(found["revisions"]), "revision")
    on = "the backup" if found["mode"] == "full" else "the backup's schema"
    return [
        f"rehearsed on {on}: {revisions} in {found['seconds']} s",
        f"restored in {found['restored_seconds']} s",
        *(f"{each['revision']} took {each['seconds']} s" for each in found["revisions"]),
        *(
            f"{each['mode']} on {each['relation']} for {each['seconds']} s"
            for each in found["locks"]
        ),
        *(f"rewrites {each['relation']}, {each['bytes']} bytes" for each in found["rewrites"]),
        *(["the live schema was not what the files say before: see drift"] * bool(found["drift"])),
    ]


def rehearsed(found: dict[str, Any]) -> None:
    """Print what a rehearsal showed."""
    for line in rehearsal(found):
        say(line)
