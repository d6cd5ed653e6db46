"""What a backend has to answer, wherever its database is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dbops.commands.shell import Brought
    from dbops.runbook import Step


class Backend(Protocol):
    """Answers one question: how is a command run next to this database?"""

    @property
    def brings_database(self) -> bool:
        """Return whether a server that is started for the first time has the database already."""
        ...

    def tool(self, name: str, *arguments: str, database: str | None = None) -> list[str]:
        """Return the words of a client program connected to the database."""
        ...

    def alembic(
        self, *arguments: str, database: str | None = None, config: str | None = None
    ) -> str:
        """Return the shell text that runs Alembic against the database."""
        ...

    def python(self, module: str, *arguments: str) -> str:
        """Return the shell text that runs one of the project's Python modules."""
        ...

    def terminal(self, *arguments: str) -> list[str]:
        """Return the words of a psql on this terminal, with a prompt when it has no ARGUMENTS."""
        ...

    def beside(self) -> list[str]:
        """Return the words put before a program (or sh) that runs next to the database."""
        ...

    def bring(self, *files: str) -> Brought:
        """Return FILES (shell words) where the database's programs can read them."""
        ...

    def logs(self, count: int, service: str | None, *, follow: bool) -> list[str]:
        """Return the words that show the last COUNT lines of the log."""
        ...

    def start(self) -> tuple[Step, ...]:
        """Return the steps that bring the service up."""
        ...

    def bring_up(self) -> tuple[Step, ...]:
        """Return the steps that bring the service up, also when it is, after its files changed."""
        ...

    def stop(self) -> tuple[Step, ...]:
        """Return the steps that stop the service."""
        ...

    def restart(self) -> tuple[Step, ...]:
        """Return the steps that stop and start the service."""
        ...

    def remove(self) -> tuple[Step, ...]:
        """Return the steps that remove the service's data."""
        ...
