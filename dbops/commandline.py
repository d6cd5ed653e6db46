"""How a function becomes a command: its own options first, then those all commands of a kind share.

A command that changes something is a function that returns its two halves, what decides and what
says what is true afterwards; the options --plan, --json and, where rows can be lost, --force and
--confirm are added here.
"""

from __future__ import annotations

import inspect
import signal
import sys
from functools import cached_property, partial, wraps
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any, Self

from invoke.tasks import Task, task

from dbops import argv
from dbops.errors import Interrupted, Problem, of_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec

    from invoke.context import Context
    from invoke.parser.argument import Argument

ENV = "the environment, by name or alias, as environments.yaml has it"
JSON = "print one JSON document instead of text"
PLAN = "print exactly what would run, and change nothing"
PLAN_ID = "run only if the plan still has this id"
FORCE = "required on a protected environment"
CONFIRM = "the environment's name, where no terminal is there to type it"

# The defaults tell Invoke what an option takes: nothing, or a word.
_CHANGING = {"plan": (False, PLAN), "json": (False, JSON)}
_DESTROYING = {**_CHANGING, "force": (False, FORCE), "confirm": (None, CONFIRM)}
_RELEASING = {**_CHANGING, "plan_id": (None, PLAN_ID), "confirm": (None, CONFIRM)}


class Command(Task[Any]):
    """A task that costs next to nothing until it is typed.

    Invoke 2.2 copies every task, and every option of every task, before it looks at what was
    typed; with as many as here that takes longer than loading them.
    """

    reads = False  # it only looks, so it may run on several hosts at once
    changes_with = ""  # the option with which it does more, on one host alone then

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # one process has one namespace, which needs no second set of commands

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: ARG002, FBT001
        """Return the options; none when the command line cannot be about this command."""
        name = self.name.replace("_", "-")
        return self._options if argv.can_name(sys.argv, name) else []

    @cached_property
    def _options(self) -> list[Argument]:
        # Read once: Invoke takes the help texts away as it reads them.
        return super().get_arguments()


# Every parameter has a default, so no signature need be searched for those without.
command = partial(task, klass=Command, positional=(), auto_shortflags=False)


def keep_compiled(spec: ModuleSpec | None) -> None:
    """Keep the bytecode of a file that Invoke loaded, for the next run to read.

    Invoke loads tasks.py while writing bytecode is off, yet Python reads what is there. Asking
    the loader once more writes it as an import does: only when it is missing or of another
    version of the file, in one rename, and not at all where nothing may be written.

    Args:
        spec: the file's own __spec__.
    """
    if spec and isinstance(spec.loader, SourceFileLoader) and not sys.dont_write_bytecode:
        spec.loader.get_code(spec.name)


def end_with_reader() -> None:
    """Let what runs no command, such as `--list | head`, end without a word when its reader left.

    A command must not: what it began goes on, whoever reads of it.
    """
    if argv.is_ours(sys.argv) and not any(argv.from_first_task(sys.argv[1:])):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def reading(
    *, machine: bool = True, changes_with: str = "", **own: str
) -> Callable[[Callable[..., Any]], Task[Any]]:
    """Return a decorator for a command that only looks.

    Args:
        machine: it takes --json.
        changes_with: the option with which it does more, on one host alone then.
        own: the help of its own options.
    """

    def made(body: Callable[..., Any]) -> Task[Any]:
        helps = {"env": ENV, **({"json": JSON} if machine else {}), **_dashed(own)}
        reads: Command = command(help=helps)(answering(body))
        reads.reads, reads.changes_with = True, changes_with
        return reads

    return made


def answering(body: Callable[..., Any]) -> Callable[..., Any]:
    """Return BODY with every end told, and with a document for --json where a problem is an answer.

    Ctrl-C, too: Invoke would end with 1 and no word.
    """

    @wraps(body)
    def reads(*arguments: Any, **options: Any) -> None:
        try:
            body(*arguments, **options)
        except Problem as problem:
            if options.get("json") and problem.facts is not None:
                from dbops import output  # listing the commands needs none of it

                output.as_json(dict(problem.facts))
            raise
        except KeyboardInterrupt:
            raise Interrupted(
                f"{argv.typed(sys.argv)}: interrupted",
                where=options.get("env") or "",
                why="nothing is half done",
                next_command="type the same command again",
            ) from None
        except OSError as error:
            raise of_file(error) from error

    return reads


def changing(
    env: str | None = None, *, holds: bool = False, **own: str
) -> Callable[[Callable[..., Any]], Task[Any]]:
    """Return a decorator for a command that changes an environment and loses no rows.

    Args:
        env: the environment when none is named; only for what changes nothing but the checkout.
        holds: it locks the environment by hand, or frees it.
        own: the help of the command's own options.
    """
    return partial(_made, shared=_CHANGING, env=env, own=own, how={"holds": holds})


def destroying(*, marks: bool = False, **own: str) -> Callable[[Callable[..., Any]], Task[Any]]:
    """Return a decorator for a command the guard watches over on a protected environment.

    Args:
        marks: it marks the host, which is therefore not asked who it is.
        own: the help of the command's own options.
    """
    return partial(_made, shared=_DESTROYING, own=own, how={"marks": marks})


def releasing(
    *, force: bool = False, mends: bool = False, **own: str
) -> Callable[[Callable[..., Any]], Task[Any]]:
    """Return a decorator for a command that brings a release to a host, or takes one back.

    Args:
        force: it can lose rows, so that --force is asked for on a protected environment.
        mends: it also goes to a host whose services cannot be listed.
        own: the help of the command's own options.
    """
    shared = {**_RELEASING, **({"force": (False, FORCE)} if force else {})}
    return partial(_made, shared=shared, own=own, how={"mends": mends})


def _made(
    halves: Callable[..., Any],
    *,
    shared: dict[str, tuple[Any, str]],
    own: dict[str, str],
    how: dict[str, bool],
    env: str | None = None,
) -> Task[Any]:
    def body(_context: Context, env: str | None, **given: Any) -> None:
        from dbops import perform  # listing the commands needs none of it

        options = perform.Options(**{name: given.pop(name) for name in shared})
        decide, conclude, *foresees = halves(**given)
        verb = perform.Verb(
            plan=decide, conclude=conclude, foresees=next(iter(foresees), None), **how
        )
        perform.change(env, verb, options)

    body.__name__, body.__doc__, body.__module__ = halves.__name__, halves.__doc__, "tasks"
    body.__signature__ = _signature(halves, env, shared)  # type: ignore[attr-defined]  # what Invoke reads the options from
    helps = {"env": ENV, **_dashed({**own, **{name: text for name, (_, text) in shared.items()}})}
    made: Task[Any] = command(help=helps)(body)
    return made


def _signature(
    halves: Callable[..., Any], env: str | None, shared: dict[str, tuple[Any, str]]
) -> inspect.Signature:
    """Return what Invoke reads the options from: the context, --env, own and shared options."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = [inspect.Parameter("c", kind), inspect.Parameter("env", kind, default=env)]
    own = inspect.signature(halves).parameters.values()
    last = [inspect.Parameter(name, kind, default=value) for name, (value, _) in shared.items()]
    return inspect.Signature([*first, *own, *last])


def _dashed(helps: dict[str, str]) -> dict[str, str]:
    """Return HELPS by the names options have on the command line: from_ is --from."""
    return {name.strip("_").replace("_", "-"): text for name, text in helps.items()}
