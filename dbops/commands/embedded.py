"""How commands run next to an embedded PostgreSQL."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbops.commands.shell import Brought, lines, with_environment, words
from dbops.errors import UsageProblem
from dbops.runbook import Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.embedded import Embedded
    from dbops.state import Service


@dataclass(frozen=True, kw_only=True)
class EmbeddedBackend:
    """Builds the words that reach one embedded server: its tools, Alembic and its life cycle."""

    embedded: Embedded
    service: Service

    brings_database = False

    def tool(self, name: str, *arguments: str, database: str | None = None) -> list[str]:
        """Return the words of a client program (psql, pg_dump ...) connected to DATABASE."""
        settings = self.embedded.environment.database
        return [
            str(self.embedded.binaries / name),
            f"--host={self.service.socket_directory}",
            f"--port={self.service.port}",
            f"--username={settings.user}",
            f"--dbname={database or settings.name}",
            *arguments,
        ]

    def variables(self, database: str | None = None) -> dict[str, str]:
        """Return the libpq environment of a program that connects by itself."""
        settings = self.embedded.environment.database
        return {
            "PGHOST": str(self.service.socket_directory),
            "PGPORT": str(self.service.port),
            "PGUSER": settings.user,
            "PGDATABASE": database or settings.name,
        }

    def alembic(
        self, *arguments: str, database: str | None = None, config: str | None = None
    ) -> str:
        """Return the shell text that runs Alembic against DATABASE, with another CONFIG maybe."""
        environment = self.embedded.environment
        # Empty parts are taken from the libpq environment: no address and no secret in the URL.
        variables = {**self.variables(database), "DATABASE_URL": "postgresql+psycopg2://"}
        file = str(environment.path(config or environment.migrations.ini))
        command = words(sys.executable, "-m", "alembic", "--config", file, *arguments)
        here = words("cd", environment.project_directory)
        return f"{here} && {with_environment(variables, command)}"

    def python(self, module: str, *arguments: str) -> str:
        """Return the shell text that runs one of the project's modules against the database."""
        here = words("cd", self.embedded.environment.project_directory)
        command = words(sys.executable, "-m", module, *arguments)
        return f"{here} && {with_environment(self.variables(), command)}"

    def terminal(self, *arguments: str) -> list[str]:
        """Return the words of a psql on this terminal."""
        return self.tool("psql", *arguments)

    def beside(self) -> list[str]:
        """Return the words put before a program that runs next to the database."""
        connection = [f"PGHOST={self.service.socket_directory}", f"PGPORT={self.service.port}"]
        path = f"PATH={self.embedded.binaries}:/usr/local/bin:/usr/bin:/bin"
        return ["env", path, *connection]

    def bring(self, *files: str) -> Brought:
        """Return FILES: they can be read where they are."""
        return Brought(paths=files)

    def logs(self, count: int, service: str | None, *, follow: bool) -> list[str]:
        """Return the words that show the last COUNT lines of the server's log.

        Raises:
            UsageProblem: one service of several is asked for (exit 4).
        """
        if service:
            environment = self.embedded.environment.name
            raise UsageProblem(
                f"{environment} has one service",
                where=f"--service {service}",
                why="it is a PostgreSQL server on this machine, not a compose project",
                next_command=f"inv logs --env {environment}",
            )
        return ["tail", "-n", str(count), *(["-f"] if follow else []), str(self.embedded.log)]

    def start(self) -> tuple[Step, ...]:
        """Return the steps that bring the server up from wherever it is now."""
        if self.service.status == "absent":
            return (*self._copy_binaries(), self._prepare(), self._initdb(), self._start())
        if self.service.status == "stopped":
            return (*self._copy_binaries(), self._start())
        return (self._stop(), self._start()) if self.service.moved else ()

    def bring_up(self) -> tuple[Step, ...]:
        """Return the same as `start`: nothing of the checkout is part of the service."""
        return self.start()

    def stop(self) -> tuple[Step, ...]:
        """Return the step that stops a running server; connections are ended, nothing is lost."""
        return (self._stop(),) if self.service.status == "running" else ()

    def restart(self) -> tuple[Step, ...]:
        """Return the steps that stop and start the server."""
        return (*self.stop(), *self._copy_binaries(), self._start())

    def remove(self) -> tuple[Step, ...]:
        """Return the steps that stop the server and remove its data directory."""
        if self.service.status == "absent":
            return ()
        data = self.service.data
        doomed = data.with_name(f"{data.name}.removing")
        remove = Step(
            title="remove the data directory",
            # Renamed first: half a data directory must never look like a whole one.
            command=lines(
                words("rm", "-rf", "--", doomed),
                words("mv", "--", data, doomed),
                words("rm", "-rf", "--", doomed, self.embedded.password, self.embedded.log),
                words("rm", "-rf", "--", self.service.socket_directory),
            ),
            verify=words("test", "!", "-e", data),
        )
        return (*self.stop(), remove)

    def _copy_binaries(self) -> tuple[Step, ...]:
        source, target = self.embedded.binaries.parent, self.embedded.server_binaries.parent
        if source == target or (target / "bin" / "postgres").exists():
            return ()
        partial = target.with_name(f"{target.name}.partial")
        return (
            Step(
                title="copy the PostgreSQL binaries to where the server's account can read them",
                command=lines(
                    words("rm", "-rf", "--", partial),
                    words("mkdir", "-p", "--", target.parent),
                    words("cp", "-R", "--", source, partial),
                    words("chmod", "-R", "go+rX", "--", partial),
                    words("mv", "--", partial, target),
                ),
            ),
        )

    def _prepare(self) -> Step:
        data, password = self.service.data, self.embedded.password
        own = [
            self._chown(each)
            for each in (self.service.socket_directory, self.embedded.log, password)
        ]
        return Step(
            title="make the directories of the server",
            command=lines(
                words("mkdir", "-p", "--", data.parent),
                words("mkdir", "-p", "--", self.embedded.data_link.parent),
                self._link(),
                words("mkdir", "-p", "-m", "700", "--", self.service.socket_directory),
                f"(umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' \\n' >{words(password)})",
                f": >>{words(self.embedded.log)}",
                *own,
            ),
        )

    def _link(self) -> str:
        link, data = self.embedded.data_link, self.service.data
        return "" if link == data or link.is_symlink() else words("ln", "-s", "--", data, link)

    def _chown(self, path: Path) -> str:
        user = self.embedded.user
        return words("chown", f"{user.pw_uid}:{user.pw_gid}", "--", path) if user else ""

    def _initdb(self) -> Step:
        data = self.service.data
        partial = data.with_name(f"{data.name}.partial")
        options = [
            f"--pgdata={partial}",
            f"--username={self.embedded.environment.database.user}",
            f"--pwfile={self.embedded.password}",
            "--encoding=UTF8",
            "--auth-local=trust",  # the socket's directory is 0700
            "--auth-host=scram-sha-256",
            "--no-instructions",
            *_locale(self.service.binaries_major),
        ]
        return Step(
            title=f"create the data directory, PostgreSQL {self.service.binaries_major}",
            command=lines(
                words("rm", "-rf", "--", partial),
                words("mkdir", "-m", "700", "--", partial),
                self._chown(partial),
                self._as_server("initdb", *options),
                # Renamed when complete: a killed initdb leaves no data directory behind.
                words("mv", "--", partial, data),
            ),
        )

    def _start(self) -> Step:
        service = self.service
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(service.port),
            "unix_socket_directories": str(self.embedded.socket_directory),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        options = " ".join(f"-c {words(f'{key}={value}')}" for key, value in settings.items())
        # pg_ctl starts the server through sh and quotes neither a $ nor a " in its own paths: the
        # data directory comes by PGDATA, and the log is opened here.
        start = self._as_server(
            "pg_ctl",
            "--wait",
            "--timeout=60",
            "--silent",
            f"--options={options}",
            "start",
        )
        log = words("tail", "-n", "5", self.embedded.log)
        # After SIGKILL the old postmaster's children may need a moment to leave shared memory.
        attempt = "start || { sleep 2; start; } || { " + log + "; exit 1; }"
        socket = self.embedded.socket_directory
        return Step(
            title=f"start PostgreSQL on port {service.port}",
            command=lines(
                words("rm", "-f", "--", service.data / "postmaster.pid") if service.stale else "",
                words("mkdir", "-p", "-m", "700", "--", socket),
                # One in /tmp may have been laid there by somebody else.
                self._chown(socket) or words("test", "-O", socket),
                # Closed for the daemon: it would hold the environment's lock for ever.
                f"start() {{ ({start}) >>{words(self.embedded.log)} 2>&1 9>&-; }}",
                words("export", f"PGDATA={service.data}"),
                attempt,
            ),
            verify=words(
                self.embedded.binaries / "pg_isready",
                "--quiet",
                f"--username={self.embedded.environment.database.user}",
                f"--host={socket}",
                f"--port={service.port}",
            ),
        )

    def _stop(self) -> Step:
        data = f"--pgdata={self.service.data}"
        return Step(
            title="stop PostgreSQL",
            command=self._as_server("pg_ctl", data, "--mode=fast", "--wait", "--silent", "stop"),
            verify=words("test", "!", "-e", self.service.data / "postmaster.pid"),
        )

    def _as_server(self, program: str, *arguments: str) -> str:
        """Return a server program's command, run as the server's account when we are root."""
        command = [str(self.embedded.server_binaries / program), *arguments]
        user = self.embedded.user
        if user is None:
            return words(*command)
        account = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        return f"cd / && {words('setpriv', *account, '--', *command)}"


def _locale(major: int) -> list[str]:
    """Return initdb's locale: the builtin C.UTF-8 of 17, which is the same on every system."""
    if major >= 17:  # noqa: PLR2004  the release that brought it
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
