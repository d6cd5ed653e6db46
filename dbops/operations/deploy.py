"""Deploy: the newest commit and its revisions, on a host, behind a proven backup."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbops import upstream
from dbops.commands import backup, health, remote
from dbops.commands import database as commands
from dbops.commands import host as host_commands
from dbops.errors import Refused
from dbops.operations import (
    authoring,
    databases,
    durations,
    lint,
    migrations,
    rehearsal,
    releases,
    require,
    require_host,
    standing,
)
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.commands.shell import Question
    from dbops.state import HostFacts, State
    from dbops.target import Target
    from dbops.upstream import Upstream


def foreseen(target: Target, *, pull: bool) -> tuple[Question, ...]:
    """Return what the plan will ask of the host, and what says where it is afterwards."""
    environment = target.environment
    return (host_commands.upstream(environment, pull=pull), remote.migration_files(environment))


def plan(
    target: Target,
    state: State,
    *,
    revision: str | None,
    pull: bool,
    rehearse: str | None = None,
) -> Runbook:
    """Plan to bring host and database to the newest commit and its head.

    Args:
        target: the environment, reached over SSH.
        state: how it is now.
        revision: where the database ends, the head of that commit when None.
        pull: fast-forward the checkout; otherwise its commit stays.
        rehearse: full, schema or off; what the environment says when None.
    """
    host = _host(state)
    require_host.clean_checkout(target, host)
    new = upstream.ask(target, host, pull=pull)
    planned = replace(target, archive=new.archive)
    if _only_mends(state, new):
        return _mending(planned, state, new)
    changing = _database(planned, state, new, revision, rehearse)
    steps = (*_backing_up(target, state, changing), *_pulling(target, host, new), *changing)
    if steps:
        steps = (*steps, *_finishing(planned, revision))
    return _release(
        target, state, new, steps, _notes(planned, state, new, steps, revision, rehearse)
    )


def _release(
    target: Target, state: State, new: Upstream, steps: tuple[Step, ...], notes: tuple[str, ...]
) -> Runbook:
    return Runbook(
        verb="deploy",
        environment=target.name,
        steps=steps,
        reason=_reason(state, _host(state)),
        releases=True,
        confirmed=True,
        loses=f"{target.name} gets {new.commit[:12]}",
        notes=notes,
    )


def _host(state: State) -> HostFacts:
    return require_host.facts(state, "deploy")


def _only_mends(state: State, new: Upstream) -> bool:
    """Return whether a release took the services down, so that no backup can be taken first.

    Raises:
        Unreachable: its files cannot be read, and no new ones are there (exit 69).
    """
    broken = state.service.unreadable
    if broken is not None and not new.files:
        raise broken
    is_down = state.database is None and not _is_new(state)
    return bool(is_down and new.files and (broken or releases.unreleased(_host(state))))


def _mending(target: Target, state: State, new: Upstream) -> Runbook:
    """Plan to bring the commit and the services back up, and nothing else."""
    host = _host(state)
    steps = (*_pulling(target, host, new), *target.backend(state).bring_up())
    once_more = (
        "PostgreSQL does not run since a release that failed: this brings back the services, "
        f"and no revision; then {target.command('deploy')} once more"
    )
    commits = (f"commit {each}" for each in new.log)
    notes = (once_more, *commits, *durations.seconds(steps, host.journal))
    return _release(target, state, new, steps, notes)


def _backing_up(target: Target, state: State, changing: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the step before which nothing changes, not even the checkout: a proven backup."""
    found = state.database
    if not changing or found is None or not found.objects:
        return ()
    return (backup.gate(target.backend(state), target.environment, found.tables),)


def _pulling(target: Target, host: HostFacts, new: Upstream) -> tuple[Step, ...]:
    if new.commit == host.commit:
        return ()
    return (host_commands.fast_forward(target.environment, new.commit),)


def _is_new(state: State) -> bool:
    """Return whether there is nothing yet: no volume, no database, or an empty one."""
    found = state.database
    if found is None:
        return state.service.status == "absent"
    return not found.exists or (found.is_open and not found.objects)


def _database(
    target: Target, state: State, new: Upstream, revision: str | None, rehearse: str | None
) -> tuple[Step, ...]:
    """Return the steps for services and database; TARGET has the files of the planned commit."""
    if _is_new(state):
        return _from_nothing(target, state, revision)
    found = require.database(target, state)
    require_host.nobody_migrates(target, found, "deploy")
    current = require.known_version(target, found)
    if current is None:
        raise migrations.not_stamped(target, found)
    migrations.check_applied(target, found, current)
    wanted = _wanted(target, current, revision)
    pending = target.graph.between([current], wanted)
    beside = target.backend(state)
    is_due = new.files or pending or releases.unreleased(_host(state))
    up = beside.bring_up() if is_due else beside.start()
    if not (up or pending):
        return ()
    roles = target.environment.migrations.roles if pending else None
    rehearsing = rehearsal.steps(target, state, rehearsal.mode(target, rehearse), wanted)
    # Where they run, the services are left as they are until the rehearsal went well.
    begin = (*up, *rehearsing) if beside.start() else (*rehearsing, *up)
    return (
        *begin,
        *((commands.bootstrap_roles(beside, target.environment),) if roles else ()),
        *databases.upgrading(target, beside, current, wanted, schemas=found.schemas),
    )


