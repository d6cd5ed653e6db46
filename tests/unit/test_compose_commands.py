"""Files for a container: each run has its own, and they are gone afterwards, however it ends."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from dbops.commands import database, psql
from dbops.commands.compose import ComposeBackend
from dbops.environments.model import Compose, Database, Environment
from dbops.state import Service

# A docker whose one container is this machine: `exec` and `cp`, less what docker itself is told.
DOCKER = """\
#!/bin/sh
while [ "$1" != exec ] && [ "$1" != cp ]; do shift; done
verb=$1; shift
if [ "$verb" = cp ]; then
    mkdir -p "${2#*:}" && cp "$1"/* "${2#*:}" && sleep 0.2
    exit
fi
while [ "$1" != db ]; do shift; done
shift
[ "$1" = psql ] || exec "$@"
sleep 0.2
for each; do
    case $each in
        --file=*) cat "${each#--file=}" || exit 3; echo "${each#--file=}" >>"$SEEN" ;;
        --command=fail) exit 3 ;;
    esac
done
"""


@dataclass
class Container:
    backend: ComposeBackend
    directory: Path

    @property
    def name(self) -> str:
        """Return what no other container's runs are called, of another test run neither."""
        return f"{os.getpid()}-{self.directory.name}"

    def start(self, run: str, *parts: database.File | str) -> subprocess.Popen[str]:
        where = self.directory / run
        where.mkdir()
        path = f"{self.directory}:/usr/bin:/bin"
        return subprocess.Popen(
            ["sh", "-ec", psql.transaction(self.backend, *parts), "sh", where],
            env={"PATH": path, "SEEN": str(self.directory / "seen")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def file(self, text: str) -> database.File:
        path = self.directory / f"{text}.sql"
        path.write_text(text)
        return psql.File(str(path))

    def left(self) -> list[str]:
        paths = (self.directory / "seen").read_text().split()
        return [each for each in paths if Path(each).parent.exists()]


@pytest.fixture
def container(tmp_path):
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    environment = Environment(
        name="vm_stg",
        project="sanbou",
        project_directory=tmp_path,
        file=tmp_path / "environments.yaml",
        backend="compose",
        database=Database(name="sanbou_stg"),
        compose=Compose(project="vm_stg", files=("stg.yml",), volume="vm_stg_pgdata"),
    )
    return Container(
        ComposeBackend(environment=environment, service=Service(status="running")), tmp_path
    )


def test_two_commands_side_by_side_read_each_its_own_files(container):
    names = [f"run-{number}-{container.name}" for number in range(4)]
    started = [container.start(name, container.file(name)) for name in names]
    told = [each.communicate() for each in started]
    assert [each.returncode for each in started] == [0] * 4, told
    assert [out for out, _ in told] == names


def test_the_files_are_gone_afterwards_and_a_failure_keeps_its_exit_code(container):
    run = f"run-{container.name}"
    for name, more, code in ((f"{run}-1", (), 0), (f"{run}-2", ("fail",), 3)):
        done = container.start(name, container.file("rows"), *more)
        done.communicate()
        assert done.returncode == code
        assert not list((container.directory / name).iterdir())
    assert len((container.directory / "seen").read_text().split()) == 2
    assert container.left() == []
