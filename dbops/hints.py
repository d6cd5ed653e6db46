"""Say what was probably meant, in four lines, before Invoke says that it has no idea."""

from __future__ import annotations

import difflib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from invoke.collection import Collection

    from dbops.errors import UsageProblem

# Invoke's and Fabric's own options that take a value, which is no task.
_WITH_VALUE = {"--search-root", "-r", "--config", "-f", "--collection", "-c", "-H", "--hosts"}
_WITH_VALUE |= {"--command-timeout", "-T", "--list-format", "-F", "--list-depth", "-D"}
_WITH_VALUE |= {"--print-completion-script", "--identity", "-i"}
_PROGRAMS = frozenset({"inv", "invoke", "fab", "fabric"})


def check(arguments: Sequence[str], namespace: Collection) -> None:
    """Refuse a command line that names an unknown command or option.

    Invoke has no did-you-mean (pyinvoke/invoke#1021), ends with 1 for a wrong command line, and
    takes an environment given without --env for another command.

    Args:
        arguments: sys.argv; a program other than Invoke and Fabric is let through.
        namespace: the commands there are.

    Raises:
        UsageProblem: with the nearest name (exit 4).
    """
    if not _is_ours(arguments):
        return
    _check_hosts(arguments[1:])
    rest = list(_from_first_task(arguments[1:]))
    if rest:
        _check_words(iter(rest), namespace)


def retyped(arguments: Sequence[str], *, without: Sequence[str]) -> str:
    """Return the command line a person typed, less some options; empty when there is none."""
    words = _from_first_task(arguments[1:]) if _is_ours(arguments) else iter(())
    kept: list[str] = []
    for each in words:
        name, equals, _ = each.partition("=")
        if name not in without:
            kept.append(each)
        elif name == "--confirm" and not equals:
            next(words, None)
    return f"inv {shlex.join(kept)}" if kept else ""


def can_name(arguments: Sequence[str], task: str) -> bool:
    """Return whether a command line can be about TASK; that of another program always can."""
    return not _is_ours(arguments) or any(task in each for each in arguments)


def _is_ours(arguments: Sequence[str]) -> bool:
    program = Path(arguments[0])
    return bool(_PROGRAMS.intersection({program.name, program.parent.name}))


def _check_hosts(arguments: Sequence[str]) -> None:
    """Refuse Fabric's -H: a command that is meant for a host must never run on this machine."""
    given = next((each for each in arguments if each.startswith(("-H", "--hosts"))), None)
    if given is None:
        return
    from dbops.errors import UsageProblem  # noqa: PLC0415  a good command line needs no error

    raise UsageProblem(
        "commands do not travel over SSH yet",
        where=f"the option {given}",
        why="every command acts on the machine it is typed on",
        next_command="on the host itself, in its checkout: inv COMMAND --env NAME",
    )


def typed(arguments: Sequence[str]) -> str:
    """Return the command a person typed, for a message that repeats it."""
    return next(_from_first_task(arguments[1:]), "TASK")


def _from_first_task(arguments: Sequence[str]) -> Iterator[str]:
    """Return the words from the first command on; nothing when help or completion is asked for."""
    if {"--complete", "--help", "-h"}.intersection(arguments):
        return
    words = iter(arguments)
    for each in words:
        if each in _WITH_VALUE:
            next(words, None)
        elif not each.startswith("-"):
            yield each
            yield from words


def _check_words(words: Iterator[str], namespace: Collection) -> None:
    task = ""
    flags: dict[str, bool] = {}
    for word in words:
        if word == "--":
            return
        if word.startswith("-"):
            name, equals, _ = word.partition("=")
            if name not in flags:
                raise _unknown_option(name, task, flags)
            if flags[name] and not equals:
                next(words, None)
        elif word in namespace.task_names:
            task, flags = word, dict(_flags(word, namespace))
        else:
            raise _unknown_word(word, task, flags, namespace)


def _flags(task: str, namespace: Collection) -> Iterator[tuple[str, bool]]:
    """Return each option of TASK with whether it takes a value."""
    for argument in namespace[task].get_arguments():
        for name in argument.names:
            yield f"--{name.replace('_', '-')}", argument.takes_value


def _unknown_option(name: str, task: str, flags: Iterable[str]) -> UsageProblem:
    from dbops.errors import UsageProblem  # noqa: PLC0415  a good command line needs no error

    close = difflib.get_close_matches(name, flags, n=1, cutoff=0.6)
    options = ", ".join(sorted(flags)) or "none"
    return UsageProblem(
        f"{task} has no option {name}",
        where="the command line",
        why=f"did you mean {close[0]}?" if close else f"its options are {options}",
        next_command=f"inv --help {task}",
    )


def _unknown_word(
    word: str, task: str, flags: Iterable[str], namespace: Collection
) -> UsageProblem:
    from dbops.errors import UsageProblem  # noqa: PLC0415

    names = list(namespace.task_names)
    cutoff = 0.8 if task else 0.6  # after a command it is rather a value without its option
    close = difflib.get_close_matches(word.replace("_", "-"), names, n=1, cutoff=cutoff)
    if task and not close and "--env" in flags:
        return UsageProblem(
            f"{task}: {word!r} stands alone",
            where="the command line",
            why="an environment is given with --env",
            next_command=f"inv {task} --env {word}",
        )
    return UsageProblem(
        f"no command is called {word!r}",
        where="the command line",
        why=f"did you mean {close[0]}?" if close else f"there are {len(names)} commands",
        next_command=f"inv --help {close[0]}" if close else "inv --list",
    )
