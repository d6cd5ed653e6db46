from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import handmade
import pytest
from handmade import BASELINE, HEAD

from dbops import guard
from dbops.environments.model import Compose, Database, Freeze, Guard, Health, Host, Refresh
from dbops.errors import ExitCode, Problem
from dbops.operations import refresh
from dbops.state import Database as Found
from dbops.state import HostFacts, Service, State

NEW, OLD = "sanbou_stg_refreshing", "sanbou_stg_replaced"
LOAD = "load sql/schema_baseline.sql, the roles, stamp 0001_baseline, in one transaction"
SWAP = f"swap {NEW} in as sanbou_stg, and see that it serves"
STEPS = [
    f"make {NEW} beside sanbou_stg",
    LOAD,
    f"upgrade {NEW} to {HEAD}",
    f"refresh the materialized views of {NEW}",
    "apply roles, privileges and the database's settings, gather statistics",
    f"see that {NEW} is at {HEAD} and every view is populated",
    SWAP,
    "drop the old sanbou_stg",
]
SETTINGS = {
    "backend": "compose",
    "aliases": ("stg",),
    "database": Database(name="sanbou_stg"),
    "host": Host(address="stg.example.com", directory="/srv/app"),
    "compose": Compose(project="vm_stg", files=("compose.yml",), volume="vm_stg_pgdata"),
    "health": Health(url="http://127.0.0.1:8000/health", timeout_seconds=30),
}
WELL = Service(status="running", services=(("core_api", "healthy"), ("db", "healthy")))
HOST = HostFacts(name="vm-stg", user="deploy", marker="vm_stg", commit="0" * 40, branch="main")
FOUND = Found(
    exists=True,
    server_version=170010,
    environment="vm_stg",
    versions=(HEAD,),
    objects=2,
    relations=handmade.RELATIONS,
)
SERVING = State(service=WELL, database=FOUND, host=HOST)


@pytest.fixture
def target(tmp_path):
    made = handmade.make_target(tmp_path / "work", **SETTINGS)
    return replace(made, environment=replace(made.environment, name="vm_stg"))


def _with(target, **changed):
    return replace(target, environment=replace(target.environment, **changed))


def _seeded(target, text="INSERT INTO raw.slips VALUES (1);\n"):
    file = target.environment.project_directory / "sql" / "seed.sql"
    file.write_text(text, encoding="utf-8")
    return _with(target, refresh=Refresh(seed="sql/seed.sql"))


def _titles(runbook):
    return [each.title for each in runbook.steps]


def _told(code, target, state=SERVING):
    with pytest.raises(Problem) as raised:
        refresh.plan(target, state)
    assert raised.value.code == code
    return raised.value.message


def test_the_database_is_built_beside_swapped_in_and_only_then_the_old_one_dropped(target):
    runbook = refresh.plan(target, SERVING)
    assert _titles(runbook) == STEPS
    assert runbook.destructive
    assert not runbook.continues
    assert runbook.loses == "every row of vm_stg is replaced by those of a new database"


def test_the_same_state_gives_the_same_plan(target):
    assert refresh.plan(target, SERVING).id == refresh.plan(target, SERVING).id


def test_what_a_killed_run_left_is_removed_before_anything_is_made(target):
    command = refresh.plan(target, SERVING).steps[0].command
    drops = [f'DROP DATABASE IF EXISTS "{each}" WITH (FORCE)' for each in (OLD, NEW)]
    places = [command.rindex(each) for each in drops]
    assert sorted(places) == places
    assert places[1] < command.index("CREATE DATABASE %I TEMPLATE template0")


def test_no_step_before_the_swap_is_connected_to_the_live_database(target):
    *building, swap, _ = refresh.plan(_seeded(target), SERVING).steps
    connected = {
        name
        for step in building
        for name in re.findall(r"--dbname=(\S+)", f"{step.command}\n{step.verify}")
    }
    assert connected == {NEW, "postgres"}
    assert "--dbname=sanbou_stg " in swap.verify