def _from_nothing(target: Target, state: State, revision: str | None) -> tuple[Step, ...]:
    _check_never_was(target, _host(state))
    if state.database is not None:
        require_host.nobody_migrates(target, state.database, "deploy")
        databases.empty(target, state.database)
    baseline = target.environment.migrations.baseline
    return (
        *databases.from_nothing(target, state, stamp=True),
        *databases.upgrading(
            target,
            target.backend(state),
            baseline,
            _wanted(target, baseline, revision),
            schemas=databases.loaded_schemas(target),
        ),
    )


def _check_never_was(target: Target, host: HostFacts) -> None:
    """Refuse to build a protected database anew where one is missing.

    Raises:
        Refused: the journal knows that there was one (exit 3).
    """
    # What ran on the host itself, with inv, wrote only where it began.
    known = [
        (", ".join(at), each["at"])
        for each in host.journal
        for at in (each.get("to", ()), each.get("from", ()))
        if any(at)
    ]
    if known and target.environment.is_protected:
        raise Refused(
            f"{target.name}: the database is gone or empty, and there was one",
            where=target.environment.database.name,
            why=f"the journal has it at {known[-1][0]} on {known[-1][1]}; "
            "a deploy builds only what never was",
            next_command=f"{target.command('up')}, then "
            f"{target.command('restore')} --dump FILE --force; "
            f"{target.command('backups')} lists the files",
        )


def _wanted(target: Target, current: str, revision: str | None) -> str:
    """Return where the database ends.

    Raises:
        Refused: it is there already, or would have to go back (exit 3).
    """
    wanted = target.graph.resolve(revision) if revision else target.graph.head
    if current not in target.graph.ancestors([wanted]):
        raise Refused(
            f"{target.name} is at {current}, past {wanted}",
            where=target.environment.database.name,
            why="a deploy only goes forwards",
            next_command=target.command("rollback"),
        )
    return wanted


def _finishing(target: Target, revision: str | None) -> tuple[Step, ...]:
    """Return the step that asks the application, which is well at the head of its files alone."""
    url = target.environment.health.url
    if not url or not _ends_at_head(target, revision):
        return ()
    return (health.wait(url, target.environment.health.timeout_seconds),)


def _ends_at_head(target: Target, revision: str | None) -> bool:
    return revision is None or target.graph.resolve(revision) == target.graph.head


def _reason(state: State, host: HostFacts) -> str:
    versions = ", ".join(state.database.versions) if state.database else ""
    return f"the checkout is at {host.commit[:12]}, the database at {versions or 'no revision'}"


def _notes(
    target: Target,
    state: State,
    new: Upstream,
    steps: tuple[Step, ...],
    revision: str | None,
    rehearse: str | None,
) -> tuple[str, ...]:
    found = state.database
    current = found.versions[0] if found and found.versions else None
    start = current or target.environment.migrations.baseline
    pending = target.graph.between([start], _wanted(target, start, revision))
    written = authoring.sql_between(target, start, pending[-1].id) if pending else ""
    # Where there are no rows yet, nothing a revision does can hurt any.
    judged = () if _is_new(state) else lint.release(target, pending)
    older = "" if _is_new(state) else releases.unreleased(_host(state))
    return (
        *((f"the services may be older than the checkout: {older}",) if older else ()),
        *(f"commit {each}" for each in new.log),
        *(f"revision {each.id}: {each.title}" for each in pending),
        *((f"the SQL of the pending revisions:\n{written.rstrip()}",) if written else ()),
        *judged,
        *(rehearsal.notes(target, state, rehearse, pending[-1].id) if pending else ()),
        *(standing.notes(target, found) if found else ()),
        *durations.seconds(steps, _host(state).journal),
    )


def deployed(target: Target, state: State) -> Conclusion:
    """Say which commit and revision the environment is at now, as host and database say it."""
    found = require.database(target, state)
    current = standing.current(target, state)
    commit = _host(state).commit
    return Conclusion(
        sentence=f"{target.name}: at commit {commit[:12]}, {standing.place(target, found)}; "
        f"{target.place.describe(state.service)}",
        next_command=standing.next_command(target, found, "deploy"),
        facts=(*current.items(), ("commit", commit)),
    )
