"""What docker says of a project, read from a docker that says it on order."""

from __future__ import annotations

import pytest

from dbops.compose import ComposeProject
from dbops.environments.model import Database, Environment
from dbops.environments.sections import Compose

DOCKER = """\
#!/bin/sh
case "$*" in
version*) echo 28.2.2 ;;
"compose version"*) echo 2.26.1 ;;
compose*) {compose} ;;
esac
"""
WARNING = """echo 'level=warning msg="the \\"OWN\\" variable is not set"' >&2"""
DB, API = (
    f'{{"Service": "{name}", "State": "running", "Health": "{health}"}}'
    for name, health in (("db", "healthy"), ("core_api", ""))
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return what makes a project whose docker runs COMPOSE for whatever compose is asked."""

    def make(compose):
        docker = tmp_path / "docker"
        docker.write_text(DOCKER.format(compose=compose), encoding="utf-8")
        docker.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        environment = Environment(
            name="vm_stg",
            project="sanbou",
            project_directory=tmp_path,
            file=tmp_path / "environments.yaml",
            backend="compose",
            database=Database(name="sanbou_stg"),
            compose=Compose(project="vm_stg", files=("compose.yml",), volume="vm_stg_data"),
        )
        return ComposeProject(environment=environment)

    return make


@pytest.mark.parametrize(
    "compose",
    [
        f"printf '%s\\n' '{DB}' '{API}'",
        f"{WARNING}; printf '%s\\n' '{DB}' '{API}'",
        f"printf '%s\\n' '{DB}'; {WARNING}; printf '%s\\n' '{API}'",
        f"{WARNING}; echo '[{DB},{API}]'",  # before 2.21
    ],
)
def test_services_are_read_past_what_compose_warns_of(project, compose):
    service = project(compose).probe()
    assert service.services == (("core_api", "running"), ("db", "healthy"))
    assert service.status == "running"


@pytest.mark.parametrize("compose", [f"{WARNING}; exit 0", "echo '[]'", ":"])
def test_no_service_is_no_failure(project, compose):
    assert project(compose).probe().services == ()


def test_what_compose_cannot_read_is_told_by_its_last_line(project):
    compose = f"{WARNING}; echo 'services must be a mapping' >&2; exit 15"
    problem = project(compose).probe().unreadable
    assert "docker compose cannot read the project" in problem.what
    assert problem.why == "services must be a mapping"
