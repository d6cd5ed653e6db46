"""What environments.yaml may say as a whole, and what a validated file becomes."""

# ruff: noqa: TC001 -- the type hints are read at run time
from __future__ import annotations

import os.path
from dataclasses import field, replace
from pathlib import Path
from typing import ClassVar, Literal

from dbops.environments.frozen import Frozen
from dbops.environments.sections import (
    Backup,
    Compose,
    Database,
    Drift,
    Embedded,
    Freeze,
    Git,
    Guard,
    Health,
    Host,
    Lint,
    Migrations,
    Refresh,
    Roles,
    Server,
)
from dbops.environments.text import AnyPath, Module, Name
from dbops.errors import UsageProblem

__all__ = [
    "Backup",
    "Compose",
    "Database",
    "Drift",
    "Embedded",
    "Environment",
    "Environments",
    "EnvironmentsFile",
    "Freeze",
    "Git",
    "Guard",
    "Health",
    "Host",
    "Lint",
    "Migrations",
    "Refresh",
    "Roles",
    "Server",
    "Settings",
]


_TOOL = Path(__file__).resolve().parents[2]


class Settings(Frozen):
    """What one entry under `environments:` may say."""

    backend: Literal["embedded", "compose", "server"]
    """How commands run next to the database."""
    database: Database
    aliases: tuple[Name, ...] = ()
    """Other names of this environment on the command line."""
    host: Host | None = None
    git: Git = field(default_factory=Git)
    compose: Compose | None = None
    embedded: Embedded = field(default_factory=Embedded)
    server: Server | None = None
    migrations: Migrations = field(default_factory=Migrations)
    roles: Roles = field(default_factory=Roles)
    backup: Backup = field(default_factory=Backup)
    guard: Guard = field(default_factory=Guard)
    drift: Drift = field(default_factory=Drift)
    refresh: Refresh = field(default_factory=Refresh)
    health: Health = field(default_factory=Health)
    lint: Lint = field(default_factory=Lint)
    demo_data: Module | None = None
    """The project's module that fills an empty environment with generated rows."""


class EnvironmentsFile(Frozen):
    """Every environment of one project."""

    __pydantic_config__: ClassVar[dict[str, object]] = {
        "strict": True,
        "extra": "forbid",
        "use_attribute_docstrings": True,
    }

    project: Name
    """Name of the project; it keeps the states of several projects on one host apart."""
    environments: dict[Name, Settings]
    """Every environment by its name."""
    project_directory: AnyPath = "."
    """What local paths are relative to; itself relative to this file."""
    retired: dict[Name, Name] = field(default_factory=dict)
    """Names no longer in use, each with the environment to use instead."""


class Environment(Settings):
    """One place the application's database lives, with everything needed to operate it."""

    name: str
    project: str
    project_directory: Path
    file: Path
    remote: bool = False
    """Whether it is reached over SSH: paths are then those of its host."""

    @property
    def is_protected(self) -> bool:
        """Return whether it is protected; a server this tool did not start is others', too."""
        return self.guard.protected or self.backend == "server"

    @property
    def tool_directory(self) -> Path:
        """Return where this tool's own files lie for the commands: a host's checkout has them."""
        return self.project_directory if self.remote else _TOOL

    def at_host(self) -> Environment:
        """Return the environment as its host sees it: paths are those of the checkout there.

        Raises:
            UsageProblem: it has no host; it lives on whatever machine it is used on (exit 4).
        """
        if self.host is None:
            raise UsageProblem(
                f"{self.name} has no host",
                where=f"environments.{self.name}",
                why="it lives on this machine",
                next_command=self.command("COMMAND"),
            )
        return replace(self, project_directory=Path(self.host.directory), remote=True)

    def command(self, words: str) -> str:
        """Return what to type for WORDS, a verb and its options, on this environment."""
        return self.command_over_ssh(words) if self.remote else f"inv {words} --env {self.name}"

    def command_over_ssh(self, words: str) -> str:
        """Return what to type for WORDS on another machine than the environment's host."""
        return f"fab -H {(*self.aliases, self.name)[0]} {words}"

    def path(self, relative: str) -> Path:
        """Return RELATIVE (or an absolute or ~/ path) as an absolute path on this machine."""
        return self.project_directory / os.path.expanduser(relative)  # noqa: PTH111 -- never raises


class Environments(Frozen):
    """A validated environments.yaml, its paths resolved."""

    file: Path
    project: str
    project_directory: Path
    environments: dict[str, Environment]
    retired: dict[str, str]
