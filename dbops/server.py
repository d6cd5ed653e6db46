"""The server backend's facts: a PostgreSQL that is there already and not ours to start or stop."""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbops import binaries, runner
from dbops.commands.server import ServerBackend
from dbops.errors import Unreachable, UsageProblem
from dbops.state import Service

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.commands.shell import Question
    from dbops.environments.model import Environment


@dataclass(frozen=True, kw_only=True)
class ExistingServer:
    """A server reached through libpq: a service of pg_service.conf, or a host and port."""

    environment: Environment

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return nothing: it is never on a host."""
        return ()

    def probe(self) -> Service:
        """Return that the server runs.

        Raises:
            Unreachable: it does not accept connections (exit 69).
            UsageProblem: the passfile is missing or open to others (exit 4).
        """
        self._check_passfile()
        beside = self.backend(Service(status="running"))
        answer = runner.read(beside.ready())
        if answer.code == 0:
            return Service(status="running")
        raise Unreachable(
            f"{self.environment.name}: the server does not accept connections",
            where=self._address(),
            why=_READY.get(answer.code, (answer.error or answer.out).strip()),
            next_command=f"{self._waiting(beside.binaries)}, until it accepts connections",
        )

    def _check_passfile(self) -> None:
        passfile = self._passfile()
        if passfile is None:
            return
        problem = None
        if not passfile.is_file():
            problem = "it does not exist"
        elif stat.S_IMODE(passfile.stat().st_mode) & 0o077:
            # libpq ignores such a file with a warning, and would then ask for a password.
            problem = "others may read it, so libpq ignores it"
        if problem:
            raise UsageProblem(
                f"{self.environment.name}: the passfile cannot be used",
                where=str(passfile),
                why=problem,
                next_command=f"chmod 600 {passfile}"
                if passfile.is_file()
                else f"write host:port:database:user:password into {passfile}, mode 600",
            )

    def _passfile(self) -> Path | None:
        server = self.environment.server
        return self.environment.path(server.passfile) if server and server.passfile else None

    def _waiting(self, programs: Path) -> str:
        """Return what to type to see whether the server is there: all other commands need it."""
        server = self.environment.server
        place = [f"--dbname=service={server.service}"] if server and server.service else []
        if server and server.host:
            place = [f"--host={server.host}", f"--port={server.port or 5432}"]
        return shlex.join([str(programs / "pg_isready"), *place])

    def _address(self) -> str:
        server = self.environment.server
        if server is None or server.service:
            return f"service {server.service if server else '?'}"
        return f"{server.host}:{server.port or 5432}"

    def blank(self, service: Service) -> Service:
        """Return the service unchanged: only the database goes, never the server."""
        return service

    def backend(self, service: Service) -> ServerBackend:
        """Return what builds the commands that reach the server."""
        del service
        found = binaries.find(self.environment)
        return ServerBackend(
            environment=self.environment, binaries=found, passfile=self._passfile()
        )

    def describe(self, service: Service) -> str:
        """Return where the server is."""
        del service
        return f"the server at {self._address()} accepts connections"

    def facts(self, service: Service) -> dict[str, Any]:
        """Return what `ps` tells."""
        return {
            "service": self._address(),
            "status": service.status,
            "database": self.environment.database.name,
            "user": self.environment.database.user,
            "passfile": str(self._passfile() or os.environ.get("PGPASSFILE", "~/.pgpass")),
        }


# Exit codes of pg_isready (manual, pg_isready: 1 rejecting, 2 no response, 3 no attempt made).
_READY = {
    1: "it is starting up or shutting down",
    2: "nothing answers at this address",
    3: "the address or the service is not valid",
}
