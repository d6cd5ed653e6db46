"""The main job: from nothing to head, planned before, and nothing to do afterwards."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Project, make_project
from watching import HEAD, everything, files, journal, runs, succeeded, unavailable

SCHEMAS = ("kpi", "mart", "public", "raw", "ref", "stg")
UP = ("al-up", "--env", "local_dev")

# Everything an application's schema holds, with its owner; what an extension brought is not asked.
OWNERS = """
SELECT DISTINCT owner::regrole FROM (
    SELECT c.relowner AS owner, c.oid, n.nspname FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL
    SELECT p.proowner, p.oid, n.nspname FROM pg_proc AS p
      JOIN pg_namespace AS n ON n.oid = p.pronamespace
    UNION ALL
    SELECT t.typowner, t.oid, n.nspname FROM pg_type AS t
      JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE t.typtype IN ('d', 'e')
    UNION ALL
    SELECT n.nspowner, n.oid, n.nspname FROM pg_namespace AS n WHERE n.nspname <> 'public'
) AS object
WHERE nspname IN ('kpi', 'mart', 'public', 'raw', 'ref', 'stg')
  AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e')
"""


@pytest.fixture(scope="module")
def built():
    """A project whose local_dev was just brought from nothing to head, and what that said."""
    made = make_project()
    yield made, made.inv(*UP)
    made.remove()


def test_one_command_leads_from_nothing_to_head(built):
    project, done = built
    succeeded(done)
    assert done.stdout.startswith(f"local_dev: at {HEAD} (head); ")
    assert "Traceback" not in done.stderr
    assert project.json("al-cur", "--env", "local_dev") == {
        "current": [HEAD],
        "heads": [HEAD],
        "at_head": True,
    }


def test_six_schemas_are_filled(built):
    project, _ = built
    counted = project.psql(
        "SELECT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_|^dbops|^information' "
        "AND c.relname <> 'alembic_version' GROUP BY 1 ORDER BY 1"
    )
    assert tuple(counted.splitlines()) == SCHEMAS


def test_every_object_belongs_to_the_owner_role(built):
    project, _ = built
    assert project.psql(OWNERS) == "sanbou_owner"


def test_what_was_done_is_recorded_in_the_database(built):
    project, _ = built
    operations = project.psql("SELECT operation, revision FROM dbops.revision_log ORDER BY id")
    assert operations.splitlines() == ["snapshot|", "stamp|0001_baseline", f"upgrade|{HEAD}"]
    run = runs(project)[0].name
    assert project.psql("SELECT DISTINCT run_id FROM dbops.revision_log") == run


def test_the_second_run_says_nothing_to_do_and_changes_nothing(built):
    project, _ = built
    before = everything(project)
    done = project.inv(*UP)
    assert "nothing to do: it is at" in succeeded(done)
    assert "local_dev: at" in done.stdout
    assert everything(project) == before
    assert len(runs(project)) == 1
    assert [each["event"] for each in journal(project)] == ["begin", "end"]


def test_the_second_run_says_as_json_that_nothing_changed(built):
    project, _ = built
    told = project.json(*UP)
    assert (told["ok"], told["changed"], told["at_head"]) == (True, False, True)


def test_a_plan_at_head_has_no_steps_and_changes_nothing(built):
    project, _ = built
    before = everything(project)
    assert project.json(*UP, "--plan")["steps"] == []
    assert project.must(*UP, "--plan") == ""
    assert everything(project) == before


def test_plans_change_nothing_and_are_byte_for_byte_what_runs(project):
    stages = (
        ("up", "--env", "local_dev"),
        ("db-apply-snapshot", "--env", "local_dev"),
        ("al-stamp", "--rev", "0001", "--env", "local_dev"),
        UP,
        ("al-down", "--env", "local_dev"),
        ("db-bootstrap-roles", "--env", "local_dev"),
        UP,
        ("mv-refresh", "--env", "local_dev"),
        ("baseline-export", "--env", "local_dev"),
        ("restart", "--env", "local_dev"),
        ("down", "--env", "local_dev"),
    )
    for words in stages:
        _the_plan_is_the_program(project, words)


def _the_plan_is_the_program(project: Project, words: tuple[str, ...]) -> None:
    is_up = (project.data() / "postmaster.pid").exists()
    look = everything if is_up else files
    before = look(project)
    planned = project.json(*words, "--plan")
    shown = project.must(*words, "--plan")
    assert look(project) == before, words
    succeeded(project.inv(*words))
    ran = (runs(project)[-1] / "run.sh").read_bytes()
    assert shown.encode() == ran, words
    assert planned["script"].encode() == ran
    assert hashlib.sha256(ran).hexdigest().startswith(planned["plan"])
    assert runs(project)[-1].name.endswith(planned["plan"])


def test_a_plan_from_nothing_writes_nothing_at_all(project):
    project.must("al-heads", "--env", "local_dev")
    before = files(project)
    shown = project.must(*UP, "--plan")
    assert shown.startswith("#!/bin/sh\n")
    assert files(project) == before
    assert not (project.directory / ".dbops" / "local_dev").exists()


def test_a_plan_of_a_stopped_server_leaves_its_data_directory_alone(project):
    project.must("up", "--env", "local_dev")
    project.must("down", "--env", "local_dev")
    before = files(project)
    assert project.json(*UP, "--plan")["continues"] is True
    assert files(project) == before


def test_two_environments_stand_side_by_side(built):
    project, _ = built
    succeeded(project.inv("al-up", "--env", "local_demo"))
    dev, demo = (project.json("ps", "--env", env) for env in ("local_dev", "local_demo"))
    for each in ("port", "pid", "data", "socket"):
        assert dev[each] != demo[each]
    project.psql("CREATE TABLE public.only_here ()", env="local_demo")
    assert project.psql("SELECT to_regclass('public.only_here') IS NULL") == "t"


def test_an_ordinary_user_gets_from_nothing_to_head():
    if os.geteuid() != 0:
        pytest.skip("every other test here is this one: nobody here is root")
    account = pwd.getpwnam("nobody")
    made = make_project()
    try:
        python = _interpreter(made.directory)
        for folder, names, entries in os.walk(made.directory):
            for each in (folder, *(f"{folder}/{name}" for name in (*names, *entries))):
                os.lchown(each, account.pw_uid, account.pw_gid)
        user = _OrdinaryUser(made.directory, python, account.pw_uid)
        succeeded(user.inv(*UP))
        assert user.json("al-cur", "--env", "local_dev")["at_head"] is True
        assert "nothing to do" in succeeded(user.inv(*UP))
        succeeded(user.inv("mv-refresh", "--env", "local_dev"))
        assert made.data().stat().st_uid == account.pw_uid
    finally:
        made.remove()


class _OrdinaryUser(Project):
    def __init__(self, directory: Path, python: Path, number: int) -> None:
        super().__init__(directory)
        object.__setattr__(self, "_python", python)
        object.__setattr__(self, "_number", number)

    def command(self, *words: str) -> list[str]:
        number = self._number
        account = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]
        run = [str(self._python), "-B", "-m", "invoke", "--search-root", str(ROOT)]
        return [*account, "env", f"HOME={self.directory}", "USER=nobody", *run, *words]


def _interpreter(folder: Path) -> Path:
    """Return a Python that an ordinary user can start, with this one's packages."""
    if _starts_for_everybody(Path(sys.executable)):
        return Path(sys.executable)
    wanted = f"python{sys.version_info.major}.{sys.version_info.minor}"
    system = shutil.which(wanted, path="/usr/local/bin:/usr/bin:/bin")
    if system is None:
        unavailable(f"no {wanted} that an ordinary user can start")
    made = folder / "venv"
    subprocess.run([str(system), "-m", "venv", "--without-pip", str(made)], check=True)
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    (made / "lib" / wanted / "site-packages" / "packages.pth").write_text(f"{packages}\n")
    return made / "bin" / "python"


def _starts_for_everybody(python: Path) -> bool:
    places = {python, python.resolve(), Path(sys.base_prefix)}
    return all(each.stat().st_mode & 0o001 for place in places for each in [place, *place.parents])
