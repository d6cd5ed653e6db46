"""A scratch database on the environment's own server, built as the files say, and always dropped.

Definitions print alike only where one server printed both, so what is expected is built beside what
is there. Nothing that belongs to the whole cluster is made or changed by it.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dbops import catalogue, output
from dbops.commands import database, psql, sql
from dbops.commands import scratch as commands
from dbops.errors import Locked, Problem, UsageProblem
from dbops.operations import databases, require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbops.catalogue import Catalogue
    from dbops.commands.backend import Backend
    from dbops.state import State
    from dbops.target import Target

# Materialized views come from a schema-only dump without rows: that is no property of a schema.
NEVER = ("unpopulated view *",)
# Built on the same server, a scratch database has the roles of the live one: the files do not say
# what a role that is there may do, and a kept catalogue says what it once could. Nor do they say
# whose the database is, and how many may be in it: a scratch database is of whoever makes it.
CLUSTER = (
    *("role *", "membership *", "setting role *"),
    *("owner database itself", "setting database CONNECTION LIMIT"),
)
_ABANDONED_SECONDS = 600
_CLAIM_SECONDS = 2


def live(target: Target, state: State, *, cluster: bool = False) -> Catalogue:
    """Return the catalogue of the environment's database.

    Args:
        target: the environment.
        state: how it is now.
        cluster: with its roles, to be compared with another server's.

    Raises:
        Problem: the catalogue cannot be read, or changes while it is (exit 1).
    """
    ignored = target.environment.drift.ignore
    return _read(target, state, None).without(ignored if cluster else (*ignored, *CLUSTER))


def _read(target: Target, state: State, database: str | None) -> Catalogue:
    with suppress(catalogue.TornError):  # by a change that may be over
        return _read_once(target, state, database)
    try:
        return _read_once(target, state, database)
    except catalogue.TornError as torn:
        raise Problem(
            f"{target.name}: the schema changed while it was read",
            where=database or target.environment.database.name,
            why=f"{torn}, twice: somebody is changing objects",
            next_command="type the same command again",
        ) from None


def _read_once(target: Target, state: State, database: str | None) -> Catalogue:
    asked = psql.asks(target.backend(state), sql.query("catalogue"), database=database)
    answer = target.ask(asked)
    if answer.code:
        raise _failed(target, "the catalogue cannot be read", answer.error)
    return catalogue.parse(answer.out).without(NEVER)


def expected(target: Target, state: State, revision: str, *, any_roles: bool = False) -> Catalogue:
    """Return the catalogue of snapshot and revisions up to REVISION, built once and then kept.

    Args:
        target: the environment.
        state: how it is now.
        revision: the last one to apply.
        any_roles: also where a declared role is missing, which is granted nothing then.
    """
    found = kept(target, state, revision)
    if found is not None:
        return found
    with Scratch.of(target, state, any_roles=any_roles) as scratch:
        scratch.load()
        scratch.upgrade(revision)
        return scratch.catalogue(revision)


def kept(target: Target, state: State, revision: str) -> Catalogue | None:
    """Return the catalogue of REVISION where it was built before, None where it was not."""
    path = _cache(target, state, revision)
    try:
        return catalogue.load(path).without((*target.environment.drift.ignore, *CLUSTER))
    except UsageProblem:  # there is none, or a damaged one
        return None


def _cache(target: Target, state: State, revision: str) -> Path:
    """Return where the catalogue of REVISION is kept: its name is the hash of all it is made of."""
    environment = target.environment
    ini, roles = environment.migrations.ini, environment.migrations.roles
    found = require.database(target, state)
    made_of = [
        found.server_version,
        found.locale,
        environment.database.user,
        databases.missing_roles(target, found),
        target.snapshot.sha256,
        _sha256(target.files / ini),
        _sha256(target.files / roles) if roles else "",
        _sha256(sql.query("catalogue")),
        _late(target),
        database.role_variables(environment),
        [(each.id, each.sha256) for each in target.graph.between([], revision)],
        target.beside_revisions,
    ]
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:24]
    return target.cache / f"{digest}.catalogue"


def _late(target: Target) -> tuple[str, ...]:
    return databases.late_schemas(target, databases.loaded_schemas(target))


def late_in(target: Target, found: Catalogue) -> set[str]:
    """Return the declared schemas of the catalogue FOUND that the snapshot does not make."""
    made = {each.identity.strip('"') for each in found.objects if each.kind == "schema"}
    return made.intersection(_late(target))


def granted(target: Target, beside: Backend, name: str) -> str:
    """Return what gives the roles their privileges in the schemas that revisions made.

    Args:
        target: the environment.
        beside: reaches the server.
        name: a database built from its snapshot and revisions.
    """
    late = _late(target)
    return database.grant_in(beside, target.environment, late, name) if late else ""


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
    def of(cls, target: Target, state: State, *, any_roles: bool = False) -> Iterator[Scratch]:
        """Make an empty scratch database, give it, and drop it.

        Args:
            target: the environment.
            state: how it is now.
            any_roles: also where a declared role is missing.

        Raises:
            Locked: another comparison is using it (exit 75).
            Problem: a declared role is missing; making it would change the whole cluster (exit 1).
        """
        if not any_roles:
            _check_roles(target, state)
        scratch = cls(target, state, database.scratch(target.environment))
        scratch._make()
        try:
            scratch.claim()
            yield scratch
        finally:
            scratch.run(database.drop(scratch.beside, scratch.name))

    @property
    def beside(self) -> Backend:
        """Return what builds the commands that run next to the server."""
        return self.target.backend(self.state)

    def load(self) -> None:
        """Load the snapshot, the roles' privileges, and stamp the baseline."""
        output.say(f"building the expected schema in {self.name} ...")
        server = require.database(self.target, self.state).server_version
        step = database.load_snapshot(
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
        """Upgrade to REVISION, privileges in the schemas it makes included.

        Nothing when that is the baseline.
        """
        if revision != self.target.environment.migrations.baseline:
            upgrade = self.beside.alembic("upgrade", revision, database=self.name)
            self.run(f"( {upgrade} )", granted(self.target, self.beside, self.name))

    def go_on(self, revision: str) -> None:
        """Upgrade to REVISION, with the privileges of the schemas there are."""
        self.run(self.beside.alembic("upgrade", revision, database=self.name))

    def catalogue(self, revision: str) -> Catalogue:
        """Return the catalogue, and keep it as that of REVISION."""
        return self.keep(revision, _read(self.target, self.state, self.name))

    def record(self) -> None:
        """Note the catalogue of each revision that is applied from now on.

        Raises:
            Problem: the recorder cannot be made (exit 1).
        """
        asked = commands.record(self.beside, self.name)
        answer = self.target.ask(asked)
        if answer.code:
            raise _failed(self.target, "the expected schema cannot be recorded", answer.error)

    def recorded(self, revision: str) -> Catalogue | None:
        """Return the catalogue noted of REVISION, whole; None when there is none."""
        text = commands.recorded(self.beside, self.name, revision)
        found = catalogue.parse(self.target.machine.read(["sh", "-c", text]).out)
        return found.without(NEVER) if found.objects else None

    def keep(self, revision: str, found: Catalogue) -> Catalogue:
        """Keep the whole catalogue FOUND as that of REVISION; return what is compared of it."""
        path = _cache(self.target, self.state, revision)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(catalogue.dump(found), encoding="utf-8")
        partial.replace(path)
        return found.without((*self.target.environment.drift.ignore, *CLUSTER))

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

    def claim(self) -> None:
        """Say anew that it is in use: one that said so long ago is taken for left behind."""
        self.run(commands.claim(self.beside, self.name))

    def _make(self) -> None:
        """Make the database; one that was left behind goes first.

        Of two who make it at once the server lets one, who alone may drop it.

        Raises:
            Locked: it is in use (exit 75).
        """
        age = self._age()
        if age == "never":  # it may just have been made
            time.sleep(_CLAIM_SECONDS)
            age = self._age()
        if age.isdigit() and int(age) < _ABANDONED_SECONDS:
            raise self._in_use(f"it began {age} s ago")
        if age:
            self.run(database.drop(self.beside, self.name))
        try:
            self.run(database.create_alike(self.beside, self.target.environment, self.name))
        except Problem:
            if self._age():
                raise self._in_use("it has just begun") from None
            raise

    def _age(self) -> str:
        question = commands.claimed_seconds(self.beside, self.name)
        return self.target.machine.read(["sh", "-c", question]).out.strip()

    def _in_use(self, since: str) -> Locked:
        return Locked(
            f"{self.target.name}: another comparison is building a schema",
            where=self.name,
            why=f"{since}; one that was killed is removed after {_ABANDONED_SECONDS} s",
            next_command="wait for it, then type the same command again",
        )


def _check_roles(target: Target, state: State) -> None:
    missing = databases.missing_roles(target, require.database(target, state))
    if missing:
        raise Problem(
            f"{target.name}: roles are missing",
            where=", ".join(missing),
            why="the expected schema grants to them",
            next_command=target.command("db-bootstrap-roles"),
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
