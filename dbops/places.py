"""The three kinds of places a database lives in; each is imported only where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dbops.errors import UsageProblem

if TYPE_CHECKING:
    from dbops.commands.backend import Backend
    from dbops.commands.shell import Question
    from dbops.environments.model import Environment
    from dbops.machine import Machine
    from dbops.state import Service


class Place(Protocol):
    """Where an environment's server is."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return what `probe` asks of a host, so that it can be sent ahead."""
        ...

    def probe(self) -> Service:
        """Return what the server is doing now, changing nothing."""
        ...

    def blank(self, service: Service) -> Service:
        """Return what the service will be once everything it stores is removed."""
        ...

    def backend(self, service: Service) -> Backend:
        """Return what builds the commands that run next to the database."""
        ...

    def describe(self, service: Service) -> str:
        """Return how the service is, as the end of a sentence."""
        ...

    def facts(self, service: Service) -> dict[str, Any]:
        """Return what `ps` tells."""
        ...


def place(environment: Environment, machine: Machine) -> Place:
    """Return the place ENVIRONMENT's backend names, on MACHINE.

    Raises:
        UsageProblem: what is reached over SSH is no compose project (exit 4).
    """
    if environment.remote and environment.backend != "compose":
        raise UsageProblem(
            f"{environment.name} is no docker compose project",
            where=f"environments.{environment.name}.backend: {environment.backend}",
            why="commands over SSH act on the compose project of a host",
            next_command=f"on a machine that reaches it: inv COMMAND --env {environment.name}",
        )
    if environment.backend == "embedded":
        from dbops.embedded import Embedded

        return Embedded(environment=environment)
    if environment.backend == "compose":
        from dbops.compose import ComposeProject

        return ComposeProject(environment=environment, machine=machine)
    from dbops.server import ExistingServer

    return ExistingServer(environment=environment)
