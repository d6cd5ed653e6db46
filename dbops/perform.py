"""From a verb to its outcome: probe, plan, guard, carry out, ask what is true."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from dbops import argv, environments, guard, hints, output, release
from dbops.errors import Interrupted, Refused, UsageProblem, of_file
from dbops.probe import probe
from dbops.target import Target
from dbops.verb import Options, Verb

if TYPE_CHECKING:
    from dbops.commands.shell import Question
    from dbops.environments.model import Environment
    from dbops.output import Conclusion
    from dbops.runbook import Runbook
    from dbops.state import State

__all__ = ["Options", "Verb", "change", "look", "look_against", "named", "target"]


def target(name: str | None) -> Target:
    """Return the target a person named, after a look at the shell's own variables."""
    found = named(name)
    guard.check_place(found.environment, argv.typed(sys.argv))
    return found


def named(name: str | None) -> Target:
    """Return the target a person named with --env, or the one of `fab -H`.

    Raises:
        UsageProblem: none, an unknown one, or two that differ (exit 4).
        Refused: this shell's variables name another database (exit 3).
    """
    typed = argv.typed(sys.argv)
    usage = f"fab -H {{}} {typed}" if typed in hints.OVER_SSH else f"inv {typed} --env {{}}"
    hosts = argv.hosts(sys.argv)
    if not hosts:
        environment = environments.find(name, usage=usage)
        guard.check_ambient(environment)
        return Target(environment=environment)
    environment = environments.find(hosts[0], usage=f"fab -H {{}} {argv.typed(sys.argv)}")
    if name and environments.find(name, usage=usage).name != environment.name:
        raise UsageProblem(
            "two environments are named",
            where=f"-H {hosts[0]}, --env {name}",
            why="a command acts on one",
            next_command=environment.command_over_ssh(argv.typed(sys.argv)),
        )
    return _over_ssh(environment)


def _over_ssh(environment: Environment) -> Target:
    from dbops.session import Session  # Fabric takes 0.2 s

    there = environment.at_host()
    return Target(environment=there, machine=Session(there))


def look(name: str | None, *, files: bool = True) -> tuple[Target, State]:
    """Return a target and its state, for the commands that only read.

    Args:
        name: the environment, as it was typed.
        files: its revisions and SQL will be looked at, so that a host sends them along.
    """
    found = target(name)
    return found, probe(found, *(_files(found) if files else ()))


def _files(found: Target) -> tuple[Question, ...]:
    if not found.environment.remote:
        return ()
    from dbops.commands import remote  # only a host's files travel

    return (remote.migration_files(found.environment),)


def look_against(name: str) -> tuple[Target, State]:
    """Return the target that --against names, and its state.

    With `fab -H`, one that has a host is reached there, as the first is.

    Raises:
        UsageProblem: it is unknown (exit 4).
        Refused: without -H, it lives on a host (exit 3).
    """
    typed = argv.retyped(sys.argv, without=("--against",)) or f"inv {argv.typed(sys.argv)}"
    usage = f"{typed.replace('{', '{{').replace('}', '}}')} --against {{}}"
    environment = environments.find(name, usage=usage)
    if argv.hosts(sys.argv) and environment.host is not None:
        found = _over_ssh(environment)
    else:
        guard.check_ambient(environment)
        guard.check_place(environment, argv.typed(sys.argv))
        found = Target(environment=environment)
    return found, probe(found, *_files(found))


def change(name: str | None, verb: Verb, options: Options) -> None:
    """Carry VERB out on the environment NAME, or show what it would run.

    Raises:
        Problem: the plan was refused, or a step failed; nothing is half done.
        Interrupted: Ctrl-C, during a step or between them (exit 130).
    """
    try:
        found = named(name) if verb.marks else target(name)
        _change(found, verb, options)
    except KeyboardInterrupt:  # while a step runs, Ctrl-C goes to the step
        raise Interrupted(
            f"{name or argv.typed(sys.argv)}: interrupted",
            where="no step was running",
            why="nothing is half done",
            next_command="type the same command again",
        ) from None
    except OSError as error:
        raise of_file(error) from error


