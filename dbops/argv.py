"""What a person typed, read from sys.argv before Invoke and Fabric read it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Invoke's and Fabric's own options that take a value, which is no task.
_WITH_VALUE = {"--search-root", "-r", "--config", "-f", "--collection", "-c", "-H", "--hosts"}
_WITH_VALUE |= {"--command-timeout", "-T", "--list-format", "-F", "--list-depth", "-D"}
_WITH_VALUE |= {"--print-completion-script", "--identity", "-i", "--connect-timeout", "-t"}
_WITH_VALUE |= {"--ssh-config", "-S"}
# Options of this tool that a command is typed again without, and that take a value.
_OWN_WITH_VALUE = {"--confirm", "--plan-id", "--against"}
_ASKING = {"--complete", "--help", "-h"}
_PROGRAMS_OVER_SSH = frozenset({"fab", "fabric"})
_PROGRAMS = _PROGRAMS_OVER_SSH | {"inv", "invoke"}


def retyped(arguments: Sequence[str], *, without: Sequence[str]) -> str:
    """Return the command line a person typed, less some options; empty when there is none."""
    words = from_first_task(arguments[1:]) if is_ours(arguments) else iter(())
    kept: list[str] = []
    for each in words:
        name, equals, _ = each.partition("=")
        if name not in without:
            kept.append(each)
        elif name in _OWN_WITH_VALUE and not equals:
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


def can_name(arguments: Sequence[str], task: str) -> bool:
    """Return whether a command line can be about TASK; that of another program always can."""
    return not is_ours(arguments) or any(task in each for each in arguments)


def is_ours(arguments: Sequence[str]) -> bool:
    return bool(_PROGRAMS.intersection(_names(arguments)))


def typed(arguments: Sequence[str]) -> str:
    """Return the command a person typed, for a message that repeats it."""
    return next(from_first_task(arguments[1:]), "TASK")


def from_first_task(arguments: Sequence[str]) -> Iterator[str]:
    """Return the words from the first command on; nothing when help or completion is asked for."""
    return iter(()) if _ASKING.intersection(arguments) else _words(arguments)


def helped(arguments: Sequence[str]) -> str:
    """Return the command whose help is asked for; empty when there is none."""
    is_asked = "--complete" not in arguments and _ASKING.intersection(arguments)
    return next(_words(arguments), "") if is_asked else ""


def _words(arguments: Sequence[str]) -> Iterator[str]:
    words = iter(arguments)
    for each in words:
        if each in _WITH_VALUE:
            next(words, None)
        elif not each.startswith("-"):
            yield each
            yield from words


def _before_first_task(arguments: Sequence[str]) -> list[str]:
    """Return the words before the first command: Invoke's and Fabric's own options."""
    after = len(list(from_first_task(arguments)))
    return list(arguments[: len(arguments) - after])


def _names(arguments: Sequence[str]) -> set[str]:
    """Return what the program may be called: itself, or its package when it is run with -m."""
    program = Path(arguments[0])
    return {program.name, program.parent.name}
