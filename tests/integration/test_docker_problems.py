"""What goes wrong with docker is told in four lines, and no volume is lost to it."""

from __future__ import annotations

import shutil

import pytest
from rig.engine import docker
from watching import refused, succeeded

from dbops.errors import ExitCode

STG = ("--env", "vm_stg")
READING, CHANGING = ("ps", "al-cur", "health"), ("up", "al-up", "backup", "db-reset-volume", "down")
AMBIENT = ("COMPOSE_PROJECT_NAME", "COMPOSE_FILE", "DOCKER_HOST", "PGDATA_VOLUME")


@pytest.fixture(scope="module")
def stg(compose_project):
    """A project whose vm_stg runs and holds one row."""
    compose_project.must("up", *STG)
    compose_project.ask("vm_stg", "CREATE TABLE public.kept AS SELECT 1 AS row")
    return compose_project


@pytest.fixture
def kept(stg):
    """The same; afterwards the row must be there still."""
    yield stg
    assert stg.ask("vm_stg", "SELECT row FROM public.kept") == "1"


def without_docker(folder):
    """Return a PATH with what a command needs, and without docker."""
    for each in ("sh", "sed", "sort"):
        (folder / each).symlink_to(shutil.which(each))
    return str(folder)


@pytest.mark.parametrize("verb", [*READING, *CHANGING])
def test_docker_is_missing(kept, tmp_path, verb):
    done = kept.inv(verb, *STG, PATH=without_docker(tmp_path))
    told = refused(done, ExitCode.UNREACHABLE, "docker is not installed here")
    assert "set backend: embedded" in told


@pytest.mark.parametrize("verb", [*READING, *CHANGING])
def test_the_engine_is_down(kept, tmp_path, verb):
    path = without_docker(tmp_path)
    dead = tmp_path / "docker"
    dead.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    dead.chmod(0o755)
    done = kept.inv(verb, *STG, PATH=path)
    told = refused(done, ExitCode.UNREACHABLE, "the Docker engine does not answer")
    assert "why:   Cannot connect to the Docker daemon" in told


@pytest.mark.parametrize("name", AMBIENT)
def test_a_variable_of_the_shell_chooses_nothing(kept, name):
    for verb in ("ps", "up", "db-reset-volume", "backup"):
        done = kept.inv(verb, *STG, **{name: "elsewhere"})
        told = refused(done, ExitCode.REFUSED, "this shell names another target")
        assert told.endswith(f"next:  unset {name}")


def test_a_changed_project_name_is_refused_before_a_new_empty_volume(kept):
    name = f"project: {kept.name('vm_stg')}"
    kept.edit("environments.yaml", name, f"{name}-changed")
    try:
        for verb in ("ps", "al-cur", "up", "down", "db-reset-volume", "db-init-from-snapshot"):
            told = refused(kept.inv(verb, *STG), ExitCode.REFUSED, "the volume belongs to the")
            assert f"compose project {kept.name('vm_stg')}" in told
            assert "a changed project name would start with a new, empty volume" in told
    finally:
        kept.edit("environments.yaml", f"{name}-changed", name)


def test_a_volume_in_use_by_another_container_is_not_removed(kept):
    image = docker("inspect", "--format={{.Image}}", f"{kept.name('vm_stg')}-db-1").stdout.strip()
    other, volume = f"{kept.key}-other", kept.volume("vm_stg")
    ran = docker(
        "run", "--detach", f"--name={other}", f"--volume={volume}:/data", image, "sleep", "60"
    )
    assert ran.returncode == 0, ran.stderr
    try:
        told = refused(kept.inv("db-reset-volume", *STG), ExitCode.FAILED, "remove the volume")
        assert "volume is in use" in told
        assert kept.has_volume("vm_stg")
    finally:
        docker("rm", "--force", "--volumes", other)
        succeeded(kept.inv("up", *STG))


def test_a_service_that_never_gets_well_is_told_with_its_log(kept):
    kept.must("down", *STG)
    file = kept.directory / "docker" / "docker-compose.stg.yml"
    whole = file.read_text(encoding="utf-8")
    broken = "    command: [postgres, -c, no_such_setting=1]\n"
    anchor = "    extends: {file: docker/common.yml, service: db}\n"
    file.write_text(whole.replace(anchor, anchor + broken), encoding="utf-8")
    try:
        told = refused(kept.inv("up", *STG), ExitCode.FAILED, "up stopped at: start the services")
        assert "no_such_setting" in told
    finally:
        file.write_text(whole, encoding="utf-8")
        succeeded(kept.inv("up", *STG))


def test_what_compose_only_warns_of_stops_nothing(kept):
    file = kept.directory / "docker" / "docker-compose.stg.yml"
    whole = file.read_text(encoding="utf-8")
    anchor = "    extends: {file: docker/common.yml, service: db}\n"
    warned = anchor + '    labels: {note: "${NOBODY_SETS_IT}"}\n'
    file.write_text(f'version: "3.8"\n{whole.replace(anchor, warned)}', encoding="utf-8")
    try:
        assert kept.json("ps", *STG)["status"] == "running"
        kept.must("backup", *STG)
    finally:
        file.write_text(whole, encoding="utf-8")


def test_a_compose_file_that_cannot_be_read_is_named(kept):
    file = kept.directory / "docker" / "docker-compose.stg.yml"
    whole = file.read_text(encoding="utf-8")
    for text in ("services: [", whole.replace("services:", "servces:", 1)):
        file.write_text(text, encoding="utf-8")
        try:
            done = kept.inv("up", *STG)
            told = refused(done, ExitCode.UNREACHABLE, "docker compose cannot read the project")
            assert "where: docker/docker-compose.stg.yml" in told
        finally:
            file.write_text(whole, encoding="utf-8")


def test_a_stopped_application_does_not_keep_the_database_from_answering(kept):
    docker("stop", "--time=1", f"{kept.name('vm_stg')}-core_api-1")
    assert kept.json("ps", *STG)["services"] == "core_api exited, db healthy"
    assert "there is no" not in succeeded(kept.inv("al-cur", *STG))
    assert "core_api is healthy, db is healthy" in succeeded(kept.inv("up", *STG))


def test_a_killed_database_is_started_again(kept):
    docker("kill", f"{kept.name('vm_stg')}-db-1")
    told = refused(kept.inv("al-cur", *STG), ExitCode.UNREACHABLE, "is not running")
    assert told.endswith("next:  inv up --env vm_stg")
    assert "core_api is healthy, db is healthy" in succeeded(kept.inv("up", *STG))
