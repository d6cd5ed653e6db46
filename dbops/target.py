"""One environment with what its checkout says: revisions, snapshot, and where its server is."""

from __future__ import annotations

import configparser
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dbops import places, revisions
from dbops.errors import Problem, UsageProblem
from dbops.machine import HERE

if TYPE_CHECKING:
    from dbops.commands.backend import Backend
    from dbops.commands.shell import Question
    from dbops.environments.model import Environment
    from dbops.machine import Machine
    from dbops.places import Place
    from dbops.runner import Answer
    from dbops.snapshot import Snapshot
    from dbops.state import State


@dataclass(frozen=True, kw_only=True)
class Target:
    """An environment as the operations see it; files are read when they are asked for."""

    environment: Environment
    machine: Machine = HERE
    archive: str | None = None
    """A base64 tar of the checkout's files; a host is asked for its own when it is None."""

    @property
    def name(self) -> str:
        """Return the environment's name."""
        return self.environment.name

    def command(self, words: str) -> str:
        """Return what to type for WORDS, a verb and its options, on this environment."""
        return self.environment.command(words)

    @property
    def home(self) -> Path:
        """Return the directory of the environment's runs, lock and journal, where they are."""
        return self.environment.project_directory / ".dbops" / self.name

    @property
    def journal(self) -> Path:
        """Return the file of the journal."""
        return self.home / "journal.jsonl"

    @property
    def hold(self) -> Path:
        """Return the file of the manual lock, which is there while somebody holds it."""
        return self.home / "hold.json"

    @property
    def cache(self) -> Path:
        """Return where this machine keeps what it computed about the environment."""
        return self.environment.file.parent / ".dbops" / self.name / "cache"

    def forget(self) -> None:
        """Forget the files that were read: a run may have changed them."""
        for each in ("files", "versions", "graph", "beside_revisions", "snapshot"):
            self.__dict__.pop(each, None)

    @cached_property
    def place(self) -> Place:
        """Return where the environment's server is: what is asked of it, and how it is reached."""
        return places.place(self.environment, self.machine)

    def backend(self, state: State) -> Backend:
        """Return what builds the commands that run next to the database, as STATE says it is."""
        return self.place.backend(state.service)

    def ask(self, asked: Question) -> Answer:
        """Ask the environment's machine what changes nothing."""
        return self.machine.read(asked.words, text=asked.text)

    @cached_property
    def files(self) -> Path:
        """Return where this machine can read the checkout's migrations and SQL.

        Raises:
            Problem: the host has none of them (exit 1).
        """
        if not self.environment.remote:
            return self.environment.project_directory
        from dbops import mirror  # only a host's files are copied
        from dbops.commands import remote

        archive = self.archive
        if archive is None:
            archive = self.machine.read(remote.migration_files(self.environment).words).out
        return mirror.unpacked(archive)

    @cached_property
    def versions(self) -> Path:
        """Return the folder of the revision files, as alembic.ini says."""
        ini = self.files / self.environment.migrations.ini
        parser = configparser.ConfigParser(defaults={"here": str(ini.parent)})
        try:
            with ini.open(encoding="utf-8") as file:
                parser.read_file(file)
            location = Path(parser.get("alembic", "script_location"))
        except (OSError, configparser.Error) as error:
            raise UsageProblem(
                "alembic.ini cannot be read",
                where=str(ini),
                why=str(error).splitlines()[0],
                next_command=f"correct migrations.ini of {self.name} in environments.yaml",
            ) from error
        return self.files / location / "versions"

    @cached_property
    def graph(self) -> revisions.Graph:
        """Return the revisions of the checkout.

        Raises:
            Problem: the baseline revision has no file (exit 1).
        """
        graph = revisions.read(self.versions)
        if self.environment.migrations.baseline not in graph:
            raise Problem(
                f"the baseline revision {self.environment.migrations.baseline} has no file",
                where=str(self.versions),
                why="migrations.baseline in environments.yaml names it",
                next_command=f"correct it there, or git status {self.versions}",
            )
        return graph

    @cached_property
    def beside_revisions(self) -> tuple[tuple[str, str], ...]:
        """Return path and sha256 of the files of Alembic's folder that are no revisions.

        Revisions and env.py may read, or import, any of them.
        """
        folder, revisions = self.versions.parent, {each.path for each in self.graph.history}
        return tuple(
            (str(each.relative_to(folder)), hashlib.sha256(each.read_bytes()).hexdigest())
            for each in sorted(folder.rglob("*"))
            if each.is_file() and "__pycache__" not in each.parts and each not in revisions
        )

    @cached_property
    def snapshot(self) -> Snapshot:
        """Return the snapshot, read and judged.

        Raises:
            Problem: it is missing, cut, or holds what a snapshot must not hold.
        """
        from dbops import snapshot  # an upgrade at head never reads it

        migrations = self.environment.migrations
        path = self.files / migrations.snapshot
        return snapshot.load(path, display=migrations.snapshot)

    def leave_out(self, server_version: int) -> tuple[int, ...]:
        """Return the numbers of the snapshot's lines a server of this version must not see."""
        from dbops import snapshot

        text = self.snapshot.path.read_bytes().decode()
        return tuple(each.line for each in snapshot.lines_to_drop(text, server_version))
