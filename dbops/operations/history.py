"""What was done to an environment: its runs and its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbops import detached, hosts, journal, output, runs
from dbops.errors import Problem
from dbops.output import Conclusion

if TYPE_CHECKING:
    from dbops.target import Target


def entries(target: Target) -> list[dict[str, Any]]:
    """Return the journal, oldest first; of a host, its last few hundred lines.

    Raises:
        Problem: a line was changed after it was written (exit 1).
    """
    if target.environment.remote:
        return list(hosts.probe(target).journal)
    return journal.read(target.home / "journal.jsonl")


def listed(target: Target) -> list[dict[str, Any]]:
    """Return the runs in the journal, newest first, each with how it ended."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries(target):
        if entry["event"] in {"begin", "end"}:
            found[entry["run"]] = {**found.get(entry["run"], {}), **_facts(entry)}
    return [{"run": run, **facts} for run, facts in reversed(found.items())]


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["event"] == "begin":
        wanted = ("verb", "who", "at", "plan", "from", "commit")
        return {key: entry[key] for key in wanted if key in entry} | {"result": "running"}
    wanted = ("seconds", "steps", "to", "to_commit", "backup", "backup_sha256")
    known = {key: entry[key] for key in wanted if key in entry}
    return known | {"code": entry["code"], "result": _result(entry["code"])}


def _result(code: int | None) -> str:
    if code is None:
        return "lost"
    return "ok" if code == 0 else f"failed ({code})"


def attach(target: Target, *, run: str | None) -> Conclusion:
    """Follow a run on the host to its end, or tell how it ended.

    Raises:
        Problem: there is none, or it did not end well (its own exit code).
    """
    found = _chosen(target, run)
    if found["result"] == "running":
        ended = detached.follow(target, found["run"], past=True)
        if ended is not None and ended.code:
            raise runs.failed(found["verb"], target, ended)
        found = _chosen(target, found["run"])
    if found["result"] != "ok":
        raise _not_well(target, found)
    return Conclusion(
        sentence=f"{target.name}: {_told(found)}",
        next_command=target.command("al-cur"),
        facts=tuple(found.items()),
    )


def _told(found: dict[str, Any]) -> str:
    at = ", ".join(found.get("to", ())) or "no revision"
    return (
        f"{found['verb']} by {found.get('who', 'somebody')} is {found['result']}; "
        f"the database ended at {at}, the checkout at {found.get('to_commit', '')[:12]}"
    )


def _not_well(target: Target, found: dict[str, Any]) -> Problem:
    steps = found.get("steps", ())
    failed = next((each["title"] for each in steps if each["code"] != 0), "before its first step")
    lost = found["result"] in {"lost", "running"}
    return Problem(
        f"{target.name}: {found['verb']} did not come to its end"
        if lost
        else f"{target.name}: {found['verb']} stopped at: {failed}",
        where=f"run {found['run']}",
        why="the host was restarted, or the run was killed"
        if lost
        else f"exit code {found['code']}; {target.home}/runs/{found['run']}/log has the rest",
        next_command=target.command(found["verb"]),
    )


def _chosen(target: Target, run: str | None) -> dict[str, Any]:
    found = listed(target)
    wanted = [each for each in found if run is None or each["run"].startswith(run)]
    if not wanted:
        raise Problem(
            f"{target.name}: there is no such run" if run else f"{target.name}: nothing ever ran",
            where=str(target.home / "journal.jsonl"),
            why=f"none begins with {run}" if run else "the journal is empty",
            next_command=target.command("runs"),
        )
    return wanted[0]


def cancel(target: Target, *, run: str | None) -> Conclusion:
    """Interrupt a run on the host; what its running step did is rolled back."""
    found = _chosen(target, run)
    if found["result"] != "running":
        sentence = f"{target.name}: run {found['run']} has ended already: {found['result']}"
        return Conclusion(sentence=sentence, next_command=target.command("runs"))
    output.say(detached.cancel(target, found["run"]))
    detached.follow(target, found["run"], past=True)
    ended = _chosen(target, found["run"])
    return Conclusion(
        sentence=f"{target.name}: {_told(ended)}",
        next_command=target.command(found["verb"]),
        facts=tuple(ended.items()),
    )