def test_alembic_is_led_to_the_new_database_whatever_url_its_container_has(target):
    (step,) = (each for each in refresh.plan(target, SERVING).steps if "upgrade" in each.title)
    assert f"--env=POSTGRES_DB={NEW} --env=DATABASE_URL= core_api alembic" in step.command
    assert f"upgrade {HEAD}" in step.command
    assert HEAD in step.verify
    assert f"--dbname={NEW}" in step.verify


def test_every_step_that_fails_before_the_swap_takes_the_new_database_away(target):
    *building, last = refresh.plan(_seeded(target), SERVING).steps
    traps = [each.command.splitlines()[0] for each in building]
    assert len(set(traps)) == 1
    assert traps[0].startswith("trap '[ $? -eq 0 ] || {")
    assert f'DROP DATABASE IF EXISTS "{NEW}"' in traps[0]
    assert traps[0].endswith(" EXIT")
    assert "trap" not in last.command


def test_a_new_database_that_does_not_serve_well_is_swapped_out_again(target):
    swap = refresh.plan(target, SERVING).steps[-2]
    unquoted = re.sub("['\"]", "", swap.command)
    names = re.findall(r"(?:live|new|old) CONSTANT name := (\w+)", unquoted)
    assert names == ["sanbou_stg", NEW, OLD, "sanbou_stg", OLD, NEW]
    assert "http://127.0.0.1:8000/health" in swap.verify
    assert "+ 30))" in swap.verify
    assert HEAD in swap.verify


def test_without_a_health_url_the_revision_alone_decides(target):
    swap = refresh.plan(_with(target, health=Health()), SERVING).steps[-2]
    assert HEAD in swap.verify
    assert "curl" not in swap.verify


def test_a_history_that_is_only_its_baseline_needs_no_upgrade(target):
    versions = target.environment.project_directory / "migrations_v2" / "alembic" / "versions"
    for each in versions.glob(f"{HEAD}*"):
        each.unlink()
    titles = _titles(refresh.plan(target, SERVING))
    assert not [each for each in titles if each.startswith("upgrade")]
    assert f"see that {NEW} is at {BASELINE} and every view is populated" in titles


def test_the_seed_comes_after_the_revisions_and_before_the_views(target):
    titles = _titles(refresh.plan(_seeded(target), SERVING))
    assert titles[2:5] == [
        f"upgrade {NEW} to {HEAD}",
        "load sql/seed.sql, in one transaction",
        f"refresh the materialized views of {NEW}",
    ]


def test_the_seed_has_to_be_the_file_that_was_planned_with(target):
    planned = refresh.plan(_seeded(target), SERVING)
    other = refresh.plan(_seeded(target, "SELECT 1;\n"), SERVING)
    assert planned.id != other.id
    command = planned.steps[3].command
    assert "changed after the plan was made" in command
    assert "--single-transaction" in command


def test_a_seed_that_is_not_there_is_named_before_anything_runs(target):
    seeded = _with(target, refresh=Refresh(seed="sql/gone.sql"))
    assert _told(ExitCode.USAGE, seeded) == (
        "error: vm_stg: the seed file is missing\n"
        f"where: {target.environment.project_directory}/sql/gone.sql\n"
        "why:   environments.vm_stg.refresh.seed names it\n"
        "next:  commit sql/gone.sql, then inv deploy --env vm_stg"
    )


@pytest.mark.parametrize(
    ("state", "first"),
    [
        (State(service=Service(status="stopped"), database=None, host=HOST), "start the services"),
        (replace(SERVING, database=Found(exists=False)), "create the database sanbou_stg"),
        (replace(SERVING, database=replace(FOUND, is_open=False)), "open sanbou_stg again"),
    ],
)
def test_a_database_that_does_not_serve_is_started_first_and_planned_again(target, state, first):
    runbook = refresh.plan(target, state)
    assert _titles(runbook)[0].startswith(first)
    assert not [each for each in _titles(runbook) if NEW in each]
    assert runbook.continues
    assert runbook.destructive


