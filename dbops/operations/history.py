"""What was done to an environment: its runs and its journal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dbops import following, hosts, journal, output, probe, runs
from dbops.errors import Problem, UsageProblem
from dbops.output import Conclusion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbops.target import Target


def entries(target: Target) -> list[dict[str, Any]]:
    """Return the whole journal, oldest first.

    Raises:
        Problem: a line was changed after it was written (exit 1).
    """
    file = target.journal
    if target.environment.remote:
        return journal.entries((target.machine.text(file) or "").encode(), str(file))
    return journal.read(file)


def listed(target: Target) -> list[dict[str, Any]]:
    """Return the runs in the journal, newest first, each with how it ended.

    One without an end is running while it holds the lock; without, it died with its host.
    """
    if not target.environment.remote:
        return by_run(entries(target))
    host = hosts.probe(target)
    running = json.loads(host.holder).get("run", "") if host.holder else ""
    found = by_run(host.journal, going_on="lost")
    for each in found:
        if each["run"] == running and "code" not in each:
            each["result"] = "running"
    return found


def by_run(
    journaled: Iterable[dict[str, Any]], *, going_on: str = "running"
) -> list[dict[str, Any]]:
    """Return the runs among the entries JOURNALED, newest first.

    Args:
        journaled: entries of the journal, oldest first.
        going_on: the result of a run without an end.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in journaled:
        if entry["event"] in {"begin", "end"}:
            before = found.get(entry["run"], {})
            found[entry["run"]] = {**before, **_facts(entry, going_on=going_on)}
    return [{"run": run, **facts} for run, facts in reversed(found.items())]


_BEGUN = ("verb", "who", "at", "plan", "from", "commit", "continues", "follows")
_ENDED = ("seconds", "steps", "to", "to_commit", "backup", "backup_sha256")


def _facts(entry: dict[str, Any], *, going_on: str) -> dict[str, Any]:
    if entry["event"] == "begin":
        return _some(entry, *_BEGUN) | {"result": going_on}
    return _some(entry, *_ENDED) | {"code": entry["code"], "result": _result(entry["code"])}


def _some(entry: dict[str, Any], *wanted: str) -> dict[str, Any]:
    return {key: entry[key] for key in wanted if key in entry}


def _result(code: int | None) -> str:
    known = {None: "lost", 0: "ok", 130: "cancelled", 143: "cancelled"}
    return known.get(code, f"failed ({code})")


def attach(target: Target, *, run: str | None) -> Conclusion:
    """Follow a run on the host to its end, or show again how it went.

    Raises:
        UsageProblem: the environment is not reached over SSH (exit 4).
        Problem: there is none, or it did not end well (its exit code, where that is one of ours).
        Interrupted: it was cancelled, or a person let go of it (exit 130).
    """
    _check_remote(target, "attach")
    found = _chosen(target, run)
    ended = following.follow(target, found["run"], past=True)
    if found["result"] == "running":
        found = _chosen(target, found["run"])
    if ended is not None and ended.code:
        raise runs.failed(
            found["verb"], target, ended, f"run {found['run']}", _place(target, found)
        )
    if ended is None and found["result"] != "ok":
        raise _not_well(target, found)
    found["result"] = "ok"  # the journal learns of it a moment later
    return Conclusion(
        sentence=f"{target.name}: {_told(target, found)}",
        next_command=target.command(found["verb"] if found.get("continues") else "al-cur"),
        facts=tuple(found.items()),
    )


def _check_remote(target: Target, verb: str) -> None:
    if not target.environment.remote:
        raise UsageProblem(
            f"{verb} is for a run on a host",
            where="the command line",
            why="no host is named; a run on this machine is seen where it was typed",
            next_command=f"fab -H ALIAS {verb}, or {target.command('runs')}",
        )


def _told(target: Target, found: dict[str, Any]) -> str:
    first = ", its first part," if found.get("continues") else ""
    return (
        f"{found['verb']} by {found.get('who', 'somebody')}{first} is {_ending(found)}; "
        f"{_place(target, found)}"
    )


def _place(target: Target, found: dict[str, Any]) -> str:
    return runs.place([_revision(target, found)], found.get("to_commit", ""))


def _ending(found: dict[str, Any]) -> str:
    return "done" if found["result"] == "ok" else str(found["result"])


def _revision(target: Target, found: dict[str, Any]) -> str:
    """Return what the database was at when the run ended, or is at now where nobody wrote it."""
    if "to" not in found:
        try:
            state = probe.probe(target)
        except Problem as problem:
            return f"a revision it does not tell: {problem.what}"
        found = {"to": state.database.versions if state.database else ()}
    return ", ".join(filter(None, found["to"])) or "no revision"


def _not_well(target: Target, found: dict[str, Any]) -> Problem:
    steps = found.get("steps", ())
    failed = next((each["title"] for each in steps if each["code"] != 0), "before its first step")
    lost = found["result"] == "lost"
    at = _place(target, found)
    return Problem(
        f"{target.name}: {found['verb']} did not come to its end"
        if lost
        else f"{target.name}: {found['verb']} stopped at: {failed}",
        where=f"run {found['run']}",
        why=f"the host was restarted, or the run was killed; {at}"
        if lost
        else f"exit code {found['code']}; {at}",
        next_command=target.command(found["verb"]),
    )


def _chosen(target: Target, run: str | None) -> dict[str, Any]:
    found = [{"verb": "the run", **each} for each in listed(target)]
    wanted = [each for each in found if run is None or each["run"].startswith(run)]
    if not wanted:
        raise Problem(
            f"{target.name}: there is no such run" if run else f"{target.name}: nothing ever ran",
            where=str(target.journal),
            why=f"none begins with {run}" if run else "the journal is empty",
            next_command=target.command("runs"),
        )
    return wanted[0]


def cancel(target: Target, *, run: str | None) -> Conclusion:
    """Interrupt a run on the host; what its running step did is rolled back.

    Raises:
        UsageProblem: the environment is not reached over SSH (exit 4).
        Problem: there is no such run, or half a minute later it still goes on (exit 1).
    """
    _check_remote(target, "cancel")
    found = _chosen(target, run)
    if found["result"] != "running":
        sentence = f"{target.name}: run {found['run']} has ended already: {found['result']}"
        return Conclusion(sentence=sentence, next_command=target.command("runs"))
    output.say(following.cancel(target, found["run"]))
    ended = _chosen(target, found["run"])
    return Conclusion(
        sentence=f"{target.name}: {_told(target, ended)}",
        next_command=target.command(found["verb"]),
        facts=tuple(ended.items()),
    )
