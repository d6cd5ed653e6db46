"""A runbook carried out on a host: it holds the lock there, outlives us, and is followed.

What is done is always asked of the host afterwards, never concluded from what we saw of the run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dbops import events, following, guard, output, release, runner, runs
from dbops.commands import detached, host, psql, sql
from dbops.commands.shell import words
from dbops.errors import Locked, Problem
from dbops.local import moved
from dbops.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbops.runbook import Runbook
    from dbops.state import State
    from dbops.target import Target
    from dbops.verb import Verb


def carry_out(verb: Verb, found: Target, planned: Runbook, state: State) -> tuple[State, bool]:
    """Run what is PLANNED on the host; return how it is afterwards, and that something ran.

    Its first step sees that nothing has changed since the plan, while the run holds the lock.
    """
    runbook, run = planned, ""
    while True:
        release.check(runbook, found, state, frees=verb.holds)
        with following.Interrupts() as interrupts:
            run, lines = start(runbook, found, state, frees=verb.holds, follows=run)
            ended = following.followed(found, run, lines, interrupts)
        _check_result(runbook, found, run, ended)
        found.forget()
        state = verb.probe(found)
        _show_rehearsal(state, run)
        guard.check_identity(found.environment, state)
        if not runbook.continues:
            return state, True
        runbook = pinned(verb.plan(found, state), found, state)
        if not runbook.steps:
            return state, True
        if runbook.destructive and not planned.destructive:
            raise moved(planned, runbook, found)


def pinned(runbook: Runbook, found: Target, state: State) -> Runbook:
    """Return RUNBOOK with a first step that sees that nothing has changed since the plan."""
    if not runbook.steps or state.host is None:
        return runbook
    check = host.unchanged(
        found.backend(state),
        found.environment,
        marker=state.host.marker,
        commit=state.host.commit,
        changed=state.host.changed,
        found=state.database,
    )
    return runbook.beginning_with(check)


def check_free(found: Target, state: State) -> None:
    """Refuse while somebody else changes the environment.

    Raises:
        Locked: who, what and since when (exit 75).
    """
    if state.host is not None and state.host.holder:
        raise _locked(found, state.host.holder, by_hand=False)


def start(
    runbook: Runbook, found: Target, state: State, *, frees: bool, follows: str = ""
) -> tuple[str, Iterator[str]]:
    """Start RUNBOOK on the host, detached; return the run's id and the lines that show it.

    Both scripts travel together, so that what the run does is seen a round trip sooner.

    Args:
        runbook: what runs.
        found: the environment.
        state: how it is now.
        frees: it also runs while somebody has locked the environment by hand.
        follows: the run whose rest this is: the database had to be started first.

    Raises:
        Locked: somebody else is changing the environment, or locked it by hand (exit 75).
        Problem: the host could not start it (exit 1).
    """
    run, actor = runs.name(runbook), _actor()
    begun: dict[str, Any] = {
        "event": "begin",
        "run": run,
        "verb": runbook.verb,
        "plan": runbook.id,
        "who": actor,
    }
    begun |= {"continues": True} if runbook.continues else {}
    begun |= {"follows": follows} if follows else {}
    versions = list(state.database.versions) if state.database else []
    commit = state.host.commit if state.host else ""
    script = detached.start(
        found.home,
        run,
        runbook.script(),
        plan=runbook.id,
        holder=_json({"verb": runbook.verb, "who": actor, "since": runs.now(), "run": run}),
        begin=_json({**begun, "from": versions, "commit": commit})[1:-1],
        after=_after(found, state),
        keep=runs.RUNS_KEPT,
        frees=frees,
        variables=runs.variables(run, actor),
    )
    both = detached.start_and_follow(script, detached.follow(found.home, run))
    lines = following.session(found).script(both, idle=True, again=True)
    _wait_for_start(found, lines)
    output.beginning(runbook)
    return run, lines


def _wait_for_start(found: Target, lines: Iterator[str]) -> None:
    said: list[str] = []
    for line in lines:
        if line == "started":
            return
        said += [line] if line else []
    raise _not_started(found, said)


def _after(found: Target, state: State) -> str:
    """Return shell text that prints, as JSON members, what is true once the run has ended."""
    asked = psql.ask(found.backend(state), sql.VERSIONS)
    commit = words("git", "-C", found.environment.project_directory, "rev-parse", "HEAD")
    return f"""\
printf '"to":["%s"],"to_commit":"%s"' "$({asked} | sed 's/,/","/g')" "$({commit})"
[ ! -f "$dir/backup" ] || {{ printf ,; cat "$dir/backup"; }}
[ ! -f "$dir/rehearsal.json" ] || {{ printf ',"rehearsal":'; cat "$dir/rehearsal.json"; }}"""


def _not_started(found: Target, said: list[str]) -> Problem:
    text = "\n".join(said[:-1])
    for kind in ("busy ", "held "):
        if text.startswith(kind):
            return _locked(found, text.removeprefix(kind), by_hand=kind == "held ")
    return Problem(
        f"{found.name}: the run could not be started on the host",
        where=str(found.home),
        why=text or "the shell said nothing",
        next_command=found.command("doctor"),
    )


def _locked(found: Target, holder: str, *, by_hand: bool) -> Locked | Problem:
    if by_hand:
        try:
            guard.check_hold(found.environment, holder)
        except Locked as problem:
            return problem
    facts = json.loads(holder or "{}")
    return Locked(
        f"{found.name}: another command is changing this environment",
        where=str(found.home / "lock"),
        why=f"{facts.get('verb', 'a run')} by {facts.get('who', 'somebody')}, "
        f"since {facts.get('since', 'just now')}",
        next_command=found.command("attach"),
    )


def _show_rehearsal(state: State, run: str) -> None:
    entries = state.host.journal if state.host else ()
    for entry in entries:
        if entry.get("run") == run and "rehearsal" in entry:
            output.rehearsed(entry["rehearsal"])


def _check_result(runbook: Runbook, found: Target, run: str, ended: events.Run | None) -> None:
    """Say that RUN did not come to a good end, and what is true now.

    Raises:
        Problem: it failed, or was lost (its exit code, where that is one of ours, else 1).
        Interrupted: it was cancelled (exit 130).
    """
    if ended is not None and not ended.code:
        return
    found.forget()
    log = str(found.home / "runs" / run / "log")
    if ended is not None:
        raise runs.failed(runbook.verb, found, ended, log, _now(found))
    raise Problem(
        f"{found.name}: {runbook.verb} ended without a result",
        where=log,
        why=f"the host was restarted, or the run was killed; {_now(found)}",
        next_command=runs.again(runbook.verb, found),
    )


def _now(found: Target) -> str:
    """Return where database and checkout are now, as the host says it."""
    try:
        state = probe(found)
    except Problem as problem:
        return f"{problem.what}: {problem.why}"
    commit = state.host.commit if state.host else ""
    if state.database is None:
        return f"the database is {state.service.status}, the checkout at {commit[:12]}"
    return runs.place(state.database.versions, commit)


def record(found: Target, entry: dict[str, object]) -> None:
    """Add ENTRY to the journal on the host."""
    members = _json({"who": _actor(), **entry})[1:-1]
    for _ in following.session(found).script(detached.entry(found.home, members)):
        pass


def _actor() -> str:
    """Return the person as git knows them, the account and the machine a change comes from."""
    # A tab or a line end in it would end the options that libpq is given.
    person = " ".join(runner.read(["git", "config", "user.name"]).out.split())
    return f"{person} <{runs.who()}>" if person else runs.who()


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
