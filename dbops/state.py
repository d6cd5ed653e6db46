"""What a probe found: facts about one environment at one moment, frozen. Deciding needs no more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from dbops.errors import Unreachable

ServiceStatus = Literal["absent", "stopped", "running"]


class Service(Frozen):
    """The PostgreSQL server of an environment.

    Attributes:
        status: absent (no data directory), stopped or running.
        major: the major version of its data directory, 0 when absent.
        binaries_major: the major version of the binaries that would start it.
        port: the port it listens on, or would listen on when started.
        pid: of the postmaster, 0 when it does not run.
        stale: a postmaster.pid of a dead or foreign process lies in the data directory.
        services: name and state or health of each container of a compose project.
        moved: it runs, but was started when the data directory had another path.
        unreadable: why a compose project's services cannot be listed.
    """

    status: ServiceStatus
    major: int = 0
    binaries_major: int = 0
    port: int = 0
    pid: int = 0
    stale: bool = False
    moved: bool = False
    data: Path = Path()
    socket_directory: Path = Path()
    services: tuple[tuple[str, str], ...] = ()
    unreadable: Unreachable | None = None


class Database(Frozen):
    """The database, as it answered.

    Attributes:
        exists: whether the server has it; when not, everything below is empty.
        is_open: whether it lets clients in; an interrupted restore leaves it closed.
        server_version: as server_version_num, 170010 for 17.10.
        environment: who it says it is, the setting dbops.environment; empty when it does not say.
        versions: the rows of alembic_version, sorted; none when there is no such table.
        objects: how many relations, functions and types it holds beside those of extensions.
        schemas: its schemas, without the system's and this tool's.
        relations: tables, views, materialized views and sequences, as "schema.name".
        tables: how many tables hold rows, those of this tool included.
        snapshot: the sha256 of the snapshot loaded last, if this tool loaded it.
        locale: its encoding, locale and tablespace, which a database made like it is given.
        roles: names of all roles of the server.
        invalid_indexes: left by an interrupted CREATE INDEX CONCURRENTLY.
        unpopulated: how many materialized views were never refreshed, and cannot be read.
        migrating: who holds the migration lock, empty when nobody does.
        recorded: the last entry of its own log, an operation and a revision; nothing without one.
        revision_files: file hashes by revision, as recorded when they were applied.
    """

    exists: bool
    is_open: bool = True
    server_version: int = 0
    environment: str = ""
    versions: tuple[str, ...] = ()
    objects: int = 0
    schemas: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    tables: int = 0
    snapshot: str = ""
    locale: tuple[str | None, ...] = ()
    roles: tuple[str, ...] = ()
    invalid_indexes: tuple[str, ...] = ()
    unpopulated: int = 0
    migrating: str = ""
    recorded: tuple[str, ...] = ()
    revision_files: tuple[tuple[str, str], ...] = ()


class HostFacts(Frozen):
    """What a host that is reached over SSH said about itself and its checkout.

    Attributes:
        name: what the machine calls itself.
        user: whom we are there.
        marker: the environment the host says it is, empty when it was never enrolled.
        commit: what its checkout is at.
        branch: the branch of its checkout, empty when it is at none.
        changed: the files that differ from the commit, as `git status --porcelain` lists them.
        hold: the manual lock as JSON, empty when there is none.
        holder: who is changing the environment now, as JSON, empty when nobody is.
        journal: the last entries of the journal, oldest first.
    """

    name: str
    user: str
    marker: str
    commit: str
    branch: str
    changed: tuple[str, ...] = ()
    hold: str = ""
    holder: str = ""
    journal: tuple[dict[str, Any], ...] = ()


class State(Frozen):
    """Everything a plan is made from. The database is None when its server does not run."""

    service: Service
    database: Database | None
    host: HostFacts | None = None
