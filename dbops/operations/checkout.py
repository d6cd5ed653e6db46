"""The files of a checkout that a move of the baseline writes, as git knows them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import moving
from dbops.commands.shell import lines
from dbops.errors import Problem, Refused
from dbops.revisions import ARCHIVE
from dbops.runbook import Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.target import Target


@dataclass(frozen=True)
class Checkout:
    """The checkout of an environment on this machine."""

    target: Target

    @property
    def directory(self) -> Path:
        """Return the project's directory."""
        return self.target.environment.project_directory

    @property
    def stage(self) -> Path:
        """Return where the new files are made ready; git ignores it."""
        return self.target.home / "advance"

    @property
    def mark(self) -> Path:
        """Return the file that is there while the checkout is being written."""
        return self.stage / "writing"

    @property
    def is_interrupted(self) -> bool:
        """Return whether an earlier move was killed while it wrote."""
        return self.mark.exists()

    @cached_property
    def makefile(self) -> Path | None:
        """Return what the Makefile knows of environments.yaml, None when there is no such file."""
        path = self.target.environment.file.with_name("environments.mk")
        return path if path.exists() else None

    @cached_property
    def written(self) -> tuple[Path, ...]:
        """Return the folder and the files that are replaced."""
        environment = self.target.environment
        files = (self.target.versions, commands.snapshot_file(environment), environment.file)
        return (*files, *([self.makefile] if self.makefile else []))

    def commit(self) -> str:
        """Return the commit that has the files as they are now.

        Raises:
            Problem: there is none (exit 1).
            Refused: a file that the move reads or writes differs from it (exit 3).
        """
        head = self._git("rev-parse", "--verify", "HEAD")
        roles = self.target.environment.migrations.roles
        read = [self.directory / roles] if roles else []
        places = [str(each) for each in (*self.written, *read, self.target.versions.parent)]
        changed = self._git("status", "--porcelain", "--", *places).splitlines()
        if changed:
            raise Refused(
                "the checkout has changes that are not committed",
                where=", ".join(each[3:] for each in changed[:5]),
                why="an environment behind the new baseline is upgraded by the commit that has "
                "the files as they are",
                next_command="git add --all, then git commit",
            )
        return head.strip()

    def _git(self, *arguments: str) -> str:
        answer = self.target.machine.read(["git", "-C", str(self.directory), *arguments])
        if answer.code:
            raise Problem(
                "git does not know this checkout",
                where=str(self.directory),
                why=answer.last_line,
                next_command="git init, git add --all, then git commit",
            )
        return answer.out

    @property
    def _folders(self) -> tuple[Path, ...]:
        return self.target.versions, self.target.versions.with_name(ARCHIVE)

    def undo(self) -> str:
        """Return what brings the files back to what is committed."""
        return moving.undo(self.directory, self.written, self._folders, self.mark)

    def taking_back(self) -> Step:
        """Return the step that does so after a move was killed, unless more has changed since."""
        places = tuple(dict.fromkeys((*self.written, *self._folders)))
        return Step(
            title="take back what an interrupted move of the baseline left",
            command=lines(moving.check_own(self.directory, places, self.mark), self.undo()),
        )
