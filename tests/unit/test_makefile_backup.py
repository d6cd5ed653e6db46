"""`make backup` where there is no Python: what it calls, and what it refuses by itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from making import Checkout, refusal

from dbops import guard
from dbops.environments import makefile
from dbops.errors import UsageProblem

YAML = """\
project: shop
project_directory: our shop
environments:
  live:
    aliases: [now]
    backend: compose
    database: {name: shop$1, user: Keeper}
    compose:
      project: live
      files: ["it's #1.yml", more/compose.yml]
      env_files: [.env.live]
      volume: live_data
      database_service: postgres
    backup: {directory: "~/dumps of $HOME #2", keep: 3}
  far: {backend: server, database: {name: shop}, server: {host: db.example.com}}
retired: {old: live}
"""


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def _given(made):
    """Return the words that scripts/backup.sh was given."""
    assert (made.returncode, made.stderr) == (0, "")
    return re.findall(r"\[(.*)\]", made.stdout)


@pytest.mark.parametrize("name", ["vm_prod", "prod"])
@pytest.mark.parametrize("target", ["backup", "backup-env", "backup-v2", "backup-v2-env"])
def test_a_compose_environment_is_dumped_by_the_script_alone(checkout, target, name):
    assert _given(checkout.make(target, f"ENV={name}")) == [
        *("--environment", "vm_prod", "--directory", "backups", "--keep", "7"),
        *("--database", "sanbou_prod", "--user", "postgres", "--"),
        *("docker", "compose", "--project-directory=.", "--project-name=vm_prod"),
        *("--file=docker/docker-compose.prod.yml", "--env-file=.env.prod", "exec", "-T", "db"),
    ]
    assert checkout.seen() == []


def test_it_needs_make_a_shell_and_cksum_alone(checkout):
    tools = checkout.directory / "tools"
    tools.mkdir()
    for each in ("make", "sh", "cksum"):
        (tools / each).symlink_to(shutil.which(each))
    assert "vm_stg" in _given(checkout.make("backup", "ENV=vm_stg", PATH=str(tools)))


def test_it_works_from_another_directory(checkout, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    typed = (f"--makefile={checkout.directory}/Makefile", "backup", "ENV=prod")
    assert "vm_prod" in _given(checkout.make(*typed, at=elsewhere))


def test_paths_and_names_reach_the_script_as_they_are_written(checkout):
    checkout.configure(YAML)
    assert _given(checkout.make("backup", "ENV=now")) == [
        *("--environment", "live", "--directory", "/home/keeper/dumps of $HOME #2"),
        *("--keep", "3", "--database", "shop$1", "--user", "Keeper", "--"),
        *("docker", "compose", "--project-directory=our shop", "--project-name=live"),
        *("--file=our shop/it's #1.yml", "--file=our shop/more/compose.yml"),
        *("--env-file=our shop/.env.live", "exec", "-T", "postgres"),
    ]


def test_an_environment_that_is_no_compose_project_is_dumped_by_inv(checkout):
    checkout.configure(YAML)
    assert checkout.make("backup", "ENV=far").returncode == 0
    assert checkout.seen() == [["backup", "--env=far"]]


def test_another_environments_file_is_left_to_inv(checkout):
    made = checkout.make("backup", "ENV=vm_prod", DBOPS_ENVIRONMENTS="other.yaml")
    assert made.returncode == 0
    assert checkout.seen() == [["backup", "--env=vm_prod"]]


@pytest.mark.parametrize(
    ("name", "what", "following"),
    [
        ("local_prod", "local_prod is retired", "make backup ENV=vm_prod"),
        ("local_stg", "local_stg is retired", "make backup ENV=vm_stg"),
        ("vm_prd", "'vm_prd' is not an environment", "make backup ENV=local_dev"),
        ("prod:x=y", "'prod:x=y' is not an environment", "make backup ENV=local_dev"),
        ("vm_prod vm_stg", "'vm_prod vm_stg' is not an environment", "make backup ENV=local_dev"),
        ("$(NAME)", "'$(NAME)' is not an environment", "make backup ENV=local_dev"),
    ],
)
def test_a_name_that_is_none_is_refused_without_python(checkout, name, what, following):
    lines = refusal(checkout.make("backup", f"ENV={name}"), 4)
    assert lines[:2] == [f"error: {what}", "where: environments.yaml"]
    assert lines[3:] == [f"next:  {following}"]
    assert checkout.seen() == []


@pytest.mark.parametrize("variable", guard.AMBIENT_DOCKER)
def test_a_shell_that_names_another_engine_or_project_is_refused(checkout, variable):
    assert refusal(checkout.make("backup", "ENV=vm_prod", **{variable: "other"}), 3) == [
        "error: vm_prod: this shell names another target",
        f"where: {variable}",
        "why:   only environments.yaml chooses the database",
        f"next:  unset {variable}",
    ]


@pytest.mark.parametrize("name", ["vm_prod", "vm_new"])
def test_words_written_before_environments_yaml_was_edited_are_not_used(checkout, name):
    with (checkout.directory / "environments.yaml").open("a") as file:
        file.write("# one more line\n")
    assert refusal(checkout.make("backup", f"ENV={name}"), 4) == [
        "error: environments.mk does not match environments.yaml",
        "where: environments.mk",
        "why:   environments.yaml was edited after it was written",
        "next:  .venv/bin/python -m dbops.environments.makefile",
    ]


def test_the_committed_words_are_current():
    source = makefile.FILE.with_name("environments.yaml")
    written = makefile.text(source, source.read_bytes())
    assert makefile.FILE.read_text(encoding="utf-8") == written


@pytest.mark.parametrize("content", [b"", b"a", b"\0", YAML.encode(), bytes(range(256)) * 300])
def test_the_checksum_is_that_of_cksum(content):
    printed = subprocess.run(["cksum"], input=content, capture_output=True, check=True).stdout
    assert makefile.cksum(content) == printed.decode().strip()


def test_a_wrong_environments_file_gives_no_words():
    wrong = YAML.replace("keep: 3", "keep: 0").encode()
    with pytest.raises(UsageProblem, match=r"environments\.live\.backup\.keep"):
        makefile.text(Path("environments.yaml"), wrong)
