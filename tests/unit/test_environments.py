from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from dbops.environments import find, inventory, load
from dbops.environments.model import Host
from dbops.errors import ExitCode, UsageProblem

CHECKOUT = Path(__file__).parents[2]
KNOWN = "local_dev or dev, local_demo or demo, vm_stg or stg, vm_prod or prod"
FULL_WIDTH = "vm_prod".translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
NAME = "1 to 32 of a-z, 0-9 and _, starting with a letter"


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    """A folder with the committed file alone, so that no test writes a cache into the real one."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(CHECKOUT / "environments.yaml", folder)
    monkeypatch.setattr(inventory, "_CHECKOUT", folder)
    monkeypatch.delenv("DBOPS_ENVIRONMENTS", raising=False)
    return folder


def _refused(name, **options):
    with pytest.raises(UsageProblem) as refused:
        find(name, **options)
    assert refused.value.code == ExitCode.USAGE
    return refused.value.message


def _lines(what, why, instead):
    file = inventory._CHECKOUT / "environments.yaml"
    return f"error: {what}\nwhere: {file}\nwhy:   {why}\nnext:  inv TASK --env {instead}"


def test_the_committed_file_holds_the_four_environments_and_their_databases():
    databases = {name: each.database.name for name, each in load().environments.items()}
    assert databases == {
        "local_dev": "sanbou_dev",
        "local_demo": "sanbou_demo",
        "vm_stg": "sanbou_stg",
        "vm_prod": "sanbou_prod",
    }


def test_only_production_is_protected_and_only_main_may_be_deployed_there():
    protected = {
        name: e.guard.branches for name, e in load().environments.items() if e.guard.protected
    }
    assert protected == {"vm_prod": ("main",)}


def test_local_environments_are_embedded_with_a_compose_project_ready_beside_it():
    local = find("dev")
    assert (local.backend, local.host) == ("embedded", None)
    assert local.compose is not None
    assert local.compose.project == "local_dev"


def test_a_virtual_machine_is_reached_through_its_jump_host():
    assert find("vm_stg").host == Host(
        address="stg.example.com",
        user="deploy",
        directory="/srv/sanbou_app",
        jump="deploy@jump.example.com",
    )


def test_defaults_reach_every_environment():
    migrations = {each.migrations for each in load().environments.values()}
    assert len(migrations) == 1
    assert migrations.pop().legacy_heads == ("20251212_110000000",)


@pytest.mark.parametrize(("alias", "name"), [("dev", "local_dev"), ("prod", "vm_prod")])
def test_an_alias_finds_its_environment(alias, name):
    assert find(alias).name == name


def test_paths_are_under_the_project_directory_unless_absolute_or_at_home(checkout, monkeypatch):
    monkeypatch.setenv("HOME", "/home/deploy")
    environment = find("dev")
    assert environment.path("sql/a.sql") == checkout / "sql/a.sql"
    assert environment.path("/srv/a") == Path("/srv/a")
    assert environment.path("~/.pgpass") == Path("/home/deploy/.pgpass")


def test_an_environment_never_changes_but_a_changed_copy_can_be_made():
    environment = find("dev")
    with pytest.raises(FrozenInstanceError):
        environment.name = "vm_prod"
    with pytest.raises(FrozenInstanceError):
        del environment.name
    copy = replace(environment, backend="compose")
    assert (copy.backend, environment.backend) == ("compose", "embedded")
    assert copy != environment
    assert replace(copy, backend="embedded") == environment


def test_no_name_asks_for_one():
    why = f"there is no default; known are {KNOWN}"
    assert _refused(None) == _lines("no environment is named", why, "local_dev")


def test_a_misspelt_name_is_refused_with_what_was_meant():
    what = "'vm_prd' is not an environment (did you mean vm_prod?)"
    assert _refused("vm_prd") == _lines(what, f"known are {KNOWN}", "vm_prod")


def test_a_name_like_no_other_is_refused_with_the_names_there_are():
    what = "'zebra' is not an environment"
    assert _refused("zebra") == _lines(what, f"known are {KNOWN}", "local_dev")


def test_a_retired_name_is_refused_with_its_successor():
    what = "local_stg is retired"
    assert _refused("local_stg") == _lines(what, "vm_stg took its place", "vm_stg")


@pytest.mark.parametrize("name", [FULL_WIDTH, FULL_WIDTH.upper(), "VM_PROD", "vm_prod "])
def test_a_name_written_differently_is_recognised_but_not_accepted(name):
    what = f"{name!r} is not an environment (did you mean vm_prod?)"
    assert _refused(name) == _lines(what, f"a name is {NAME}", "vm_prod")


@pytest.mark.parametrize(
    "name", ["a b", "x'\"; $(touch x)", "本番", "\x1b[31m", "-", "../x", "\x00"]
)
def test_a_name_that_can_be_none_is_refused_by_its_letters(name):
    what = f"{name!r} is not an environment"
    assert _refused(name) == _lines(what, f"a name is {NAME}", "local_dev")


def test_a_long_name_is_cut_in_the_error():
    assert _refused("z" * 5000).startswith(f"error: '{'z' * 60}...' is not an environment\n")


def test_the_next_command_is_in_the_words_of_the_program():
    assert _refused("zebra", usage="fab -H {} deploy").endswith("\nnext:  fab -H vm_stg deploy")


def test_the_variable_points_at_another_file_with_paths_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "app").mkdir()
    (tmp_path / "other.yaml").write_text(
        "project: shop\nproject_directory: app\n"
        "environments: {here: {backend: embedded, database: {name: shop}}}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DBOPS_ENVIRONMENTS", "other.yaml")
    here = find("here")
    assert (here.project, here.file) == ("shop", tmp_path / "other.yaml")
    assert here.path(here.migrations.snapshot) == tmp_path / "app/sql/schema_baseline.sql"


def test_a_missing_file_names_the_variable_that_asked_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DBOPS_ENVIRONMENTS", str(tmp_path / "none.yaml"))
    assert _refused("dev") == (
        "error: the environments file cannot be read\n"
        f"where: {tmp_path}/none.yaml\n"
        "why:   there is no such file; DBOPS_ENVIRONMENTS names it\n"
        "next:  export DBOPS_ENVIRONMENTS=PATH/environments.yaml"
    )


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(UsageProblem) as refused:
        load(tmp_path)
    assert refused.value.why == "it is not a regular file"


def test_a_project_directory_that_is_not_there_is_refused(tmp_path):
    file = tmp_path / "environments.yaml"
    file.write_text(
        "project: shop\nproject_directory: gone\n"
        "environments: {here: {backend: embedded, database: {name: shop}}}\n"
    )
    with pytest.raises(UsageProblem) as refused:
        load(file)
    assert refused.value.message == (
        "error: the project directory does not exist\n"
        f"where: {file}: project_directory\n"
        f"why:   there is no directory {tmp_path}/gone\n"
        "next:  correct project_directory in environments.yaml"
    )


def test_a_validated_file_is_read_again_without_yaml_and_pydantic(checkout):
    load()
    script = (
        "import sys, dbops.errors; before = set(sys.modules)\n"
        "from dbops.environments import find; find('dev')\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    named = os.environ | {"DBOPS_ENVIRONMENTS": str(checkout / "environments.yaml")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=named,
        check=True,
        capture_output=True,
        text=True,
    )
    assert not {"yaml", "pydantic", "pydantic_core", "difflib", "unicodedata"} & set(
        done.stdout.split()
    )
    assert "dbops" in done.stdout.split()
