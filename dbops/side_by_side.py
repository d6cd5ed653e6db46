"""One reading command on several hosts at once: a process each, and one summary."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from dbops import argv, output, runner
from dbops.errors import ExitCode, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke.collection import Collection


def run(
    arguments: Sequence[str], hosts: Sequence[str], namespace: Collection, commands: Sequence[str]
) -> int:
    """Run the COMMANDS of ARGUMENTS on each of HOSTS; return the first exit code that is not 0.

    Raises:
        UsageProblem: one changes something, which is done on one host at a time (exit 4).
    """
    changing = (_changing(each, namespace, arguments) for each in commands)
    if command := next(filter(None, changing), ""):
        raise UsageProblem(
            f"{command} takes one host",
            where=f"-H {','.join(hosts)}",
            why="it changes something, or takes the terminal; several at once only look",
            next_command=f"fab -H {hosts[0]} {command}",
        )
    each = [[sys.executable, "-m", "fabric", *argv.on_host(arguments, host)] for host in hosts]
    answers = runner.read_all(each)
    _show(hosts, answers, machine="--json" in arguments)
    return next((answer.code for answer in answers if answer.code), int(ExitCode.OK))


def _changing(command: str, namespace: Collection, arguments: Sequence[str]) -> str:
    """Return COMMAND, with the option that makes it change something; empty where it only reads."""
    found = namespace[command] if command in namespace.task_names else None
    if found is None or not found.reads:
        return command
    option = found.changes_with
    return f"{command} {option}" if option and option in arguments else ""


def _show(hosts: Sequence[str], answers: Sequence[runner.Answer], *, machine: bool) -> None:
    if machine:
        found = zip(hosts, answers, strict=True)
        output.as_json({host: _document(answer) for host, answer in found})
        return
    for host, answer in zip(hosts, answers, strict=True):
        output.say(f"--- {host}")
        output.said(answer.out, answer.error)
    ends = (f"{host} {_end(answer)}" for host, answer in zip(hosts, answers, strict=True))
    output.say(f"{output.count(len(hosts), 'host')}: {', '.join(ends)}")


def _end(answer: runner.Answer) -> str:
    return "ok" if answer.code == 0 else f"exit {answer.code}"


def _document(answer: runner.Answer) -> object:
    try:
        return {"code": answer.code, "answer": json.loads(answer.out)}
    except ValueError:
        return {"code": answer.code, "error": answer.error}
