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
# Commands about the checkout they are typed in, and the machine it is on.
HERE: tuple[str, ...] = (
    "al-rev",
    "al-rev-auto",
    "al-lint",
    "baseline-export",
    "baseline-advance",
    "schedule",
)
HERE += ("test", "check", "benchmark", "rig-up", "rig-down")
# The commands that only fabfile.py has.
OVER_SSH = ("deploy", "rollback", "refresh", "attach", "cancel")
_PROGRAMS_OVER_SSH = frozenset({"fab", "fabric"})
_PROGRAMS = _PROGRAMS_OVER_SSH | {"inv", "invoke"}


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
    _check_hosts(arguments)
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
    program = " ".join(["fab", "-H", ",".join(named)]) if (named := hosts(arguments)) else "inv"
    return f"{program} {shlex.join(kept)}" if kept else ""


def is_fabric(arguments: Sequence[str]) -> bool:
    """Return whether the program is Fabric."""
    return bool(_PROGRAMS_OVER_SSH.intersection(_names(arguments)))


def hosts(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return what Fabric's -H names, in order; nothing when there is none, or it is not Fabric."""
    if not is_fabric(arguments):
        return ()
    words = iter(_before_first_task(arguments[1:]))
    for each in words:
        if each in {"-H", "--hosts"}:
            return tuple(next(words, "").split(","))
        if each.startswith(("-H", "--hosts=")):
            return tuple(each.removeprefix("--hosts=").removeprefix("-H").split(","))
    return ()


def on_host(arguments: Sequence[str], host: str) -> list[str]:
    """Return the words after the program's name, with HOST in place of all that -H names."""
    before, changed = _before_first_task(arguments[1:]), []
    words = iter(before)
    for each in words:
        if each in {"-H", "--hosts"}:
            next(words, None)
        elif not each.startswith(("-H", "--hosts=")):
            changed.append(each)
    return ["-H", host, *changed, *arguments[1 + len(before) :]]


def check_remainder(remainder: str) -> None:
    """Refuse `fab -H x -- COMMAND`: nothing runs on a host without a plan.

    Raises:
        UsageProblem: there is something after -- (exit 4).
    """
    if remainder:
        from dbops.errors import UsageProblem

        raise UsageProblem(
            "only commands of this tool run on a host",
            where=f"-- {remainder}",
            why="what is typed here has no plan, no lock and no journal",
            next_command="fab --list, or ssh to the host",
        )


def can_name(arguments: Sequence[str], task: str) -> bool:
    """Return whether a command line can be about TASK; that of another program always can."""
    return not _is_ours(arguments) or any(task in each for each in arguments)


def _is_ours(arguments: Sequence[str]) -> bool:
    return bool(_PROGRAMS.intersection(_names(arguments)))


def _names(arguments: Sequence[str]) -> set[str]:
    """Return what the program may be called: itself, or its package when it is run with -m."""
    program = Path(arguments[0])
    return {program.name, program.parent.name}


def _check_hosts(arguments: Sequence[str]) -> None:
    """Refuse hosts that environments.yaml does not have, before any socket opens.

    Raises:
        UsageProblem: an unknown name, one without a host, or none (exit 4).
    """
    from dbops import environments  # only -H needs them

    for each in hosts(arguments):
        found = environments.find(each, usage=f"fab -H {{}} {typed(arguments)}").at_host()
        if typed(arguments) in HERE:
            from dbops.errors import UsageProblem

            raise UsageProblem(
                f"{typed(arguments)} acts on this machine",
                where=f"-H {each}",
                why=f"it is about the checkout it is typed in, not about {found.name}'s host",
                next_command=f"inv {typed(arguments)}",
            )


def typed(arguments: Sequence[str]) -> str:
    """Return the command a person typed, for a message that repeats it."""
    return next(_from_first_task(arguments[1:]), "TASK")


def _before_first_task(arguments: Sequence[str]) -> list[str]:
    """Return the words before the first command: Invoke's and Fabric's own options."""
    after = len(list(_from_first_task(arguments)))
    return list(arguments[: len(arguments) - after])


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
            dashed = name.replace("_", "-")
            yield f"--{dashed}", argument.takes_value
            if argument.kind is bool and argument.default is True:
                yield f"--no-{dashed}", False  # Invoke adds it


def _unknown_option(name: str, task: str, flags: Iterable[str]) -> UsageProblem:
    from dbops.errors import UsageProblem  # a good command line needs no error

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
    from dbops.errors import UsageProblem

    names = list(namespace.task_names)
    if word in OVER_SSH:
        return UsageProblem(
            f"{word} goes to a host",
            where="the command line",
            why="it is one of Fabric's commands",
            next_command=f"fab -H ALIAS {word}",
        )
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
