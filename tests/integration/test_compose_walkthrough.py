"""A new vm_stg and vm_prod, command by command, as a release manager types them."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import pytest
from rig.engine import docker
from rig.vms import CANARY
from watching import BASELINE, HEAD, refused, succeeded

from dbops.errors import ExitCode

STATE = """\
SELECT concat_ws(' ',
    (SELECT count(*) FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND c.relnamespace::regnamespace::text IN ('public', 'raw', 'ref', 'mart', 'stg', 'kpi')
        AND c.oid IS DISTINCT FROM to_regclass('public.alembic_version')), 'relations,',
    (SELECT count(*) FROM pg_roles WHERE starts_with(rolname, 'sanbou_')), 'roles, at',
    CASE WHEN to_regclass('public.alembic_version') IS NULL THEN 'nothing'
         ELSE (xpath('/row/v/text()', query_to_xml('SELECT version_num AS v FROM alembic_version',
                                                   false, true, '')))[1]::text END)"""
EMPTY = "0 relations, 0 roles, at nothing"
LOADED = "88 relations, 0 roles, at nothing"
BUILT = "88 relations, 6 roles, at nothing"
STAMPED = f"88 relations, 6 roles, at {BASELINE}"
AT_HEAD = f"88 relations, 6 roles, at {HEAD}"
STOPPED, GONE = "a volume and no container", "nothing"


class Step(NamedTuple):
    """A command of inv, an old target for the same, what it says, and how things are then."""

    command: str
    target: str
    says: str
    state: str
    destroys: bool = False


FROM_NOTHING = (
    Step("up", "up", "core_api is healthy, db is healthy", EMPTY),
    Step("db-apply-snapshot", "db-apply-snapshot-v2-env", "is loaded, 88 relations", LOADED, True),
    Step("db-bootstrap-roles", "db-bootstrap-roles-env", "6 roles have their privileges", BUILT),
    Step(f"al-stamp --rev={BASELINE}", f"al-stamp-v2-env REV={BASELINE}", "at 0001", STAMPED, True),
    Step("al-cur", "al-cur-v2-env", rf"^{BASELINE}$", STAMPED),
    Step("al-up", "al-up-v2-env", rf"at {HEAD} \(head\)", AT_HEAD),
    Step("al-cur", "al-cur-env", rf"^{HEAD} \(head\)$", AT_HEAD),
    Step("al-heads", "al-heads-v2-env", rf"^{HEAD} \(head\)$", AT_HEAD),
    Step("health", "health", "healthy: the database answers and is at", AT_HEAD),
    Step("backup", "backup", rf"_{HEAD}\.dump", AT_HEAD),
)
LIFE = (
    Step("al-up", "al-up", rf"at {HEAD} \(head\)", AT_HEAD),
    Step("al-hist", "al-hist-env", rf"\[x\]\t{HEAD} \(head\) \(current\)", AT_HEAD),
    Step("mv-refresh", "ps", "11 of 11 materialized views|core_api.*healthy", AT_HEAD),
    Step("ps", "ps-env", "core_api.*healthy", AT_HEAD),
    Step("logs --service=db", "logs S=db", "ready to accept connections", AT_HEAD),
    Step("config", "config", "backend: compose", AT_HEAD),
    Step("down", "down", "is kept", STOPPED),
    Step("up", "up-env", "db is healthy", AT_HEAD),
    Step("db-init-from-snapshot", "db-init-from-snapshot-v2-env", "88 relations", BUILT, True),
    Step("db-reset-volume", "db-reset-volume-v2-env", "there is no volume", GONE, True),
)


@pytest.mark.parametrize(
    ("ways", "after"),
    [
        ({"vm_stg": "inv", "vm_prod": "make"}, LIFE),
        ({"vm_stg": "make", "vm_prod": "inv"}, LIFE[-1:]),
    ],
    ids=["inv on vm_stg, make on vm_prod", "make on vm_stg, inv on vm_prod"],
)
def test_from_nothing_to_head_on_both_side_by_side(compose_project, ways, after):
    with ThreadPoolExecutor() as walks:
        walked = partial(walk, compose_project, after=after)
        list(walks.map(walked, ways, ways.values()))
    the_password_is_in_the_env_files_alone(compose_project)


def walk(project, env, how, *, after):
    protected = env == "vm_prod"
    for step in FROM_NOTHING:
        take(project, env, how, step, protected=protected)
    backups_are_closed_to_others(project, env)
    the_services_know_who_they_are(project, env)
    for step in after:
        take(project, env, how, step, protected=protected)
    assert state(project, env) == GONE
    assert "nothing to do" in succeeded(project.inv("db-reset-volume", "--env", env))


def take(project, env, how, step, *, protected):
    """Take one step and look at what it left; where it destroys, it is refused before."""
    if step.destroys and protected:
        before = state(project, env)
        told = refused(typed(project, env, how, step), ExitCode.REFUSED, f"{env} is protected")
        verb = step.command.split()[0]
        assert told.splitlines()[1] == f"where: {verb}"
        assert re.fullmatch(rf"next:  inv {verb} .*--env[ =]{env}.* --force", told.splitlines()[3])
        assert state(project, env) == before
    done = typed(project, env, how, step, sure=step.destroys and protected)
    said = succeeded(done)
    assert re.search(step.says, done.stdout, re.MULTILINE), said
    assert CANARY not in said
    assert state(project, env) == step.state, said


def typed(project, env, how, step, *, sure=False):
    """Type a step as words of inv, or as an old target of make, and return how inv ended."""
    if how == "inv":
        yes = ("--force", "--confirm", env) if sure else ()
        return project.inv(*step.command.split(), "--env", env, *yes)
    yes = ("FORCE=1", f"CONFIRM={env}") if sure else ()
    done = project.make(*step.target.split(), f"ENV={env}", *yes)
    # make ends with 2 whatever its command ended with, and says in its last line with what.
    code = re.search(r"^make: \*\*\* .* Error (\d+)$", done.stderr, re.MULTILINE)
    said = re.sub(r"^make: .*\n", "", done.stderr, flags=re.MULTILINE)
    ended = int(code[1]) if code else done.returncode
    return subprocess.CompletedProcess(done.args, ended, done.stdout, said)


def state(project, env):
    """Return how the environment is, asked of docker and of the database alone."""
    if project.containers(env):
        return project.ask(env, STATE)
    return STOPPED if project.has_volume(env) else GONE


def backups_are_closed_to_others(project, env):
    found = list((project.directory / "backups").glob(f"{env}_*"))
    assert {stat.S_IMODE(each.stat().st_mode) for each in found} == {0o600}
    assert stat.S_IMODE((project.directory / "backups").stat().st_mode) == 0o700
    assert {each.suffix for each in found} == {".dump", ".json"}


def the_services_know_who_they_are(project, env):
    assert project.ask(env, "SHOW dbops.environment") == env
    assert project.ask(env, "SELECT current_user, inet_client_addr() IS NULL") == "postgres|t"
    mounts = docker("inspect", "--format={{json .Mounts}}", f"{project.name(env)}-db-1").stdout
    assert [each["Name"] for each in json.loads(mounts)] == [project.volume(env)]


def the_password_is_in_the_env_files_alone(project):
    for file in project.directory.rglob("*"):
        if file.is_file() and not file.name.startswith(".env.") and "data" not in file.parts:
            assert CANARY.encode() not in file.read_bytes(), file


def test_one_word_moves_local_dev_from_embedded_to_compose(compose_project):
    project, dev = compose_project, ("--env", "local_dev")
    project.must("al-up", *dev)
    project.psql("INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.100)")
    project.use("backend: embedded\n    database: {name: sanbou_dev}", WORD)
    told = refused(project.inv("al-cur", *dev), ExitCode.UNREACHABLE, "is not running")
    assert told.endswith("next:  inv up --env local_dev")
    project.must("al-up", *dev)
    assert state(project, "local_dev") == AT_HEAD
    assert project.json("ps", *dev)["project"] == project.name("local_dev")
    assert project.ask("local_dev", "SELECT count(*) FROM ref.tax_rate") == "0"
    project.must("db-reset-volume", *dev)
    project.use(WORD, "backend: embedded\n    database: {name: sanbou_dev}")
    assert project.psql("SELECT count(*) FROM ref.tax_rate") == "1"
    assert project.json("al-cur", *dev)["at_head"] is True


WORD = "backend: compose\n    database: {name: sanbou_dev}"
