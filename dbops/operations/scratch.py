"""A scratch database on the environment's own server, built as the files say, and always dropped.

Definitions print alike only where one server printed both, so what is expected is built beside what
is there. Nothing that belongs to the whole cluster is made or changed by it.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dbops import catalogue, output
from dbops.commands import database as commands
from dbops.commands import sql
from dbops.errors import Locked, Problem
from dbops.operations import databases, require
from dbops.probe import backend, query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbops.catalogue import Catalogue
    from dbops.commands.database import Backend
    from dbops.state import State
    from dbops.target import Target

# Materialized views come from a schema-only dump without rows: that is no property of a schema.
_NEVER = ("unpopulated view *",)
_ABANDONED_SECONDS = 600


def live(target: Target, state: State, database: str | None = None) -> Catalogue:
    """Return the catalogue of the environment's database, or of another one of its server.

    Raises:
        Problem: the catalogue cannot be read (exit 1).
    """
    asked = query(backend(target, state), sql.query("catalogue"), database=database)
    answer = target.machine.read(asked.words, text=asked.text)
    if answer.code:
        raise _failed(target, "the catalogue cannot be read", answer.error)
    return catalogue.parse(answer.out).without((*_NEVER, *target.environment.drift.ignore))


def expected(target: Target, state: State, revision: str) -> Catalogue:
    """Return the catalogue of snapshot and revisions up to REVISION, built once and then kept."""
    kept = _cache(target, state, revision)
    if kept.exists():
        return catalogue.load(kept).without(target.environment.drift.ignore)
    with Scratch.of(target, state) as scratch:
        scratch.load()
        scratch.upgrade(revision)
        return scratch.catalogue(revision)


def _cache(target: Target, state: State, revision: str) -> Path:
    """Return where the catalogue of REVISION is kept: its name is the hash of all it is made of."""
    environment = target.environment
    roles = environment.migrations.roles
    made_of = [
        require.database(target, state).server_version,
        target.snapshot.sha256,
        _sha256(target.files / roles) if roles else "",
        _sha256(sql.query("catalogue")),
        commands.role_variables(environment),
        [(each.id, each.sha256) for each in target.graph.between([], revision)],
    ]
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:24]
    return target.cache / f"{digest}.catalogue"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Scratch:
    """One scratch database; use `Scratch.of`, which drops it whatever happens."""

    def __init__(self, target: Target, state: State, name: str) -> None:
        self.target = target
        self.state = state
        self.name = name

    @classmethod
    @contextmanager
    def of(cls, target: Target, state: State) -> Iterator[Scratch]:
        """Make an empty scratch database, give it, and drop it.

        Raises:
            Locked: another comparison is using it (exit 75).
            Problem: a declared role is missing; making it would change the whole cluster (exit 1).
        """
        found = require.database(target, state)
        missing = databases.missing_roles(target, found)
        if missing:
            raise Problem(
                f"{target.name}: roles are missing",
                where=", ".join(missing),
                why="the expected schema grants to them",
                next_command=target.command("db-bootstrap-roles"),
            )
        scratch = cls(target, state, commands.scratch(target.environment))
        scratch._check_unused()
        try:
            scratch.run(commands.recreate(scratch.beside, scratch.name), scratch._claim())
            yield scratch
        finally:
            scratch.run(commands.drop(scratch.beside, scratch.name))

    @property
    def beside(self) -> Backend:
        """Return what builds the commands that run next to the server."""
        return backend(self.target, self.state)

    def load(self) -> None:
        """Load the snapshot, the roles' privileges, and stamp the baseline."""
        output.say(f"building the expected schema in {self.name} ...")
        server = require.database(self.target, self.state).server_version
        step = commands.load_snapshot(
            self.beside,
            self.target.environment,
            snapshot=self.target.snapshot,
            leave_out=self.target.leave_out(server),
            stamp=True,
            roles=self.target.environment.migrations.roles is not None,
            database=self.name,
        )
        self.run(step.command)

    def upgrade(self, revision: str) -> None:
        """Upgrade to REVISION; nothing when that is the baseline."""
        if revision != self.target.environment.migrations.baseline:
            self.run(self.beside.alembic("upgrade", revision, database=self.name))

    def catalogue(self, revision: str) -> Catalogue:
        """Return the catalogue, and keep it as that of REVISION."""
        ignoring = replace(self.target.environment.drift, ignore=())
        environment = replace(self.target.environment, drift=ignoring)
        found = live(replace(self.target, environment=environment), self.state, self.name)
        path = _cache(self.target, self.state, revision)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(catalogue.dump(found), encoding="utf-8")
        partial.replace(path)
        return found.without(self.target.environment.drift.ignore)

    def run(self, *texts: str) -> None:
        """Run shell text beside the server; `$1` is a directory that is gone afterwards.

        Raises:
            Problem: it failed (exit 1).
        """
        script = "\n".join([_DIRECTORY, *texts])
        answer = self.target.machine.read(["sh", "-c", script])
        if answer.code:
            raise _failed(
                self.target, "the expected schema cannot be built", answer.error or answer.out
            )

    def _claim(self) -> str:
        name = sql.identifier(self.name)
        now = f"EXECUTE format('ALTER DATABASE {name} SET dbops.scratch_since = %L', now())"
        return commands.execute(
            self.beside, f"DO $now$ BEGIN {now}; END $now$", database="postgres"
        )

    def _check_unused(self) -> None:
        """Refuse a scratch database that is in use; one that was left behind is made anew."""
        question = (
            "SELECT extract(epoch FROM now() - split_part(each, '=', 2)::timestamptz)::int"
            " FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid,"
            f" unnest(s.setconfig) AS each WHERE d.datname = {sql.literal(self.name)}"
            " AND each LIKE 'dbops.scratch_since=%'"
        )
        answer = self.target.machine.read(
            ["sh", "-c", commands.ask(self.beside, question, "postgres")]
        )
        age = answer.out.strip()
        if age.isdigit() and int(age) < _ABANDONED_SECONDS:
            raise Locked(
                f"{self.target.name}: another comparison is building a schema",
                where=self.name,
                why=f"it began {age} s ago; one that was killed is removed after "
                f"{_ABANDONED_SECONDS} s",
                next_command="wait for it, then type the same command again",
            )


_DIRECTORY = """set -e
set -- "$(mktemp -d)"
trap 'rm -rf "$1"' EXIT"""


def _failed(target: Target, what: str, said: str) -> Problem:
    lines = [each for each in said.splitlines() if each.strip()] or ["it said nothing"]
    return Problem(
        f"{target.name}: {what}",
        where=target.environment.database.name,
        why="\n       ".join(lines[-5:]),
        next_command=target.command("doctor"),
    )
