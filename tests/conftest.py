"""What the tests stand on: real servers, started by this project's own code, and real projects."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbops.embedded import _is_postmaster_of, _pid_file

if TYPE_CHECKING:
    from collections.abc import Iterator

# Whoever runs the tests in the background may ignore Ctrl-C, and nohup the end of a terminal: what
# they start would inherit that, and a shell cannot trap it again.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest_plugins = ["rig.engine", "rig.vms", "rig.fixtures", "rig.systemd"]

ROOT = Path(__file__).resolve().parents[1]
AMBIENT = ("DATABASE_URL", "DBOPS_", "PG", "POSTGRES_", "COMPOSE_", "DOCKER_HOST")

ENVIRONMENTS = """\
project: sanbou
defaults:
  backend: embedded
  demo_data: app.demo_data
  migrations:
    schemas: [public, raw, ref, mart, stg, kpi]
    legacy_heads: ["20251212_110000000"]
  roles:
    owner: sanbou_owner
    migrator: sanbou_migrator
    app: sanbou_app
    readonly: sanbou_readonly
    backup: sanbou_backup
    refresher: sanbou_refresher
environments:
  local_dev:
    aliases: [dev]
    database: {name: sanbou_dev}
  local_demo:
    aliases: [demo]
    database: {name: sanbou_demo}
  vault:
    database: {name: sanbou_vault}
    guard: {protected: true}
retired: {local_stg: local_dev}
"""
DATABASES = {"local_dev": "sanbou_dev", "local_demo": "sanbou_demo", "vault": "sanbou_vault"}


@dataclass(frozen=True)
class Project:
    """A copy of this project's files in a directory of its own, with servers of its own."""

    directory: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "invoke", "--search-root", str(ROOT), *words]

    def variables(self, **more: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(AMBIENT)}
        file = str(self.directory / "environments.yaml")
        return {**kept, "DBOPS_ENVIRONMENTS": file, **more}

    def inv(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a user types it and return what it printed and its exit code."""
        return subprocess.run(
            self.command(*words),
            env=self.variables(**variables),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def must(self, *words: str, **variables: str) -> str:
        """Run a command that has to succeed and return its standard output."""
        done = self.inv(*words, **variables)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.must(*words, "--json"))

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, as a terminal does."""
        process = subprocess.Popen(
            self.command(*words),
            env=self.variables(**variables),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        self.started.append(process)
        return process

    def data(self, env: str = "local_dev") -> Path:
        return (self.directory / ".dbops" / env / "data").resolve()

    def libpq(self, env: str = "local_dev") -> dict[str, str]:
        """Return the variables that lead a libpq program to the running server's database."""
        lines = (self.data(env) / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        reached = {"PGHOST": lines[4], "PGPORT": lines[3], "PGUSER": "postgres"}
        return {**reached, "PGDATABASE": DATABASES[env]}

    def psql(self, *statements: str, env: str = "local_dev", database: str | None = None) -> str:
        """Return what the statements print, unaligned, without headers; each commits by itself."""
        commands = [f"--command={each}" for each in statements]
        reached = self.libpq(env)
        options = _psql(reached["PGHOST"], int(reached["PGPORT"]))
        done = subprocess.run(
            [*options, database or reached["PGDATABASE"], *commands],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def edit(self, file: str, before: str, after: str) -> None:
        path = self.directory / file
        text = path.read_text(encoding="utf-8")
        assert before in text, f"{before!r} is not in {file}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def remove(self) -> None:
        """Stop the servers of this project, whatever became of them, and remove its files."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
        for link in self.directory.glob(".dbops/*/data"):
            data = link.resolve()
            _stop(data)
            if not data.is_relative_to(self.directory):
                shutil.rmtree(data.parent, ignore_errors=True)
        if self.directory.exists():
            shutil.rmtree(self.directory)


def _stop(data: Path) -> None:
    lines = _pid_file(data)
    process = int(lines[0]) if lines else 0
    if process and _is_postmaster_of(process, data):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGQUIT)
        while _is_postmaster_of(process, data):
            time.sleep(0.01)
        shutil.rmtree(lines[4], ignore_errors=True)


def _psql(host: str, port: int) -> list[str]:
    program = str(_binaries() / "psql")
    options = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]
    return [
        program,
        *options,
        f"--host={host}",
        f"--port={port}",
        "--username=postgres",
        "--dbname",
    ]


def _binaries() -> Path:
    from dbops import binaries
    from dbops.environments.model import Database, Environment

    environment = Environment(
        name="tests",
        project="tests",
        project_directory=ROOT,
        file=ROOT / "environments.yaml",
        backend="embedded",
        database=Database(name="tests"),
    )
    return binaries.find(environment)


def make_project(parent: Path | None = None) -> Project:
    # Not pytest's tmp_path: as root that is closed for the server's account, and the path is long.
    directory = Path(tempfile.mkdtemp(prefix="dbops-", dir=parent))
    if parent is None:
        directory.chmod(0o755)
    for each in ("migrations_v2", "sql", "app"):
        shutil.copytree(ROOT / each, directory / each, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / "environments.yaml").write_text(ENVIRONMENTS, encoding="utf-8")
    return Project(directory)


@pytest.fixture
def project() -> Iterator[Project]:
    """A project nothing was done in yet."""
    made = make_project()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def head() -> Iterator[Project]:
    """A project whose local_dev is at head; shared by a module that only looks, or cleans up."""
    made = make_project()
    made.must("al-up", "--env", "local_dev")
    yield made
    made.remove()


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    """The libpq environment of a server for databases that come and go."""
    made = make_project()
    made.must("up", "--env", "local_dev")
    facts = made.json("ps", "--env", "local_dev")
    yield {"PGHOST": facts["socket"], "PGPORT": str(facts["port"]), "PGUSER": "postgres"}
    made.remove()


@pytest.fixture
def empty_database(
    server: dict[str, str], request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """The libpq environment of a new, empty database."""
    name = f"test_{abs(hash(request.node.nodeid)):x}"[:40]
    admin = [*_psql(server["PGHOST"], int(server["PGPORT"])), "postgres"]
    subprocess.run(
        [*admin, "--command", f'CREATE DATABASE "{name}" TEMPLATE template0'], check=True
    )
    yield {**server, "PGDATABASE": name}
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    subprocess.run([*admin, "--command", drop], check=True)
