"""How commands run against a server that is already there."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbops.commands import sql
from dbops.commands.shell import Brought, with_environment, words
from dbops.errors import Refused
from dbops.runbook import Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.environments.model import Environment


@dataclass(frozen=True, kw_only=True)
class ServerBackend:
    """Builds the words that reach one server through libpq; the password stays in the passfile."""

    environment: Environment
    binaries: Path
    passfile: Path | None

    brings_database = False

    def tool(self, name: str, *arguments: str, database: str | None = None) -> list[str]:
        """Return the words of a client program connected to DATABASE."""
        variables = [f"{key}={value}" for key, value in self._variables(database).items()]
        never = ["--no-password"] if name != "pg_isready" else []
        return ["env", *variables, str(self.binaries / name), *never, *arguments]

    def _variables(self, database: str | None) -> dict[str, str]:
        server, settings = self.environment.server, self.environment.database
        named = {
            "PGSERVICE": server.service if server else None,
            "PGHOST": server.host if server else None,
            "PGPORT": str(server.port) if server and server.port else None,
            "PGPASSFILE": str(self.passfile) if self.passfile else None,
            "PGUSER": settings.user,
            "PGDATABASE": database or settings.name,
            "PGCONNECT_TIMEOUT": "10",
        }
        return {key: value for key, value in named.items() if value}

    def ready(self) -> list[str]:
        """Return the words that ask whether the server accepts connections."""
        return self.tool("pg_isready", "--quiet", "--timeout=10")

    def alembic(
        self, *arguments: str, database: str | None = None, config: str | None = None
    ) -> str:
        """Return the shell text that runs Alembic against DATABASE, with another CONFIG maybe."""
        variables = {**self._variables(database), "DATABASE_URL": "postgresql+psycopg2://"}
        file = str(self.environment.path(config or self.environment.migrations.ini))
        command = words(sys.executable, "-m", "alembic", "--config", file, *arguments)
        here = words("cd", self.environment.project_directory)
        return f"{here} && {with_environment(variables, command)}"

    def python(self, module: str, *arguments: str) -> str:
        """Return the shell text that runs one of the project's modules against the database."""
        command = words(sys.executable, "-m", module, *arguments)
        here = words("cd", self.environment.project_directory)
        return f"{here} && {with_environment(self._variables(None), command)}"

    def terminal(self, *arguments: str) -> list[str]:
        """Return the words of a psql on this terminal."""
        return self.tool("psql", *arguments)

    def beside(self) -> list[str]:
        """Return the words put before a program that reaches the server."""
        variables = [f"{key}={value}" for key, value in self._variables(None).items()]
        return ["env", f"PATH={self.binaries}:/usr/local/bin:/usr/bin:/bin", *variables]

    def bring(self, *files: str) -> Brought:
        """Return FILES: they can be read where they are."""
        return Brought(paths=files)

    def logs(self, count: int, service: str | None, *, follow: bool) -> list[str]:
        """Refuse: the server's log is on the server.

        Raises:
            Refused: always (exit 3).
        """
        del count, service, follow
        raise self._not_ours("logs")

    def start(self) -> tuple[Step, ...]:
        """Return nothing: the server runs already, or it cannot be started from here."""
        return ()

    def bring_up(self) -> tuple[Step, ...]:
        """Return the same as `start`: nothing of the checkout is part of the service."""
        return self.start()

    def stop(self) -> tuple[Step, ...]:
        """Refuse to stop a server that others use.

        Raises:
            Refused: always (exit 3).
        """
        raise self._not_ours("down")

    def restart(self) -> tuple[Step, ...]:
        """Refuse to restart a server that others use.

        Raises:
            Refused: always (exit 3).
        """
        raise self._not_ours("restart")

    def remove(self) -> tuple[Step, ...]:
        """Return the step that drops the database; the server stays as it is."""
        name = sql.identifier(self.environment.database.name)
        drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        psql = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={drop}")
        return (
            Step(
                title=f"drop the database {self.environment.database.name}",
                command=words(*self.tool("psql", *psql, database="postgres")),
            ),
        )

    def _not_ours(self, verb: str) -> Refused:
        return Refused(
            f"{self.environment.name}: the server is not this tool's to manage",
            where=f"environments.{self.environment.name}.backend: server",
            why=f"{verb} acts on a server that this tool started",
            next_command=self.environment.command("ps"),
        )
