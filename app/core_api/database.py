"""The service's database, named by POSTGRES_* as the compose files give them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from app.refusal import USAGE, Refusal, say

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_SECONDS = 3
_SETTINGS = f"-c statement_timeout={TIMEOUT_SECONDS}s -c default_transaction_read_only=on"


class Unavailable(Exception):  # noqa: N818  an answer of the service, not a defect
    """The database cannot say where it stands; the message holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the database is and who asks.

    Attributes:
        host: its name or address, or the directory of its socket.
        port: its TCP port.
        user: the role that connects.
        name: the database.
        password: the role's password, when no file holds it.
        password_file: the file that holds it, read at each connection; its last newline is dropped.
    """

    host: str
    port: int
    user: str
    name: str
    password: str = field(default="", repr=False)
    password_file: Path | None = None

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Database:
        """Return the database that POSTGRES_HOST, _PORT, _USER, _DB and _PASSWORD[_FILE] name.

        Raises:
            Refusal: the user or the database is not named, or the port is no number (exit 4).
        """
        missing = [each for each in ("POSTGRES_USER", "POSTGRES_DB") if not variables.get(each)]
        port = variables.get("POSTGRES_PORT") or "5432"
        if missing or not port.isdecimal():
            raise Refusal(
                "the service does not know its database",
                where="environment",
                why=f"{missing[0]} is not set" if missing else f"POSTGRES_PORT is {port!r}",
                code=USAGE,
            )
        file = variables.get("POSTGRES_PASSWORD_FILE")
        return cls(
            host=variables.get("POSTGRES_HOST") or "db",
            port=int(port),
            user=variables["POSTGRES_USER"],
            name=variables["POSTGRES_DB"],
            password=variables.get("POSTGRES_PASSWORD", ""),
            password_file=Path(file) if file else None,
        )

    def revisions(self) -> tuple[str, ...]:
        """Return the applied revisions, sorted; none where Alembic never wrote one.

        Raises:
            Unavailable: no answer within 3 seconds, the login is refused, or the query fails.
        """
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            try:
                # Asked first: a failing SELECT would fill the server's log, poll by poll.
                cursor.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL")
                if cursor.fetchone() == (False,):
                    return ()
                cursor.execute("SELECT version_num FROM public.alembic_version ORDER BY 1")
                return tuple(row[0] for row in cursor.fetchall())
            except psycopg2.Error as error:
                raise Unavailable(_why_failed(error.pgcode)) from error

    def _connect(self) -> psycopg2.extensions.connection:
        try:
            return psycopg2.connect(
                host=self.host,
                port=self.port,
                user=self.user,
                dbname=self.name,
                password=self._password() or None,
                application_name="core_api health",
                connect_timeout=TIMEOUT_SECONDS,
                tcp_user_timeout=TIMEOUT_SECONDS * 1000,
                options=_SETTINGS,
            )
        except psycopg2.OperationalError as error:
            # libpq names host and role here, and never the password; the log may show that
            say(f"core_api: {str(error).strip().splitlines()[0]}")
            raise Unavailable("the database does not answer") from error

    def _password(self) -> str:
        if self.password_file is None:
            return self.password
        try:
            return self.password_file.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, ValueError) as error:
            raise Unavailable("POSTGRES_PASSWORD_FILE cannot be read") from error


def _why_failed(sqlstate: str | None) -> str:
    return f"the query failed (SQLSTATE {sqlstate})" if sqlstate else "the connection was lost"
