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


# With it, a command that reads restores a dump on its host.
_RESTORING = "--restore-test"


def run(
    arguments: Sequence[str], hosts: Sequence[str], namespace: Collection, commands: Sequence[str]
) -> int:
    """Run the COMMANDS of ARGUMENTS on each of HOSTS; return the first exit code that is not 0.

    Raises:
        UsageProblem: one changes something, which is done on one host at a time (exit 4).
    """
    command = next((each for each in commands if not _reads(each, namespace)), None)
    if command is None and _RESTORING in arguments:
        command = f"{commands[0]} {_RESTORING}"
    if command:
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


def _reads(command: str, namespace: Collection) -> bool:
    return command in namespace.task_names and bool(getattr(namespace[command], "reads", False))


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
