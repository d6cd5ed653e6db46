"""The embedded backend's facts: which binaries, which data directory, and what runs there now.

Reads only. The commands that change something are built by commands/embedded.py.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import socket
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbops import binaries, runner
from dbops.commands.embedded import EmbeddedBackend
from dbops.errors import Problem, UsageProblem
from dbops.state import Service

if TYPE_CHECKING:
    from dbops.commands.shell import Question
    from dbops.environments.model import Environment

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the file name .s.PGSQL.65535 included.
SOCKET_PATH_BYTES = 103
ROOT_HOME = Path("/var/lib/dbops")


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Where everything of one embedded environment lies on this machine."""

    environment: Environment

    @cached_property
    def home(self) -> Path:
        """Return the environment's directory for data, socket, runs and journal."""
        return self.environment.project_directory / ".dbops" / self.environment.name

    @cached_property
    def user(self) -> pwd.struct_passwd | None:
        """Return the account the server runs as: another one for root, else None.

        PostgreSQL refuses to run as root ("root" execution is not permitted).
        """
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise Problem(
            "root needs another account to run PostgreSQL as",
            where="the accounts of this machine",
            why="PostgreSQL refuses to run as root, and neither postgres nor nobody is there",
            next_command="useradd --system postgres, or type the same command as another account",
        )

    @cached_property
    def binaries(self) -> Path:
        """Return the folder of initdb, pg_ctl and psql that is used."""
        return binaries.find(self.environment)

    @property
    def server_binaries(self) -> Path:
        """Return the binaries where the server's account can read them."""
        if self.user is None or _is_reachable(self.binaries):
            return self.binaries
        mark = hashlib.sha256(str(self.binaries).encode()).hexdigest()[:8]
        return ROOT_HOME / f"postgresql-{mark}" / "bin"

    @cached_property
    def data_link(self) -> Path:
        """Return the data directory's place in the checkout (a link when root's home is closed)."""
        given = self.environment.embedded.data
        return self.environment.path(given) if given else self.home / "data"

    @property
    def data(self) -> Path:
        """Return the data directory itself."""
        if self.data_link.is_symlink() or self.user is None or _is_reachable(self.data_link.parent):
            return self.data_link.resolve()
        mark = hashlib.sha256(str(self.data_link).encode()).hexdigest()[:12]
        return ROOT_HOME / f"{self.environment.name}-{mark}" / "data"

    @property
    def socket_directory(self) -> Path:
        """Return the socket's directory, beside the data where its path is short and plain.

        unix_socket_directories is a list, in which commas and quotes have a meaning.
        """
        beside = self.data.parent / "socket"
        is_short = len(os.fsencode(beside / ".s.PGSQL.65535")) <= SOCKET_PATH_BYTES
        if is_short and re.fullmatch(r"[\w/.+@ -]+", str(beside)):
            return beside
        mark = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(f"/tmp/dbops-{os.geteuid()}-{mark}")  # noqa: S108  made 0700, owner checked

    @property
    def log(self) -> Path:
        """Return the server's log file."""
        return self.data.parent / "postgresql.log"

    @property
    def password(self) -> Path:
        """Return the file with the password for TCP connections; the socket needs none."""
        return self.data.parent / "password"

    def version(self) -> int:
        """Return the major version of the binaries."""
        answer = runner.read([str(self.binaries / "postgres"), "--version"])
        found = re.search(r"(\d+)[.\d]*(?:devel|beta\d|rc\d)?\s*$|\) (\d+)", answer.out)
        if answer.code or not found:
            raise Problem(
                "the PostgreSQL binaries do not start",
                where=str(self.binaries),
                why=answer.error.strip() or f"postgres --version ended with {answer.code}",
                next_command="DBOPS_POSTGRES_BIN=FOLDER before the same command, of binaries "
                "that run here",
            )
        return int(found[1] or found[2])

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return nothing: it is never on a host."""
        return ()

    def probe(self) -> Service:
        """Return what the embedded server is doing now.

        Raises:
            UsageProblem: the configured port is taken by another process (exit 4).
        """
        data = self.data
        if not (data / "PG_VERSION").exists():
            return _service(self, "absent", port=_free_port(self), binaries_major=self.version())
        major = int((data / "PG_VERSION").read_text(encoding="ascii").strip().split(".")[0])
        lines = _pid_file(data)
        pid = int(lines[0]) if lines else 0
        if pid and _is_postmaster_of(pid, data):
            return Service(
                status="running",
                major=major,
                pid=pid,
                port=int(lines[3]),
                moved=Path(lines[1]) != data,
                data=data,
                socket_directory=self.socket_directory
                if Path(lines[1]) != data
                else Path(lines[4]),
            )
        return _service(
            self,
            "stopped",
            major=major,
            stale=bool(lines),
            port=_free_port(self),
            binaries_major=self.version(),
        )

    def blank(self, service: Service) -> Service:
        """Return what the service will be once its data directory is removed."""
        return _service(
            self,
            "absent",
            binaries_major=service.binaries_major or self.version(),
            port=service.port,
        )

    def backend(self, service: Service) -> EmbeddedBackend:
        """Return what builds the commands that reach this server."""
        return EmbeddedBackend(embedded=self, service=service)

    def describe(self, service: Service) -> str:
        """Return how the server is."""
        if service.status == "running":
            return f"PostgreSQL {service.major} runs on port {service.port}"
        if service.status == "stopped":
            return f"PostgreSQL {service.major} is stopped; its data is kept in {service.data}"
        return f"there is no data directory at {service.data}"

    def facts(self, service: Service) -> dict[str, Any]:
        """Return what `ps` tells."""
        return {
            "service": "postgresql",
            "status": service.status,
            "major": service.major or None,
            "pid": service.pid or None,
            "port": service.port,
            "socket": str(service.socket_directory),
            "data": str(service.data),
            "database": self.environment.database.name,
        }


def _is_reachable(path: Path) -> bool:
    """Return whether every existing folder above PATH lets other accounts through."""
    chain = [path, *path.parents]
    return all(each.stat().st_mode & stat.S_IXOTH for each in chain if each.exists())


def _service(embedded: Embedded, status: str, **facts: int | bool) -> Service:
    return Service(
        status=status,  # type: ignore[arg-type]  # one of the three words
        data=embedded.data,
        socket_directory=embedded.socket_directory,
        **facts,  # type: ignore[arg-type]  # numbers and flags, each by its own name
    )


def _pid_file(data: Path) -> list[str]:
    """Return the lines of postmaster.pid: pid, data directory, start, port, socket directory ...

    Source: PostgreSQL, src/include/utils/pidfile.h. A server that is still starting has fewer.
    """
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [*lines, *[""] * (5 - len(lines))] if lines and lines[0].strip("- ").isdigit() else []


def _is_postmaster_of(pid: int, data: Path) -> bool:
    """Return whether PID is a postmaster whose working directory is DATA.

    A copied checkout brings a postmaster.pid that names the original's living server, and a
    process id may have been given to another program: neither may be taken for this server.
    """
    link = Path(f"/proc/{pid}/cwd")
    try:
        return link.exists() and link.resolve() == data.resolve()
    except OSError:
        pass
    listed = runner.read(["lsof", "-a", "-p", str(pid), "-d", "cwd", "-F", "n"])
    return f"n{data.resolve()}" in listed.out.splitlines()


def _free_port(embedded: Embedded) -> int:
    wanted = embedded.environment.embedded.port
    if wanted:
        if not _is_free(wanted):
            raise UsageProblem(
                f"port {wanted} is taken by another process",
                where=f"environments.{embedded.environment.name}.embedded.port",
                why="PostgreSQL cannot listen there",
                next_command="stop that process, or leave the port out to get a free one",
            )
        return wanted
    return next(port for port in _ports(embedded) if _is_free(port))


def _ports(embedded: Embedded) -> list[int]:
    """Return ports to try: the one used last, then those from a place of this checkout's own."""
    try:
        options = (embedded.data / "postmaster.opts").read_text(encoding="utf-8")
        last = [int(each) for each in re.findall(r'"port=(\d+)"', options)]
    except OSError:
        last = []
    start = int(hashlib.sha256(os.fsencode(embedded.data)).hexdigest()[:8], 16)
    below_the_ephemeral = (24000 + (start + step) % 8000 for step in range(8000))
    return [*last, *below_the_ephemeral]


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
