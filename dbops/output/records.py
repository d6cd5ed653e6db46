"""What is on record of an environment: backups, runs, journal, settings, and what is wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dbops.errors import ExitCode
from dbops.output.stream import as_json, data, say, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbops.environments.model import Environment


def backups(found: list[dict[str, Any]], *, machine: bool) -> int:
    """Print the backups and return the exit code: 2 when one is damaged."""
    damaged = any(each.get("damage") for each in found)
    if machine:
        as_json(found)
    elif found:
        table([["taken", "revision", "bytes", "rows", "state", "dump"], *map(_backup, found)])
    else:
        say("there are no backups")
    return int(ExitCode.DIFFERENCES if damaged else ExitCode.OK)


def _backup(found: dict[str, Any]) -> list[str]:
    state = found["damage"] or "proven" if "damage" in found else "not verified now"
    numbers = [str(found["bytes"]), str(found["rows"])]
    return [found["taken_at"], found["revision"] or "none", *numbers, state, found["dump"]]


def runs(found: list[dict[str, Any]], *, machine: bool) -> None:
    """Print the runs of an environment, newest first."""
    if machine:
        as_json(found)
    elif found:
        table([["began", "verb", "result", "seconds", "who", "run"], *map(_run, found)])
    else:
        say("nothing ever ran")


def _run(found: dict[str, Any]) -> list[str]:
    known = (str(found.get(key, "-")) for key in ("at", "verb", "result", "seconds", "who"))
    return [*known, found["run"]]


def journal(found: list[dict[str, Any]], *, machine: bool) -> None:
    """Print the entries of a journal, oldest first, one a line."""
    if machine:
        as_json(found)
        return
    hidden = {"sequence", "at", "event", "hash", "previous"}
    for each in found:
        facts = " ".join(f"{key}={value}" for key, value in each.items() if key not in hidden)
        data(f"{each.get('at', '-')}  {each['event']:<8} {facts}")


def findings(found: list[dict[str, Any]], *, machine: bool) -> int:
    """Print what was found wrong and return the exit code: 2 when there is anything."""
    if machine:
        as_json(found)
    elif not found:
        data("all is well")
    else:
        parts = ("{what}", "  why:  {why}", "  next: {next_command}")
        data("\n".join(part.format(**each) for each in found for part in parts))
    return int(ExitCode.DIFFERENCES if found else ExitCode.OK)


def config(environment: Environment, *, machine: bool) -> None:
    """Print every setting of ENVIRONMENT, defaults included; there is no secret among them."""
    found = asdict(environment)
    if machine:
        as_json(found)
        return
    data("\n".join(f"{key}: {value}" for key, value in sorted(_flat(found))))


def _flat(found: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif value not in {None, ()}:
            yield f"{prefix}{key}", ", ".join(value) if isinstance(value, tuple) else value
