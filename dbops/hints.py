"""Say what was probably meant, in four lines, before Invoke says that it has no idea."""

from __future__ import annotations

import difflib
import shlex
from typing import TYPE_CHECKING

from dbops import argv
from dbops.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from invoke.collection import Collection
    from invoke.parser.argument import Argument

    from dbops.environments.model import Environment

# Commands about the checkout they are typed in, and the machine it is on.
NO_ENVIRONMENT = ("test", "check", "benchmark", "rig-up", "rig-down")
OF_A_HOST = ("schedule", "al-lint")  # yet typed here: what it is asked about may live on a host
HERE = ("al-rev", "al-rev-auto", "baseline-export", "baseline-advance", *OF_A_HOST, *NO_ENVIRONMENT)
# The commands that only fabfile.py has.
OVER_SSH = ("deploy", "rollback", "refresh", "attach", "cancel")


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
    if not argv.is_ours(arguments):
        return
    named = list(_checked(argv.from_first_task(arguments[1:]), namespace))
    _check_hosts(arguments, named)
    helped = argv.helped(arguments[1:])
    if helped and helped not in namespace.task_names:
        raise _unknown_word(helped, "", (), namespace)


def check_remainder(remainder: str) -> None:
    """Refuse `fab -H x -- COMMAND`: nothing runs on a host without a plan.

    Raises:
        UsageProblem: there is something after -- (exit 4).
    """
    if remainder:
        raise UsageProblem(
            "only commands of this tool run on a host",
            where=f"-- {remainder}",
            why="what is typed here has no plan, no lock and no journal",
            next_command="fab --list, or ssh to the host",
        )


def _check_hosts(arguments: Sequence[str], commands: Sequence[str]) -> None:
    """Refuse hosts that environments.yaml does not have, before any socket opens.

    Raises:
        UsageProblem: an unknown name, one without a host, or none (exit 4).
    """
    if not (hosts := argv.hosts(arguments)):
        return
    from dbops import environments  # only -H needs them

    for each in hosts:
        found = environments.find(each, usage=f"fab -H {{}} {argv.typed(arguments)}")
        if found.host is None:
            raise _without_host(each, found, arguments)
        for here in (each for each in commands if each in HERE):
            raise _not_on_host(here, each, found, arguments)


def _without_host(typed: str, found: Environment, arguments: Sequence[str]) -> UsageProblem:
    return UsageProblem(
        f"{found.name} has no host",
        where=f"-H {typed}",
        why="it lives on this machine",
        next_command=_typed_here(arguments, found.name),
    )


def _not_on_host(
    command: str, typed: str, found: Environment, arguments: Sequence[str]
) -> UsageProblem:
    return UsageProblem(
        f"{command} acts on this machine",
        where=f"-H {typed}",
        why=f"it is about the checkout it is typed in, not about {found.name}'s host",
        next_command=_typed_here(arguments, _environment(command, found)),
    )


def _environment(command: str, found: Environment) -> str:
    """Return the environment that COMMAND is typed with here, empty when it takes none."""
    from dbops import environments

    if command in NO_ENVIRONMENT:
        return ""
    if command in OF_A_HOST:
        return found.name
    every = environments.load().environments.values()
    local = [each.name for each in every if each.host is None and not each.is_protected]
    return (local or [""])[0]


def _typed_here(arguments: Sequence[str], environment: str) -> str:
    """Return the command line of ARGUMENTS for this machine, on ENVIRONMENT unless it has one."""
    if (typed := argv.typed(arguments)) in OVER_SSH:
        return f"fab -H ALIAS {typed}"
    words = list(argv.from_first_task(arguments[1:])) or ["COMMAND"]
    if environment and not any(each.partition("=")[0] == "--env" for each in words):
        words += ["--env", environment]
    return f"inv {shlex.join(words)}"


def _checked(words: Iterator[str], namespace: Collection) -> Iterator[str]:
    """Yield the commands among WORDS, while each word is checked."""
    task = ""
    flags: dict[str, Argument | None] = {}
    for word in words:
        if word == "--":
            return
        if word.startswith("-"):
            _check_option(word, words, task, flags)
        elif word in namespace.task_names:
            task, flags = word, dict(_flags(word, namespace))
            yield word
        else:
            raise _unknown_word(word, task, flags, namespace)


def _check_option(
    word: str, words: Iterator[str], task: str, flags: Mapping[str, Argument | None]
) -> None:
    name, equals, value = word.partition("=")
    if name not in flags:
        raise _unknown_option(name, task, flags)
    argument = flags[name]
    if argument is None:
        return
    given = value if equals else next(words, None)
    if given is None or not given.strip():
        # A variable that is not set must not count as an option that was not given.
        why = "nothing follows it" if given is None else "what follows it is empty"
        raise _unusable(task, f"{name} needs a value", why)
    if argument.kind is int and not given.isdecimal():
        raise _unusable(task, f"{name} takes a number from 0 up", f"{given!r} is none")


def _flags(task: str, namespace: Collection) -> Iterator[tuple[str, Argument | None]]:
    """Return each option of TASK, with what it takes where it takes a value."""
    for argument in namespace[task].get_arguments():
        for name in argument.names:
            dashed = name.replace("_", "-")
            yield f"--{dashed}", argument if argument.takes_value else None
            if argument.kind is bool and argument.default is True:
                yield f"--no-{dashed}", None  # Invoke adds it


def _unusable(task: str, what: str, why: str) -> UsageProblem:
    return UsageProblem(
        f"{task}: {what}",
        where="the command line",
        why=why,
        next_command=_help(task),
    )


def _help(task: str) -> str:
    return f"{'fab' if task in OVER_SSH else 'inv'} --help {task}"


def _unknown_option(name: str, task: str, flags: Iterable[str]) -> UsageProblem:
    close = difflib.get_close_matches(name, flags, n=1, cutoff=0.6)
    options = ", ".join(sorted(flags)) or "none"
    return UsageProblem(
        f"{task} has no option {name}",
        where="the command line",
        why=f"did you mean {close[0]}?" if close else f"its options are {options}",
        next_command=_help(task),
    )


def _unknown_word(
    word: str, task: str, flags: Iterable[str], namespace: Collection
) -> UsageProblem:
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
        next_command=_help(close[0]) if close else "inv --list",
    )
