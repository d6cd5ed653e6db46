"""Which database: DATABASE_URL, or the libpq environment when it is not set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from app.refusal import UNREACHABLE, USAGE, Refusal

if TYPE_CHECKING:
    from sqlalchemy import Connection

DRIVER = "postgresql+psycopg2"
_LIBPQ = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "username", "PGDATABASE": "database"}


def connect(application_name: str) -> Connection:
    """Return an open connection; the caller closes it.

    Args:
        application_name: what `pg_stat_activity` shows.

    Raises:
        Refusal: DATABASE_URL is no PostgreSQL URL, or contradicts the libpq environment
            (exit 4); no server answers, or it refuses the login (exit 69).
    """
    engine = create_engine(
        database_url(),
        poolclass=NullPool,
        connect_args={"application_name": application_name, "client_encoding": "utf8"},
    )
    try:
        return engine.connect()
    except OperationalError as error:
        raise Refusal(
            "the database does not answer",
            where=engine.url.render_as_string() if engine.url.database else "libpq environment",
            why=str(error.orig).strip().splitlines()[0],
            next_command="psql --command 'select 1'",
            code=UNREACHABLE,
        ) from error


def database_url() -> URL:
    """Return the target; a URL without parts leaves every choice to libpq.

    Raises:
        Refusal: DATABASE_URL is no PostgreSQL URL, or contradicts the libpq environment (exit 4).
    """
    value = os.environ.get("DATABASE_URL", "")
    if not value:
        return URL.create(DRIVER)
    try:
        url = make_url(value)
    except ArgumentError:
        raise _unusable("it is not a URL") from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise _unusable(f"it names {url.get_backend_name()}, not postgresql")
    _refuse_two_targets(url)
    return url.set(drivername=DRIVER)


def _refuse_two_targets(url: URL) -> None:
    for variable, part in _LIBPQ.items():
        ambient, chosen = os.environ.get(variable), getattr(url, part)
        if ambient and chosen is not None and str(chosen) != ambient:
            raise _unusable(f"it names {part} {chosen}, {variable} names {ambient}")


def _unusable(why: str) -> Refusal:
    return Refusal(
        "DATABASE_URL cannot be used",
        where="environment",
        why=why,
        next_command="unset DATABASE_URL",
        code=USAGE,
    )
