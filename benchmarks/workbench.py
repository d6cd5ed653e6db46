"""A project of its own for a benchmark: files, server and settings, gone when it is over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benchmarks.timing import Command, once
from dbops import environments, probe
from dbops.target import Target

if TYPE_CHECKING:
    from dbops.commands.backend import Backend

ROOT = Path(__file__).resolve().parents[1]
ENV = ("--env", "local_dev")

# Bytecode is cached for both sides, as for everybody; no variable of this shell chooses a target.
_LEFT_OUT = ("PYTHON", "DATABASE_URL", "DBOPS_", "PG", "POSTGRES_", "ALEMBIC_")

_ENVIRONMENTS = """\
project: benchmark
environments:
  local_dev:
    backend: embedded
    database: {name: benchmark}
    demo_data: app.demo_data
    migrations: {schemas: [public, raw, ref, mart, stg, kpi]}
    roles:
      owner: sanbou_owner
      migrator: sanbou_migrator
      app: sanbou_app
      readonly: sanbou_readonly
      backup: sanbou_backup
      refresher: sanbou_refresher
"""


class Project:
    """A fresh copy of this checkout's migrations and snapshot; nothing was done in it yet."""

    def __enter__(self) -> Self:
        # Not under the home directory, and open to others: the server of root is another account.
        self.directory = Path(tempfile.mkdtemp(prefix="dbops-benchmark-"))
        self.directory.chmod(0o755)
        unwanted = shutil.ignore_patterns("__pycache__")
        for each in ("migrations_v2", "sql", "app"):
            shutil.copytree(ROOT / each, self.directory / each, ignore=unwanted)
        self.file.write_text(_ENVIRONMENTS, encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            once(self.inv("db-reset-volume", *ENV))
        finally:
            shutil.rmtree(self.directory)

    @property
    def file(self) -> Path:
        """Return the project's environments.yaml."""
        return self.directory / "environments.yaml"

    @property
    def runs(self) -> Path:
        """Return the folder in which each run keeps its events."""
        return self.directory / ".dbops" / "local_dev" / "runs"

    @cached_property
    def target(self) -> Target:
        """Return the environment, for what only reads or builds commands."""
        return Target(environment=environments.load(self.file).environments["local_dev"])

    @property
    def backend(self) -> Backend:
        """Return what builds commands next to the database; the server must run."""
        return self.target.backend(probe.probe(self.target))

    def command(self, *words: str, **variables: str) -> Command:
        """Return a command that runs in this project."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_LEFT_OUT)}
        return Command(words, self.directory, {**kept, **variables})

    def inv(self, *words: str, tasks: Path = ROOT) -> Command:
        """Return an Invoke command of the tasks.py in the folder TASKS."""
        invoke = (sys.executable, "-m", "invoke", "--search-root", str(tasks))
        return self.command(*invoke, *words, DBOPS_ENVIRONMENTS=str(self.file))

    def alembic(self, *words: str, config: str) -> Command:
        """Return an Alembic command that connects to the project's database."""
        alembic = (sys.executable, "-m", "alembic", "--config", config)
        service = probe.probe(self.target).service
        database = self.target.environment.database
        return self.command(
            *alembic,
            *words,
            DATABASE_URL="postgresql+psycopg2://",
            PGHOST=str(service.socket_directory),
            PGPORT=str(service.port),
            PGUSER=database.user,
            PGDATABASE=database.name,
        )

    def database_bytes(self) -> int:
        """Return the size of the project's database."""
        statement = "SELECT pg_database_size(current_database())"
        answer = ("--no-align", "--tuples-only", f"--command={statement}")
        words = self.backend.tool("psql", *answer)
        return int(subprocess.run(words, capture_output=True, check=True, text=True).stdout)

    def postgresql(self) -> str:
        """Return the name and version of the server that is used."""
        program = self.backend.tool("psql")[0]
        answer = subprocess.run([program, "--version"], capture_output=True, check=True, text=True)
        return answer.stdout.strip().replace("psql (PostgreSQL)", "PostgreSQL")
