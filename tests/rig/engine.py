"""A real Docker engine, the images that docker/*.yml run on, and compose projects of our own."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rig.machine import UnavailableError, docker, script

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class ComposeProject:
    """One environment's compose file, as a project and with a volume that no other run has."""

    environment: str
    variables: Mapping[str, str]
    name: str = field(default_factory=lambda: f"dbops-rig-{uuid.uuid4().hex[:8]}")

    @property
    def volume(self) -> str:
        return f"{self.name}_pgdata"

    @property
    def _own(self) -> dict[str, str]:
        # Port 0 is a free one; `docker compose port` tells which.
        ports = {"CORE_API_PORT": "0", "DB_PORT": "0"}
        return {"PGDATA_VOLUME": self.volume, "HEALTH_INTERVAL": "1s", **ports}

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run docker compose as the compose backend does, with a clean environment."""
        file = ROOT / "docker" / f"docker-compose.{self.environment}.yml"
        return docker(
            "compose",
            f"--project-directory={ROOT}",
            f"--project-name={self.name}",
            f"--file={file}",
            *words,
            **{**self._own, **self.variables, **variables},
        )

    def must(self, *words: str, **variables: str) -> str:
        """Run docker compose, which has to succeed, and return its standard output."""
        done = self.run(*words, **variables)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def get(self, path: str) -> tuple[int, Any]:
        """Return the status and the JSON that core_api answers."""
        address = self.must("port", "core_api", "8000").strip()
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def psql(self, *words: str) -> str:
        """Run psql in the database's container, by the socket, and return what it prints."""
        options = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
        who = 'exec psql --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" "$@"'
        return self.must("exec", "-T", "db", "sh", "-c", who, "psql", *options, *words).strip()

    def alembic(self, *words: str) -> subprocess.CompletedProcess[str]:
        config = "/srv/migrations_v2/alembic.ini"
        return self.run("exec", "-T", "core_api", "alembic", "--config", config, *words)

    def remove(self) -> None:
        self.must("down", "--volumes", "--rmi=local", "--remove-orphans", "--timeout=1")


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers; `images` are the variables that name the rig's images."""

    images: Mapping[str, str]

    def project(self, environment: str, **variables: str) -> ComposeProject:
        """Return a project of docker/docker-compose.ENVIRONMENT.yml; the caller removes it."""
        return ComposeProject(environment, {**self.images, **variables})


@pytest.fixture(scope="session")
def docker_engine() -> Engine:
    """The Docker engine, installed and started where it is missing; its images, built once."""
    available("engine.sh")
    return Engine(images=available("images.sh"))


def available(name: str) -> dict[str, str]:
    """Return what a script prints; without it there is no test.

    A skip in one line; where everything has to be there, a failure that shows everything.
    """
    try:
        return script(name)
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no rig: {error}")
        pytest.skip(f"no rig: {str(error).splitlines()[0]}")
