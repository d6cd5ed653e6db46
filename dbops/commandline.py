"""How a function becomes a command: its own options first, then those all commands of a kind share.

A command that changes something is a function that returns its two halves, what decides and what
says what is true afterwards; the options --plan, --json and, where rows can be lost, --force and
--confirm are added here.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from invoke.tasks import Task, task

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke.context import Context

ENV = "the environment, by name or alias, as environments.yaml has it"
JSON = "print one JSON document instead of text"
PLAN = "print exactly what would run, and change nothing"
FORCE = "required on a protected environment"
CONFIRM = "the environment's name, where no terminal is there to type it"

# The defaults tell Invoke what an option takes: nothing, or a word.
_CHANGING = {"plan": (False, PLAN), "json": (False, JSON)}
_DESTROYING = {**_CHANGING, "force": (False, FORCE), "confirm": (None, CONFIRM)}

command = partial(task, auto_shortflags=False)


def reading(**own: str) -> Callable[[Callable[..., Any]], Task[Any]]:
    """Return a decorator for a command that only looks; OWN is the help of its own options."""
    return command(help={"env": ENV, "json": JSON, **_dashed(own)})


def changing(env: str | None = None, **own: str) -> Callable[[Callable[..., Any]], Task[Any]]:
    """Return a decorator for a command that changes an environment and loses no rows.

    Args:
        env: the environment when none is named; only for what changes nothing but the checkout.
        own: the help of the command's own options.
    """
    return partial(_made, shared=_CHANGING, env=env, own=own)


def destroying(*, marks: bool = False, **own: str) -> Callable[[Callable[..., Any]], Task[Any]]:
    """Return a decorator for a command the guard watches over on a protected environment.

    Args:
        marks: it marks this machine, which is therefore not asked who it is.
        own: the help of the command's own options.
    """
    return partial(_made, shared=_DESTROYING, marks=marks, own=own)


def _made(
    halves: Callable[..., Any],
    *,
    shared: dict[str, tuple[Any, str]],
    own: dict[str, str],
    env: str | None = None,
    marks: bool = False,
) -> Task[Any]:
    def body(_context: Context, env: str | None, **given: Any) -> None:  # noqa: ANN401
        from dbops import perform  # noqa: PLC0415  listing the commands needs none of it

        options = perform.Options(**{name: given.pop(name) for name in shared})
        decide, conclude = halves(**given)
        perform.change(env, perform.Verb(plan=decide, conclude=conclude, marks=marks), options)

    body.__name__, body.__doc__, body.__module__ = halves.__name__, halves.__doc__, "tasks"
    body.__signature__ = _signature(halves, env, shared)  # type: ignore[attr-defined]
    helps = {"env": ENV, **_dashed(own), **{name: text for name, (_, text) in shared.items()}}
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
