"""Whether a change may go ahead. Says no before anything is touched, with exit 3."""

from __future__ import annotations

import json
import os
import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING

from dbops.errors import Locked, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dbops.environments.model import Environment
    from dbops.runbook import Runbook
    from dbops.state import State

# Variables that would choose a target behind the back of environments.yaml.
AMBIENT = ("DATABASE_URL", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")
AMBIENT_DOCKER = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "COMPOSE_FILE",
    "COMPOSE_PROJECT_NAME",
    "COMPOSE_PROFILES",
    "COMPOSE_ENV_FILES",
    # What the compose files take from the env files: a shell's own value would win over them.
    "POSTGRES_USER",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "PGDATA_VOLUME",
)


def check_ambient(environment: Environment, variables: Mapping[str, str] = os.environ) -> None:
    """Refuse when a variable of this shell names a database.

    Raises:
        Refused: one of AMBIENT, or for compose of AMBIENT_DOCKER, is set (exit 3).
    """
    names = AMBIENT + (AMBIENT_DOCKER if environment.backend == "compose" else ())
    found = [each for each in names if variables.get(each)]
    if found:
        raise Refused(
            f"{environment.name}: this shell names another target",
            where=", ".join(found),
            why="only environments.yaml chooses the database",
            next_command=f"unset {' '.join(found)}",
        )


def marker(environment: Environment) -> Path:
    """Return the file by which a host says which environment it is."""
    return environment.project_directory / ".dbops" / "environment"


def check_place(environment: Environment, verb: str = "COMMAND") -> None:
    """Refuse an environment that lives on a host, anywhere but on that host or over SSH.

    Args:
        environment: what was named.
        verb: the command, for the message.

    Raises:
        Refused: this machine's marker is missing, or names another environment (exit 3).
    """
    if environment.host is None or environment.remote:
        return
    file = marker(environment)
    said = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if said != environment.name:
        raise Refused(
            f"{environment.name} lives on {environment.host.address}",
            where=str(file),
            why=f"this machine says that it is {said}" if said else "this machine is not marked",
            next_command=f"{environment.command_over_ssh(verb)}; on that host itself, once, "
            f"{environment.command('enroll')}",
        )


def check_identity(environment: Environment, state: State) -> None:
    """Refuse when the host or the database says that it is another environment.

    Over SSH both have to say so themselves: a name in a file does not make a host production. A
    database that says nothing yet is let through where nobody would miss its rows.

    Raises:
        Refused: the host's marker, or the setting dbops.environment, disagrees (exit 3).
    """
    if state.host is not None:
        _check_witness(
            environment,
            state.host.marker,
            who=f"the host {state.host.name}",
            where=str(marker(environment)),
            needed=True,
        )
    database = state.database
    if database is not None and database.exists and database.is_open:
        _check_witness(
            environment,
            database.environment,
            who="the database",
            where=f"database {environment.database.name}, setting dbops.environment",
            needed=state.host is not None and environment.is_protected,
        )


def _check_witness(
    environment: Environment, said: str, *, who: str, where: str, needed: bool
) -> None:
    if said and said != environment.name:
        raise Refused(
            f"{environment.name}: {who} says that it is {said}",
            where=where,
            why=f"environments.yaml and {who} disagree about who this is",
            next_command=f"correct environments.yaml; nothing is changed on {said}",
        )
    if needed and not said:
        raise Refused(
            f"{environment.name}: {who} does not say who it is",
            where=where,
            why="a name in environments.yaml is no proof; it was never enrolled",
            next_command=environment.command("enroll"),
        )


def held(hold: str) -> dict[str, str]:
    """Return who locked an environment by hand, since when and why; HOLD is what the file says."""
    try:
        facts = json.loads(hold)
        return {key: str(facts[key]) for key in ("who", "since", "message")}
    except (ValueError, KeyError, TypeError):  # written by hand, or cut
        return {"who": "somebody", "since": "a time it does not say", "message": hold.strip()}


