"""What a run obeys: alembic.ini for the project, the environment for this run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from dbops_migrator.failures import USAGE, Failure

if TYPE_CHECKING:
    from alembic.config import Config

_DRIVER = "postgresql+psycopg2"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run.

    Attributes:
        command: the alembic command; a library caller names it in `config.attributes["command"]`.
        owner_role: the role that runs revisions and owns what they create.
        models: `module:attribute` of the declarative base or its metadata.
        lock_wait: seconds to wait for another migration to end.
        lock_timeout: how long a statement waits for a lock, in PostgreSQL's units.
        statement_timeout: how long a statement may run, in PostgreSQL's units.
        lock_tries: how often a revision that loses a lock is tried.
        run_id: the run this belongs to, or an empty string.
        actor: who asked for it, or an empty string.
    """

    command: str
    owner_role: str
    models: str
    lock_wait: float
    lock_timeout: str
    statement_timeout: str
    lock_tries: int
    run_id: str
    actor: str

    @classmethod
    def read(cls, config: Config) -> Settings:
        """Return the settings of this process; exit code 4 when a number is not one."""
        return cls(
            command=_command(config),
            owner_role=_option(config, "owner_role"),
            models=_option(config, "models"),
            lock_wait=_number("DBOPS_LOCK_WAIT", 60),
            lock_timeout=os.environ.get("DBOPS_LOCK_TIMEOUT") or "2s",
            statement_timeout=os.environ.get("DBOPS_STATEMENT_TIMEOUT") or "60s",
            lock_tries=max(1, int(_number("DBOPS_LOCK_RETRIES", 10))),
            run_id=os.environ.get("DBOPS_RUN_ID", ""),
            actor=os.environ.get("DBOPS_ACTOR", ""),
        )

    @property
    def application_name(self) -> str:
        """What pg_stat_activity shows for the sessions of this run."""
        return ":".join(word for word in ("alembic", self.command, self.run_id) if word)


def database_url() -> URL:
    """Return the URL from `DATABASE_URL`, else from `POSTGRES_*`; exit code 4 when neither says."""
    if text := os.environ.get("DATABASE_URL"):
        return _parsed(text)
    missing = [name for name in ("POSTGRES_USER", "POSTGRES_DB") if not os.environ.get(name)]
    if missing:
        raise Failure(f"no database: set DATABASE_URL, or {' and '.join(missing)}", code=USAGE)
    return URL.create(
        _DRIVER,
        username=os.environ["POSTGRES_USER"],
        password=os.environ.get("POSTGRES_PASSWORD") or None,
        host=os.environ.get("POSTGRES_HOST") or "db",
        port=int(_number("POSTGRES_PORT", 5432)),
        database=os.environ["POSTGRES_DB"],
    )


def _parsed(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # the cause would show the text, and the text may hold a password
        raise Failure("DATABASE_URL is not a database URL", code=USAGE) from None
    if url.drivername.partition("+")[0] not in ("postgres", "postgresql"):
        raise Failure(f"DATABASE_URL is for {url.drivername}, not PostgreSQL", code=USAGE)
    return url.set(drivername=_DRIVER)


def _command(config: Config) -> str:
    chosen = getattr(config.cmd_opts, "cmd", None)
    return str(chosen[0].__name__ if chosen else config.attributes.get("command", ""))


def _option(config: Config, name: str) -> str:
    return os.environ.get(f"DBOPS_{name.upper()}") or config.get_main_option(name) or ""


def _number(name: str, default: float) -> float:
    text = os.environ.get(name) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise Failure(f"{name} is {text!r}, not a number", code=USAGE)
    return number