def _change(found: Target, verb: Verb, options: Options) -> None:
    began = time.monotonic()
    state = verb.probe(found)
    if not verb.marks:
        guard.check_identity(found.environment, state)
    if not options.plan:
        _check_free(found, state)
    runbook = _planned(verb, found, state)
    _check_plan(runbook, found, options)
    if options.plan:
        output.plan(runbook, machine=options.json)
        return
    changed = False
    if runbook.steps:
        _guarded(verb, runbook, found, state, options)
        state, changed = _carry_out(verb, found, runbook, state)
    else:
        output.nothing_to_do(runbook)
    seconds = time.monotonic() - began if changed else None
    _finish(verb.conclude(found, state), runbook, options, seconds=seconds)


def _check_free(found: Target, state: State) -> None:
    """Refuse early where a run goes on; a run on this machine is waited for instead."""
    if found.environment.remote:
        from dbops import detached  # only for what is reached over SSH

        detached.check_free(found, state)


def _planned(verb: Verb, found: Target, state: State) -> Runbook:
    runbook = verb.plan(found, state)
    if not found.environment.remote:
        return runbook
    from dbops import detached  # only for what is reached over SSH

    return detached.pinned(runbook, found, state)


def _check_plan(runbook: Runbook, found: Target, options: Options) -> None:
    """Refuse a plan that is not the one a person looked at."""
    if options.plan_id and runbook.id != options.plan_id:
        from dbops import runs  # only what is run, or refused, needs it

        raise Refused(
            f"{found.name}: the plan is no longer {options.plan_id}",
            where=f"it is {runbook.id if runbook.steps else 'empty'} now",
            why="the environment, its checkout or what would be deployed has changed since",
            next_command=f"{runs.again(runbook.verb, found)} --plan",
        )


def _guarded(verb: Verb, runbook: Runbook, found: Target, state: State, options: Options) -> None:
    # Of a deploy, and of a host that is not known yet, more is looked at than the question says.
    is_shown = runbook.confirmed or verb.marks
    try:
        release.check(runbook, found, state, frees=verb.holds)
        if is_shown:
            output.summary(runbook)
        guard.check_destructive(
            runbook,
            found.environment,
            force=options.force,
            confirm=options.confirm,
            ask=partial(_asked, runbook, is_shown) if output.is_terminal() else None,
            typed=argv.retyped(sys.argv, without=("--force", "--confirm", "--plan", "--json")),
        )
    except Refused as refusal:
        _record(found, {"event": "refused", "verb": runbook.verb, "why": refusal.what})
        raise


def _asked(runbook: Runbook, is_shown: bool, question: str) -> str:  # noqa: FBT001  bound ahead
    if not is_shown:
        output.summary(runbook)
    return output.ask(question)


def _carry_out(verb: Verb, found: Target, runbook: Runbook, state: State) -> tuple[State, bool]:
    if found.environment.remote:
        from dbops import detached  # only for what is reached over SSH

        return detached.carry_out(verb, found, runbook, state)
    from dbops import local  # what is at head already needs none of it

    return local.carry_out(verb, found, runbook)


def _record(found: Target, entry: dict[str, object]) -> None:
    if found.environment.remote:
        from dbops import detached  # only for what is reached over SSH

        detached.record(found, entry)
    else:
        from dbops import local

        local.record(found, entry)


def _finish(
    conclusion: Conclusion, runbook: Runbook, options: Options, *, seconds: float | None
) -> None:
    if not options.json:
        output.conclude(conclusion, seconds=seconds)
        return
    output.as_json(
        {
            "ok": True,
            "environment": runbook.environment,
            "verb": runbook.verb,
            "changed": seconds is not None,
            "now": conclusion.sentence,
            "next": conclusion.next_command,
            **dict(conclusion.facts),
        }
    )
