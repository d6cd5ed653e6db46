"""A project whose vm_stg and vm_prod are compose projects of their own on this machine's engine."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from conftest import ENVIRONMENTS, ROOT, Project, make_project
from rig.machine import docker
from rig.vm_rig import CANARY

from dbops.environments import makefile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rig.engine import Engine

SHORT = {"local_dev": "dev", "vm_stg": "stg", "vm_prod": "prod"}
COMPOSE = """\
    compose:
      project: {key}-{short}
      files: [docker/docker-compose.{short}.yml]
      env_files: [.env.{short}]
      volume: {key}-{short}-pgdata
"""
VM = """\
  vm_{short}:
    aliases: [{short}]
    backend: compose
    database: {{name: sanbou_{short}}}
    backup: {{keep: 3}}
{guard}"""
ENV_FILE = """\
POSTGRES_PASSWORD='{password}'
POSTGRES_IMAGE={images[POSTGRES_IMAGE]}
BASE_IMAGE={images[BASE_IMAGE]}
PGDATA_VOLUME={key}-{short}-pgdata
CORE_API_PORT=0
DB_PORT=0
HEALTH_INTERVAL=1s
"""


@dataclass(frozen=True)
class VmProject(Project):
    """A copy of this project's files with compose projects and volumes that no other run has."""

    key: str = ""

    def name(self, env: str) -> str:
        """Return the name of the environment's compose project."""
        return f"{self.key}-{SHORT[env]}"

    def volume(self, env: str) -> str:
        return f"{self.name(env)}-pgdata"

    def has_volume(self, env: str) -> bool:
        return docker("volume", "inspect", self.volume(env)).returncode == 0

    def containers(self, env: str) -> list[str]:
        """Return the names of the environment's containers, whatever their state."""
        return _listed("container", f"label=com.docker.compose.project={self.name(env)}")

    def in_database(self, env: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the container of the environment's database."""
        return docker("exec", f"{self.name(env)}-db-1", *words)

    def ask(self, env: str, *statements: str, database: str | None = None) -> str:
        """Return what the statements print, unaligned, without headers; each commits by itself."""
        options = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
        name = database or f"sanbou_{SHORT[env]}"
        who = ("--username=postgres", f"--dbname={name}")
        commands = [f"--command={each}" for each in statements]
        done = self.in_database(env, "psql", *options, *who, *commands)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def make(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run make in the project, which reaches the same inv as `self.inv`."""
        inv = f"DBOPS_ENVIRONMENTS={self.directory}/environments.yaml {' '.join(self.command())}"
        kept = self.variables(**variables)
        del kept["DBOPS_ENVIRONMENTS"]
        return subprocess.run(
            ["make", "--no-print-directory", "-C", str(self.directory), f"INV={inv}", *words],
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def use(self, before: str, after: str) -> None:
        """Edit environments.yaml, and environments.mk after it."""
        self.edit("environments.yaml", before, after)
        self.write_makefile()

    def write_makefile(self) -> None:
        source = self.directory / "environments.yaml"
        text = makefile.text(source, source.read_bytes())
        (self.directory / "environments.mk").write_text(text, encoding="utf-8")

    def remove(self) -> None:
        for env in SHORT:
            for kind, found in (
                ("container", self.containers(env)),
                (
                    "network",
                    _listed("network", f"label=com.docker.compose.project={self.name(env)}"),
                ),
                ("volume", _listed("volume", f"name={self.volume(env)}")),
                ("image", _listed("image", f"reference={self.name(env)}-core_api")),
            ):
                if found:
                    force = ["--force"] if kind != "network" else []
                    unnamed = ["--volumes"] if kind == "container" else []
                    docker(kind, "rm", *force, *unnamed, *found)
        super().remove()


def _listed(kind: str, wanted: str) -> list[str]:
    every = ["--all"] if kind == "container" else []
    shown = {"container": "{{.Names}}", "image": "{{.Repository}}"}.get(kind, "{{.Name}}")
    return docker(kind, "ls", *every, f"--filter={wanted}", f"--format={shown}").stdout.split()


def make_vm_project(engine: Engine) -> VmProject:
    made = make_project()
    project = VmProject(made.directory, key=f"dbops-rig-{uuid.uuid4().hex[:8]}")
    for each in ("docker", "scripts"):
        shutil.copytree(ROOT / each, project.directory / each)
    for each in ("requirements.txt", ".dockerignore", "Makefile"):
        shutil.copy(ROOT / each, project.directory / each)
    for short in SHORT.values():
        _write_secret(
            project.directory / f".env.{short}",
            ENV_FILE.format(password=CANARY, images=engine.images, key=project.key, short=short),
        )
    (project.directory / "environments.yaml").write_text(_environments(project), encoding="utf-8")
    project.write_makefile()
    return project


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _environments(project: VmProject) -> str:
    dev = "    database: {name: sanbou_dev}\n"
    own = f"    backend: embedded\n{dev}{COMPOSE.format(key=project.key, short='dev')}"
    text = ENVIRONMENTS.replace(dev, own)
    vms = [
        VM.format(short=short, guard=guard) + COMPOSE.format(key=project.key, short=short)
        for short, guard in (("stg", ""), ("prod", "    guard: {protected: true}\n"))
    ]
    return text.replace("retired:", f"{''.join(vms)}retired:")


@pytest.fixture(scope="module")
def compose_project(docker_engine: Engine) -> Iterator[VmProject]:
    """A project whose vm_stg and protected vm_prod run on docker compose; shared by a module."""
    made = make_vm_project(docker_engine)
    yield made
    made.remove()
