"""What was true before a run, as the journal of its host has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbops.environments.frozen import Frozen
from dbops.errors import Refused, UsageProblem
from dbops.operations import history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbops.state import HostFacts
    from dbops.target import Target

    Run = dict[str, Any]

_STARTING = {"up", "restart"}
# What builds the services from the checkout and starts them.
_BUILDING = {"deploy", "rollback", *_STARTING}


class Before(Frozen):
    """What was true before a run.

    Attributes:
        run: its id.
        told: what it was, by whom and when, as part of a sentence.
        at: when it began, in UTC.
        since: when the rows were written last that its backup holds, in UTC.
        commit: what the checkout was at.
        revision: what the database was at.
        dump: the proven backup the run took before it changed anything, None when it took none.
        sha256: of that backup.
    """

    run: str
    told: str
    at: str
    since: str
    commit: str
    revision: str
    dump: Path | None
    sha256: str


def before(target: Target, host: HostFacts, versions: Sequence[str], run: str | None) -> Before:
    """Return what was true before RUN, or before the newest deploy that changed something.

    A deploy that was tried again is taken back with the tries before it: what one that did not end
    well left behind was never what had been live. Nor was a checkout that somebody moved by hand,
    until a run built and started it.

    Args:
        target: the environment.
        host: its host, with the journal.
        versions: what the database is at now.
        run: the beginning of a run's id.

    Raises:
        UsageProblem: no run, or more than one, is called so (exit 4).
        Refused: there is no such deploy, or nothing to go back to before it (exit 3).
    """
    found = history.by_run(host.journal)
    now = ([*versions], host.commit)
    if run is not None:
        return _before(target, found, [_named(target, found, run)])
    return _before(target, found, _tries(found, _newest(target, found, now), now))


def unreleased(host: HostFacts) -> str:
    """Return why the services of HOST may run other code than its checkout holds, or nothing."""
    runs = history.by_run(host.journal)
    newest = next((each for each in runs if _verb(each) in _BUILDING), None)
    if newest is None:
        return ""
    told = f"{_verb(newest)} {newest['run']}"
    if newest["result"] != "ok":
        return f"{told} did not come to a good end"
    if newest.get("to_commit", host.commit) != host.commit:
        return f"the checkout was moved by hand since {told} left it at {newest['to_commit'][:12]}"
    return ""


def _verb(run: Run) -> str:
    return str(run.get("verb", "run"))


def _newest(target: Target, found: list[Run], now: tuple[list[str], str]) -> Run:
    for each in found:
        if _verb(each) == "deploy" and _changed(each, _live(found, each), now):
            return each
    raise Refused(
        f"{target.name}: there is no deploy to take back",
        where=str(target.journal),
        why="none that changed something is in the journal",
        next_command=target.command("runs"),
    )


def _changed(run: Run, live: str | None, now: tuple[list[str], str]) -> bool:
    """Return whether RUN changed something, where the commit LIVE ran before it.

    One that left no end is judged by what is NOW.
    """
    after = (_revisions(run, "to") or now[0], run.get("to_commit") or now[1])
    return (_found(run), live) != after


def _live(found: list[Run], run: Run) -> str | None:
    """Return the commit that ran before RUN: what was last built and started well.

    Where somebody migrated the database since, only the checkout RUN found is known to fit it.
    """
    older = found[found.index(run) + 1 :]
    built = (each for each in older if _verb(each) in _BUILDING and each["result"] == "ok")
    newest = next(built, run)
    fits = newest is not run and _revisions(newest, "to") == _found(run)
    # What was started on the host itself, with inv, does not say at which commit.
    return (newest.get("to_commit") if fits else None) or run.get("commit")


def _revisions(run: Run, key: str) -> list[str]:
    return [each for each in run.get(key, ()) if each]


def _named(target: Target, found: list[Run], run: str) -> Run:
    named = [each for each in found if run and each["run"].startswith(run)]
    if len(named) == 1:
        return named[0]
    raise UsageProblem(
        f"{target.name}: {len(named) or 'no'} runs begin with {run!r}",
        where=str(target.journal),
        why="--to names one run; what was true before it is brought back",
        next_command=target.command("runs"),
    )


def _first(found: list[Run], run: Run) -> Run:
    """Return where RUN began: one that had to start the database first is two runs."""
    known = {each["run"]: each for each in found}
    while run.get("follows") in known:
        run = known[run["follows"]]
    return run


def _tries(found: list[Run], newest: Run, now: tuple[list[str], str]) -> list[Run]:
    """Return NEWEST and the deploys just before it that did not end well, newest first."""
    tries = [newest]
    for number, each in enumerate(found[found.index(newest) + 1 :], start=found.index(newest) + 2):
        if _verb(each) == "deploy":
            if each["result"] == "ok" or _revisions(each, "to") not in ([], _found(tries[-1])):
                break
            tries.append(each)
        elif _verb(each) in _STARTING:
            if _is_release(each, found[number:]):
                break
        elif _changed(each, each.get("commit"), now):
            break
    return tries


def _is_release(run: Run, older: list[Run]) -> bool:
    """Return whether RUN started something else than the deploy before it had left."""
    left = next((each.get("to_commit") for each in older if _verb(each) == "deploy"), None)
    return run["result"] == "ok" and left not in {None, run.get("to_commit")}


def _before(target: Target, found: list[Run], tries: list[Run]) -> Before:
    run = tries[-1]
    commit, revisions = _live(found, _first(found, run)), _found(run)
    if len(revisions) != 1 or not commit:
        raise _nothing(target, run, is_code_known=bool(commit))
    # The newest backup of that revision: the fewest rows are lost.
    saved = next((each for each in tries if each.get("backup") and _found(each) == revisions), run)
    return Before(
        run=run["run"],
        told=f"{_verb(run)} {run['run']} by {run.get('who', 'somebody')}",
        at=str(run.get("at")),
        since=str(saved.get("at")),
        commit=commit,
        revision=revisions[0],
        dump=Path(saved["backup"]) if saved.get("backup") else None,
        sha256=saved.get("backup_sha256", ""),
    )


def _found(run: Run) -> list[str]:
    """Return the revisions RUN began at; what only started the database changed none."""
    return _revisions(run, "from") or (_revisions(run, "to") if run.get("continues") else [])


def _nothing(target: Target, run: Run, *, is_code_known: bool) -> Refused:
    return Refused(
        f"{target.name}: there is nothing to go back to before {_verb(run)} {run['run']}",
        where=str(target.journal),
        why="it built the database, or found it at no revision"
        if is_code_known
        else "the journal does not say what the checkout was at",
        next_command=target.command("runs"),
    )