def check_hold(environment: Environment, hold: str) -> None:
    """Refuse to change an environment that somebody locked by hand.

    Args:
        environment: what would be changed.
        hold: the manual lock as JSON, empty when there is none.

    Raises:
        Locked: there is one (exit 75).
    """
    if hold:
        facts = held(hold)
        raise Locked(
            f"{environment.name} is locked by {facts['who']}",
            where=f"since {facts['since']}",
            why=facts["message"],
            next_command=environment.command("unlock"),
        )


def check_freeze(environment: Environment, runbook: Runbook, now: datetime) -> None:
    """Refuse to release or to destroy while a freeze of environments.yaml lasts.

    Raises:
        Refused: a freeze has begun and not ended (exit 3).
    """
    if not (runbook.releases or runbook.destructive):
        return
    for freeze in environment.guard.freezes:
        if datetime.fromisoformat(freeze.start) <= now < datetime.fromisoformat(freeze.end):
            raise Refused(
                f"{environment.name} is frozen until {freeze.end}",
                where=f"environments.{environment.name}.guard.freezes",
                why=freeze.reason,
                next_command=f"wait, then {environment.command(runbook.verb)}",
            )


def check_checkout(
    environment: Environment, runbook: Runbook, *, branch: str, changed: tuple[str, ...]
) -> None:
    """Refuse to release from another branch than the allowed ones, or from an edited checkout.

    Args:
        environment: where it would run; without guard.branches nothing is asked of the checkout.
        runbook: what would run.
        branch: the branch the checkout is at, empty when it is at none.
        changed: the files git calls changed or unknown.

    Raises:
        Refused: what would be released is not what was reviewed (exit 3).
    """
    allowed = environment.guard.branches
    if not (runbook.releases and allowed):
        return
    if branch not in allowed:
        raise Refused(
            f"{environment.name}: the checkout is at {branch or 'no branch'}",
            where=str(environment.project_directory),
            why=f"guard.branches allows {', '.join(allowed)}",
            next_command=f"git switch {allowed[0]}",
        )
    if changed:
        raise Refused(
            f"{environment.name}: the checkout was edited",
            where=", ".join(changed[:5]),
            why="what would be released is not what is committed",
            next_command="git stash, or commit and have it reviewed",
        )


def check_destructive(
    runbook: Runbook,
    environment: Environment,
    *,
    force: bool,
    confirm: str | None,
    ask: Callable[[str], str] | None,
    typed: str = "",
) -> None:
    """Refuse a destructive runbook on a protected environment unless it is meant.

    A name that was given is looked at everywhere: who confirms another one means another one.

    Args:
        runbook: what would run.
        environment: where it would run.
        force: whether --force was given.
        confirm: what --confirm was given, None when it was not.
        ask: puts a question to the terminal; None when nobody sits there.
        typed: the command as it was typed, for the messages that repeat it.

    Raises:
        Refused: not forced, not confirmed, or confirmed with another name (exit 3).
    """
    command = typed or environment.command(runbook.verb)
    is_asked = environment.is_protected and (runbook.destructive or runbook.confirmed)
    if is_asked and runbook.destructive:
        if not force:
            raise Refused(
                f"{environment.name} is protected",
                where=runbook.verb,
                why=runbook.loses or "this command can lose data",
                next_command=f"{command} --force",
            )
        command = f"{command} --force"
    if is_asked and confirm is None:
        confirm = _asked(runbook, environment, command, ask)
    if confirm is not None and unicodedata.normalize("NFKC", confirm).strip() != environment.name:
        raise Refused(
            f"{environment.name}: {confirm!r} is not the environment's name",
            where=runbook.verb,
            why="nothing was touched",
            next_command=command,
        )


def _asked(
    runbook: Runbook, environment: Environment, command: str, ask: Callable[[str], str] | None
) -> str:
    """Return the name that is typed when the terminal asks for it.

    Raises:
        Refused: nobody sits there (exit 3).
    """
    if ask is None:
        raise Refused(
            f"{environment.name}: nobody is here to confirm {runbook.verb}",
            where="standard input is no terminal",
            why="a protected environment is changed only with its name typed",
            next_command=f"{command} --confirm {environment.name}",
        )
    return ask(f"{runbook.loses or runbook.verb}. Type {environment.name} to go on: ")