def test_an_application_that_stopped_is_started_in_the_same_run(target):
    service = replace(WELL, services=(("core_api", "exited"), ("db", "healthy")))
    titles = _titles(refresh.plan(target, replace(SERVING, service=service)))
    assert titles == ["start the services of vm_stg, healthy", *STEPS]


def test_a_protected_environment_is_never_refreshed(target):
    guarded = _with(target, guard=Guard(protected=True))
    assert _told(ExitCode.REFUSED, guarded) == (
        "error: vm_stg is never refreshed\n"
        "where: environments.vm_stg.guard.protected\n"
        "why:   a refresh replaces every row, and it is protected\n"
        "next:  name a staging environment"
    )


def test_a_server_of_others_is_never_refreshed(target):
    said = _told(ExitCode.REFUSED, _with(target, backend="server"))
    assert "where: environments.vm_stg.backend\n" in said


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "vm_prod"},
        {"name": "production"},
        {"aliases": ("stg", "prod")},
        {"database": Database(name="sanbou_prod")},
        {"database": Database(name="PRODUCTION")},
        {"host": Host(address="prod1.example.com", directory="/srv/app")},
        {"compose": Compose(project="prod", files=("compose.yml",), volume="pgdata")},
        {"compose": Compose(project="stg", files=("compose.yml",), volume="sanbou-prd_pgdata")},
    ],
)
def test_a_name_that_says_production_is_refused(target, changed):
    assert "says production\n" in _told(ExitCode.REFUSED, _with(target, **changed))


@pytest.mark.parametrize(
    ("state", "who"),
    [
        (replace(SERVING, host=replace(HOST, marker="vm_prod")), "its host's marker"),
        (replace(SERVING, host=replace(HOST, name="vm-prod")), "its host's name"),
        (replace(SERVING, database=replace(FOUND, environment="vm_prod")), "its database"),
    ],
)
def test_a_host_or_database_that_says_production_is_refused(target, state, who):
    assert f"why:   a refresh replaces every row, and {who} says production" in _told(
        ExitCode.REFUSED, target, state
    )


@pytest.mark.parametrize("name", ["product_stg", "reproduce", "products", "stg"])
def test_a_name_that_only_begins_like_production_is_let_through(target, name):
    renamed = _with(target, database=Database(name=name))
    assert refresh.plan(renamed, SERVING).steps


def test_a_freeze_stops_a_refresh(target):
    freeze = Freeze(
        start="2026-12-28T00:00:00+09:00", end="2027-01-05T00:00:00+09:00", reason="year end"
    )
    frozen = _with(target, guard=Guard(freezes=(freeze,)))
    runbook = refresh.plan(frozen, SERVING)
    with pytest.raises(Problem) as raised:
        guard.check_freeze(frozen.environment, runbook, datetime(2026, 12, 31, tzinfo=UTC))
    assert raised.value.code == ExitCode.REFUSED


def test_somebody_who_migrates_by_hand_is_waited_for(target):
    state = replace(SERVING, database=replace(FOUND, migrating="rin on jump"))
    assert "why:   rin on jump\n" in _told(ExitCode.LOCKED, target, state)


def test_a_refresh_goes_to_a_host(target):
    said = _told(ExitCode.USAGE, target, replace(SERVING, host=None))
    assert said.endswith("next:  fab -H ALIAS refresh")


def test_it_is_no_success_when_the_database_that_serves_is_not_at_head(target):
    behind = replace(SERVING, database=replace(FOUND, versions=(BASELINE,)))
    with pytest.raises(Problem, match="no longer at head") as raised:
        refresh.refreshed(target, behind)
    assert raised.value.code == ExitCode.FAILED
