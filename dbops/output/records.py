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
    """Print the entries of a journal, oldest first, each with a line for every step of it."""
    if machine:
        as_json(found)
        return
    for each in found:
        told = " ".join(f"{key}={_told(each[key])}" for key in each if _is_told(key, each[key]))
        steps = map(_step, each.get("steps", ()))
        data("\n".join([f"{each.get('at', '-')}  {each['event']:<8} {told}", *steps]))


def _step(found: dict[str, Any]) -> str:
    result = f"exit {found['code']}" if found["code"] else "ok"
    return f"  {result:<8} {found['seconds']:>8} s  {found['title']}"


_HIDDEN = {"sequence", "at", "event", "hash", "previous", "steps"}


def _is_told(key: str, value: Any) -> bool:
    return key not in _HIDDEN and value not in ([], [""])


def _told(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


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
