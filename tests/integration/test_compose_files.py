"""docker/*.yml: what they say, and that they run: real services, volumes and migrations."""

from __future__ import annotations

import json
import time
from urllib.parse import urlsplit

import pytest
import yaml
from rig.engine import ROOT, docker

from dbops.environments.inventory import load

ENVIRONMENTS = {"dev": "local_dev", "demo": "local_demo", "stg": "vm_stg", "prod": "vm_prod"}
ON_VMS = ("stg", "prod")
PASSWORD = "correct horse; $(battery) 'staple'"


@pytest.fixture(params=ENVIRONMENTS)
def short(request):
    return request.param


@pytest.fixture
def environment(short):
    return load(ROOT / "environments.yaml").environments[ENVIRONMENTS[short]]


@pytest.fixture
def config(short, docker_engine):
    """What docker compose makes of a file with nothing set but the password."""
    project = f"--project-directory={ROOT}"
    file = f"--file={ROOT}/docker/docker-compose.{short}.yml"
    done = docker("compose", project, file, "config", "--format=json", POSTGRES_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_project_volume_and_database_are_those_of_environments_yaml(config, environment):
    assert config["name"] == environment.compose.project
    assert config["volumes"]["pgdata"]["name"] == environment.compose.volume
    services = environment.compose.database_service, environment.compose.application_service
    assert sorted(config["services"]) == sorted(services)
    for service in services:
        assert (
            config["services"][service]["environment"]["POSTGRES_DB"] == environment.database.name
        )


def test_ports_are_published_on_the_loopback_alone(config, short, environment):
    ports = {name: service.get("ports", []) for name, service in config["services"].items()}
    assert all(port["host_ip"] == "127.0.0.1" for each in ports.values() for port in each)
    assert bool(ports["db"]) == (short == "dev")
    if short in ON_VMS:
        assert ports["core_api"][0]["published"] == str(urlsplit(environment.health.url).port)


def test_the_database_has_time_to_stop_and_says_when_it_is_ready(config, short):
    database = config["services"]["db"]
    assert (database["stop_signal"], database["stop_grace_period"]) == ("SIGINT", "1m30s")
    assert "--host=127.0.0.1" in database["healthcheck"]["test"][1]
    assert config["services"]["core_api"]["depends_on"]["db"]["condition"] == "service_healthy"
    for service in config["services"].values():
        assert service["logging"]["options"] == {"max-file": "5", "max-size": "10m"}
        assert service.get("restart") == ("unless-stopped" if short in ON_VMS else None)


def test_migrations_and_snapshot_are_mounted_read_only(config):
    mounts = config["services"]["core_api"]["volumes"]
    assert {(each["source"], each["target"]) for each in mounts} == {
        (f"{ROOT}/migrations_v2", "/srv/migrations_v2"),
        (f"{ROOT}/sql", "/srv/sql"),
    }
    assert all(each["read_only"] and not each["bind"].get("create_host_path") for each in mounts)


def test_the_images_are_the_official_ones_where_nothing_else_is_said(config):
    services = config["services"]
    assert services["db"]["image"] == "postgres:17"
    assert services["core_api"]["build"]["args"] == {"BASE_IMAGE": "python:3.13-slim"}


def test_no_file_holds_the_password_of_a_vm():
    for short in ON_VMS:
        text = (ROOT / "docker" / f"docker-compose.{short}.yml").read_text(encoding="utf-8")
        for service in yaml.safe_load(text)["services"].values():
            wanted = f"${{POSTGRES_PASSWORD:?set it in .env.{short}}}"
            assert service["environment"]["POSTGRES_PASSWORD"] == wanted
    example = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [each for each in example if each and not each.startswith("#")] == ["POSTGRES_PASSWORD="]


@pytest.mark.parametrize("short", ON_VMS)
def test_without_a_password_a_vm_is_refused_and_the_file_named(short, docker_engine):
    done = docker_engine.project(short).run("config", "--quiet")
    assert done.returncode != 0
    assert f"set it in .env.{short}" in done.stderr


def test_from_an_empty_volume_to_head_and_through_a_restart(docker_engine):
    project = docker_engine.project("dev", POSTGRES_PASSWORD=PASSWORD)
    try:
        up(project)
        an_empty_database_is_live_and_not_healthy(project)
        the_baseline_and_an_upgrade_make_it_healthy(project)
        core_api_knows_the_models(project)
        a_stopped_database_is_told_and_the_service_lives_on(project)
        both_services_stop_cleanly_and_at_once(project)
        down_keeps_the_volume(project)
        the_logs_hold_no_password(project)
    finally:
        project.remove()
    assert docker("volume", "inspect", project.volume).returncode != 0


def up(project):
    project.must("up", "--detach", "--build", "--wait", "--wait-timeout=120")


def an_empty_database_is_live_and_not_healthy(project):
    assert project.get("/live") == (200, {"live": True})
    status, health = project.get("/health")
    assert (status, health["reason"]) == (503, "no revision is applied")
    assert project.psql("--command=SHOW server_encoding") == "UTF8"


def the_baseline_and_an_upgrade_make_it_healthy(project):
    project.must("cp", str(ROOT / "sql" / "schema_baseline.sql"), "db:/tmp/baseline.sql")
    project.psql("--single-transaction", "--output=/dev/null", "--file=/tmp/baseline.sql")
    upgraded = project.alembic("upgrade", "head")
    assert upgraded.returncode == 0, upgraded.stderr
    status, health = project.get("/health")
    assert status == 200
    assert health["at_head"] is True
    version = project.psql("--command=SELECT version_num FROM alembic_version")
    assert health["current"] == health["heads"] == [version]


def core_api_knows_the_models(project):
    checked = project.alembic("check")
    assert checked.returncode == 0, checked.stderr
    assert project.must("exec", "-T", "core_api", "id", "-un").strip() == "core_api"


def a_stopped_database_is_told_and_the_service_lives_on(project):
    project.must("stop", "db")
    status, health = project.get("/health")
    assert (status, health["reason"]) == (503, "the database does not answer")
    assert project.get("/live")[0] == 200


def both_services_stop_cleanly_and_at_once(project):
    started = time.monotonic()
    project.must("stop", "core_api")
    assert time.monotonic() - started < 5
    assert "database system is shut down" in project.must("logs", "db")
    for service in ("db", "core_api"):
        container = project.must("ps", "--all", "--quiet", service).strip()
        state = json.loads(docker("inspect", "--format={{json .State}}", container).stdout)
        assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 0, False)


def down_keeps_the_volume(project):
    project.must("down")
    assert docker("volume", "inspect", project.volume).returncode == 0
    up(project)
    assert project.get("/health")[0] == 200


def the_logs_hold_no_password(project):
    logs = project.must("logs")
    assert "core_api: listening on" in logs
    assert PASSWORD not in logs
