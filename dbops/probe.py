"""Ask an environment for every fact a plan needs, in one round trip, changing nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbops.commands import database as commands
from dbops.commands import psql, sql
from dbops.errors import Unreachable
from dbops.state import Database, HostFacts, Service, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbops.commands.backend import Backend
    from dbops.commands.shell import Question
    from dbops.environments.model import Environment
    from dbops.target import Target


def probe(target: Target, *foreseen: Question, mends: bool = False) -> State:
    """Return the state of TARGET.

    Args:
        target: the environment.
        foreseen: what else will be asked of its host next.
        mends: who asks can do without a list of services, which a broken file makes unreadable.

    Raises:
        Unreachable: the server runs but does not answer, or nobody can say whether it runs
            (exit 69).
    """
    host = _host(target, foreseen) if target.environment.remote else None
    service = target.place.probe()
    if service.unreadable is not None and not mends:
        raise service.unreadable
    state = State(service=service, database=None, host=host)
    if service.status != "running":
        return state
    return replace(state, database=_database(target, target.backend(state)))


def _host(target: Target, foreseen: Sequence[Question]) -> HostFacts:
    """Return what the host says; everything that is asked of it next travels with the question."""
    from dbops import hosts  # only for what is reached over SSH

    running = target.place.backend(Service(status="running"))
    asked = database_question(target.environment, running)
    return hosts.probe(target, *target.place.questions, asked, *foreseen)


def _database(target: Target, beside: Backend) -> Database:
    name = target.environment.database.name
    asked = database_question(target.environment, beside)
    answer = target.ask(asked)
    if answer.code == 0:
        return _parse(json.loads(answer.out))
    known = target.machine.read(commands.accepts_connections(beside, name))
    if known.code == 0 and known.out.strip() != "t":
        return Database(exists=bool(known.out.strip()), is_open=False)
    if known.code == 0:  # made between the two questions: CREATE DATABASE outlives its client
        answer = target.ask(asked)
        if answer.code == 0:
            return _parse(json.loads(answer.out))
    raise Unreachable(
        f"{target.name}: the database does not answer",
        where=f"database {name}",
        why=_reason(answer.error or known.error),
        next_command=target.command("ps"),
    )


def _reason(said: str) -> str:
    """Return the line in which the server says no, else the last one."""
    lines = [each for each in said.splitlines() if each.strip()] or ["psql said nothing"]
    return next((each for each in lines if "FATAL:" in each), lines[-1])


def database_question(environment: Environment, beside: Backend) -> Question:
    """Return the question that `probe` asks the database."""
    key = f"--set=migration_lock={sql.migration_lock(environment.database.name)}"
    return psql.asks(beside, sql.query("probe"), key)


def _parse(facts: dict[str, Any]) -> Database:
    return Database(
        exists=True,
        server_version=facts["server_version"],
        environment=facts["environment"],
        versions=tuple(facts["versions"]),
        objects=facts["objects"],
        schemas=tuple(facts["schemas"]),
        relations=tuple(facts["relations"]),
        tables=facts["tables"],
        snapshot=facts["snapshot"],
        locale=tuple(facts["locale"]),
        roles=tuple(facts["roles"]),
        invalid_indexes=tuple(facts["invalid_indexes"]),
        unpopulated=facts["unpopulated"],
        migrating=facts["migrating"],
        recorded=tuple(facts["recorded"]),
        revision_files=tuple((name, digest) for name, digest in facts["revision_files"]),
    )
