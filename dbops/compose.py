"""The compose backend's facts: the engine, the project's volume and services, in one round trip."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbops.commands.compose import WELL, ComposeBackend, compose, settings_of
from dbops.commands.shell import Question, by_kind, words
from dbops.errors import Refused, Unreachable
from dbops.machine import HERE, Machine
from dbops.state import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbops.environments.model import Environment
    from dbops.state import ServiceStatus

_FACTS = """\
command -v docker >/dev/null || {{ echo 'missing docker'; exit; }}
engine=$(docker version --format '{{{{.Server.Version}}}}' 2>&1) ||
    {{ echo "$engine" | sed 's/^/dead /'; exit; }}
found=$(docker compose version --short 2>&1) || {{ echo "$found" | sed 's/^/lacking /'; exit; }}
docker volume ls --filter {name} --format '{{{{json .}}}}' | sed 's/^/volume /'
docker ps --all --filter {volume} --format '{{{{.Label "com.docker.compose.project"}}}}' |
    sort -u | sed 's/^/user /'
found=$({ps} 2>&1) || echo unreadable
printf '%s\n' "$found" | sed 's/^/service /'
"""


@dataclass(frozen=True, kw_only=True)
class ComposeProject:
    """One docker compose project, on this machine or on a host."""

    environment: Environment
    machine: Machine = HERE

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return what `probe` asks of a host, so that it can be sent ahead."""
        return (Question(words=("sh", "-c", _script(self.environment))),)

    def probe(self) -> Service:
        """Return what the compose project's services are doing now.

        A project whose files cannot be read comes with the reason, to be raised by who needs more.

        Raises:
            Unreachable: there is no docker, no compose, or the engine does not answer (exit 69).
            Refused: the volume belongs to another compose project (exit 3).
        """
        facts = by_kind(self.machine.read(self.questions[0].words).out)
        _check_engine(self.environment, facts)
        settings = settings_of(self.environment)
        volumes = [json.loads(each) for each in facts.get("volume", [])]
        own = [each for each in volumes if each["Name"] == settings.volume]
        _check_volume(self.environment, own, facts)
        services = tuple(sorted(map(_service, _listed(facts.get("service", [])))))
        runs = dict(services).get(settings.database_service) in WELL
        kept: ServiceStatus = "stopped" if own or services else "absent"
        return Service(
            status="running" if runs else kept,
            services=services,
            unreadable=_unreadable(self.environment, facts),
        )

    def blank(self, service: Service) -> Service:
        """Return what the project will be once its volume is removed."""
        del service
        return Service(status="absent")

    def backend(self, service: Service) -> ComposeBackend:
        """Return what builds the commands that reach the project's services."""
        return ComposeBackend(environment=self.environment, service=service)

    def describe(self, service: Service) -> str:
        """Return how the services are."""
        settings = settings_of(self.environment)
        if service.services:
            return ", ".join(f"{name} is {state}" for name, state in service.services)
        if service.status == "stopped":
            return f"no container runs; the volume {settings.volume} is kept"
        return f"there is no volume {settings.volume}"

    def facts(self, service: Service) -> dict[str, Any]:
        """Return what `ps` tells."""
        settings = settings_of(self.environment)
        return {
            "project": settings.project,
            "status": service.status,
            "services": ", ".join(f"{name} {state}" for name, state in service.services),
            "volume": settings.volume,
            "database": self.environment.database.name,
        }


def _script(environment: Environment) -> str:
    volume = settings_of(environment).volume
    return _FACTS.format(
        name=shlex.quote(f"name={volume}"),
        volume=shlex.quote(f"volume={volume}"),
        ps=words(*compose(environment, "ps", "--all", "--format=json")),
    )


def _check_engine(environment: Environment, facts: dict[str, list[str]]) -> None:
    if "missing" in facts:
        raise Unreachable(
            f"{environment.name}: docker is not installed here",
            where=f"environments.{environment.name}.backend: compose",
            why="no program called docker is on PATH",
            next_command="install docker and its compose plugin, or set backend: embedded",
        )
    if "dead" in facts:
        raise Unreachable(
            f"{environment.name}: the Docker engine does not answer",
            where=f"environments.{environment.name}.backend: compose",
            why=" ".join(facts["dead"]).strip() or "docker said nothing",
            next_command="start it (systemctl start docker), then type the same command again",
        )
    if "lacking" in facts:
        raise Unreachable(
            f"{environment.name}: docker compose does not work here",
            where=f"environments.{environment.name}.backend: compose",
            why=" ".join(facts["lacking"]).strip() or "docker compose said nothing",
            next_command="install the compose v2 plugin, then type the same command again",
        )


def _unreadable(environment: Environment, facts: dict[str, list[str]]) -> Unreachable | None:
    if "unreadable" not in facts:
        return None
    said = [each for each in facts.get("service", []) if each]
    following = f"correct the file it names, then {environment.command('ps')}"
    if environment.remote:
        following = f"push a commit that corrects it, then {environment.command('deploy')}"
    return Unreachable(
        f"{environment.name}: docker compose cannot read the project",
        where=", ".join(settings_of(environment).files),
        why=said[-1] if said else "docker compose said nothing",
        next_command=following,
    )


def _check_volume(
    environment: Environment, volumes: list[dict[str, Any]], facts: dict[str, list[str]]
) -> None:
    """Refuse a project name that does not own the volume: it would begin with a new, empty one."""
    project = settings_of(environment).project
    labels = volumes[0]["Labels"] if volumes else ""
    owners = {each.partition("=")[2] for each in labels.split(",") if each.startswith(_PROJECT)}
    others = (owners | set(facts.get("user", []))) - {project, ""}
    if others:
        raise Refused(
            f"{environment.name}: the volume belongs to the compose project {', '.join(others)}",
            where=f"volume {settings_of(environment).volume}, compose.project {project}",
            why="a changed project name would start with a new, empty volume",
            next_command=f"correct environments.{environment.name}.compose in environments.yaml",
        )


_PROJECT = "com.docker.compose.project="


def _listed(lines: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what `docker compose ps` lists: a document a line, before 2.21 all in one array.

    What it only warns of, such as a variable that is not set, stands in other lines.
    """
    for line in lines:
        if line.startswith("{"):
            yield json.loads(line)
        elif line.startswith("["):
            yield from json.loads(line)


def _service(facts: dict[str, Any]) -> tuple[str, str]:
    return facts["Service"], facts.get("Health") or facts["State"]
