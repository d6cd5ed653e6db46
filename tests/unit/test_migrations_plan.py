from __future__ import annotations

import json
import shlex
from dataclasses import replace

import handmade
import pytest
from handmade import BASELINE, HEAD, LEGACY, NEXT

from dbops import catalogue, output
from dbops.commands import sql
from dbops.environments.model import Migrations
from dbops.errors import DifferencesFound, ExitCode, Problem
from dbops.operations import adoption, migrations, scratch, stamping, standing

SERVER = [
    "copy the PostgreSQL binaries to where the server's account can read them",
    "make the directories of the server",
    "create the data directory, PostgreSQL 17",
    "start PostgreSQL on port 24001",
]
LOAD = f"load sql/schema_baseline.sql, the roles, stamp {BASELINE}, in one transaction"


@pytest.fixture
def target(tmp_path):
    return handmade.make_target(tmp_path / "work")


@pytest.fixture
def vault(tmp_path):
    """A protected target."""
    return handmade.make_target(tmp_path / "vault", protected=True)


def _titles(runbook):
    return [each.title for each in runbook.steps]


def _commands(step):
    """Return what psql executes in STEP, in order."""
    words = shlex.split(step.command)
    return [each.removeprefix("--command=") for each in words if each.startswith("--command=")]


def _told(code, act, *arguments, **options):
    with pytest.raises(Problem) as raised:
        act(*arguments, **options)
    assert raised.value.code == code
    return raised.value.message


# al-up


def test_up_without_a_data_directory_builds_from_the_snapshot_and_goes_on_to_head(target):
    runbook = migrations.upgrade(target, handmade.absent(target))
    assert _titles(runbook) == [
        *SERVER[1:],
        "create the database sanbou_dev",
        LOAD,
        f"upgrade to {HEAD}",
    ]
    assert runbook.notes == ("the database is empty: it is built from sql/schema_baseline.sql",)
    assert not runbook.continues
    assert not runbook.destructive


def test_an_upgrade_is_a_release_wherever_it_runs(target):
    assert not target.environment.is_protected
    assert migrations.upgrade(target, handmade.absent(target)).releases
    assert migrations.upgrade(target, handmade.running(target, BASELINE)).releases


def test_up_on_a_stopped_server_starts_it_and_plans_the_rest_when_it_answers(target):
    runbook = migrations.upgrade(target, handmade.stopped(target))
    assert (_titles(runbook), runbook.continues) == (SERVER[3:], True)


def test_up_without_the_database_creates_it(target):
    runbook = migrations.upgrade(target, handmade.dropped(target))
    assert _titles(runbook) == ["create the database sanbou_dev", LOAD, f"upgrade to {HEAD}"]


def test_up_on_an_empty_database_loads_stamps_and_upgrades(target):
    runbook = migrations.upgrade(target, handmade.empty(target))
    assert _titles(runbook) == [LOAD, f"upgrade to {HEAD}"]
    load = runbook.steps[0]
    assert sql.stamp(BASELINE, expected=()) in _commands(load)
    assert "--single-transaction" in shlex.split(load.command)


def test_up_on_an_empty_database_whose_baseline_is_the_head_has_nothing_to_upgrade(target):
    (target.versions / f"{HEAD}.py").unlink()
    assert _titles(migrations.upgrade(target, handmade.empty(target))) == [LOAD]


def test_up_from_behind_bootstraps_the_roles_and_upgrades(target):
    runbook = migrations.upgrade(target, handmade.running(target, BASELINE))
    assert _titles(runbook) == ["bootstrap the roles and their privileges", f"upgrade to {HEAD}"]
    upgrade = runbook.steps[1]
    assert upgrade.command.endswith(f"alembic.ini upgrade {HEAD}")
    assert f'[ "$found" = {HEAD} ]' in upgrade.verify


def test_up_gives_privileges_in_declared_schemas_that_were_not_there_before(target):
    state = handmade.running(target, BASELINE, schemas=("public", "raw"))
    steps = migrations.upgrade(target, state).steps
    assert steps[-1].title == "give the roles their privileges in mart, once there"
    assert shlex.split(steps[-1].command).count("--set=schemas=mart") == 1
    without = Migrations(schemas=("raw", "mart"), roles=None)
    unwritten = replace(target, environment=replace(target.environment, migrations=without))
    assert len(migrations.upgrade(unwritten, state).steps) == 1


def test_up_counts_the_revisions_when_there_are_several(target):
    handmade.write_revision(target.environment.project_directory, NEXT, HEAD)
    runbook = migrations.upgrade(target, handmade.running(target, BASELINE))
    assert _titles(runbook)[1] == f"upgrade to {NEXT} (2 revisions)"


def test_up_without_a_roles_script_only_upgrades(tmp_path):
    bare = handmade.make_target(tmp_path / "bare", migrations=Migrations(roles=None))
    assert _titles(migrations.upgrade(bare, handmade.running(bare, BASELINE))) == [
        f"upgrade to {HEAD}"
    ]


def test_up_at_head_does_nothing_and_says_why(target):
    runbook = migrations.upgrade(target, handmade.running(target, HEAD))
    assert (runbook.steps, runbook.reason) == ((), f"it is at {HEAD}, the head")


@pytest.mark.parametrize(
    ("version", "reason"), [(BASELINE, ""), (HEAD, f"it is at {HEAD}, the head")]
)
def test_a_plan_says_why_there_is_nothing_to_do_only_where_there_is_nothing(
    target, capsys, version, reason
):
    output.plan(migrations.upgrade(target, handmade.running(target, version)), machine=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["reason"], bool(found["steps"])) == (reason, version != HEAD)


def test_up_at_head_creates_roles_that_are_missing(target):
    runbook = migrations.upgrade(target, handmade.running(target, HEAD, roles=("postgres",)))
    assert _titles(runbook) == ["bootstrap the roles and their privileges"]


def test_up_never_reads_the_snapshot_at_head(target):
    (target.environment.project_directory / "sql" / "schema_baseline.sql").unlink()
    assert migrations.upgrade(target, handmade.running(target, HEAD)).steps == ()


def test_up_tells_of_revisions_edited_or_vanished_after_they_were_applied(target):
    same = target.graph[BASELINE].sha256
    edited = ((BASELINE, same), (HEAD, "0" * 64), ("gone", "1" * 64))
    runbook = migrations.upgrade(target, handmade.running(target, HEAD, revision_files=edited))
    now = target.graph[HEAD].sha256[:12]
    assert runbook.notes == (
        f"revision {HEAD} was edited after it was applied (000000000000 then, {now} now)",
        "revision gone was applied and its file vanished (111111111111 then, none now)",
    )


def test_up_tells_of_indexes_an_interruption_left_invalid(target):
    found = handmade.running(target, HEAD, invalid_indexes=("raw.slips_id_idx",))
    (note,) = migrations.upgrade(target, found).notes
    assert note == (
        "index raw.slips_id_idx is invalid, left by an interrupted CREATE INDEX CONCURRENTLY; "
        "drop it: DROP INDEX CONCURRENTLY raw.slips_id_idx"
    )


@pytest.mark.parametrize("state", [handmade.absent, handmade.dropped, handmade.empty])
def test_up_never_builds_a_protected_environment(vault, state):
    assert _told(ExitCode.REFUSED, migrations.upgrade, vault, state(vault)) == (
        "error: local_dev: there is no database to upgrade\n"
        "where: sanbou_dev\n"
        "why:   a protected environment is built only on purpose\n"
        "next:  inv db-init-from-snapshot --env local_dev --force"
    )


def test_up_on_a_protected_environment_goes_on_from_behind(vault):
    runbook = migrations.upgrade(vault, handmade.running(vault, BASELINE))
    assert _titles(runbook)[-1] == f"upgrade to {HEAD}"


@pytest.mark.parametrize("version", [BASELINE, HEAD])
def test_up_never_succeeds_on_a_stamped_but_empty_database(target, version):
    state = handmade.empty(target, version)
    assert _told(ExitCode.REFUSED, migrations.upgrade, target, state) == (
        f"error: local_dev: stamped {version}, but the database is empty\n"
        "where: sanbou_dev\n"
        "why:   a version row without its tables; the snapshot was never applied\n"
        "next:  inv db-init-from-snapshot --env local_dev"
    )


def test_up_from_the_baseline_refuses_when_its_relations_are_missing(target):
    state = handmade.running(target, BASELINE, relations=("mart.daily", "raw.other"))
    assert _told(ExitCode.REFUSED, migrations.upgrade, target, state) == (
        f"error: local_dev: stamped {BASELINE}, but 1 relations of it are missing\n"
        "where: raw.slips\n"
        "why:   somebody dropped them\n"
        "next:  inv drift --env local_dev"
    )
    state = handmade.running(target, BASELINE, relations=("raw.other",))
    assert _told(ExitCode.REFUSED, migrations.upgrade, target, state).endswith(
        "why:   the snapshot was never applied\nnext:  inv db-init-from-snapshot --env local_dev"
    )


def test_up_on_objects_without_a_version_leads_to_adopt(target):
    assert _told(ExitCode.FAILED, migrations.upgrade, target, handmade.running(target)) == (
        "error: local_dev: the database holds 2 objects but no version\n"
        "where: sanbou_dev, alembic_version\n"
        "why:   nobody recorded which revision its schema is\n"
        "next:  inv al-adopt --env local_dev"
    )


def test_up_on_a_loaded_and_unstamped_snapshot_leads_to_the_stamp(target):
    state = handmade.running(target, snapshot=target.snapshot.sha256)
    assert _told(ExitCode.FAILED, migrations.upgrade, target, state) == (
        "error: local_dev: the database holds 2 objects but no version\n"
        "where: sanbou_dev, alembic_version\n"
        "why:   the snapshot was applied and not yet stamped\n"
        f"next:  inv al-stamp --rev {BASELINE} --env local_dev"
    )


@pytest.mark.parametrize("act", [migrations.upgrade, migrations.downgrade])
def test_a_legacy_head_leads_to_adopt(target, act):
    assert _told(ExitCode.FAILED, act, target, handmade.running(target, LEGACY)) == (
        f"error: local_dev is at {LEGACY}, the head of the legacy history\n"
        "where: sanbou_dev, alembic_version\n"
        "why:   its rows stay; the database only has to be told its place in the new history\n"
        "next:  inv al-adopt --env local_dev"
    )


@pytest.mark.parametrize("act", [migrations.upgrade, migrations.downgrade])
def test_a_revision_nobody_here_knows_is_refused(target, act):
    assert _told(ExitCode.FAILED, act, target, handmade.running(target, "20990101")) == (
        "error: local_dev is at 20990101, which this checkout does not know\n"
        f"where: {target.versions}\n"
        "why:   the database is newer than the checkout, or belongs to another history\n"
        "next:  git pull, or inv al-which --env local_dev"
    )


@pytest.mark.parametrize("act", [migrations.upgrade, migrations.downgrade])
def test_two_version_rows_are_refused(target, act):
    assert _told(ExitCode.FAILED, act, target, handmade.running(target, BASELINE, HEAD)) == (
        "error: local_dev: alembic_version holds 2 rows\n"
        f"where: {BASELINE}, {HEAD}\n"
        "why:   two branches were applied, or somebody edited the table\n"
        f"next:  inv al-stamp --rev {HEAD} --env local_dev"
    )
    told = _told(ExitCode.FAILED, act, target, handmade.running(target, BASELINE, "20990101"))
    assert told.endswith("next:  inv al-which --env local_dev")


@pytest.mark.parametrize("state", [handmade.absent, handmade.empty])
def test_two_heads_are_refused_before_anything_is_created(target, state):
    handmade.write_revision(target.environment.project_directory, NEXT, BASELINE)
    assert _told(ExitCode.FAILED, migrations.upgrade, target, state(target)) == (
        f"error: 2 heads: {HEAD}, {NEXT}\n"
        f"where: {HEAD}.py, {NEXT}.py\n"
        "why:   two revisions follow the same one, so the order of the upgrade is not decided\n"
        f"next:  edit down_revision in {NEXT}.py to '{HEAD}'"
    )


def test_a_data_directory_of_another_major_version_is_not_started(target):
    state = handmade.stopped(target, major=15)
    assert _told(ExitCode.FAILED, migrations.upgrade, target, state) == (
        "error: local_dev: the data directory is of PostgreSQL 15, the binaries are 17\n"
        f"where: {state.service.data}\n"
        "why:   a server opens only data directories of its own major version\n"
        "next:  DBOPS_POSTGRES_BIN=.../15/bin inv up --env local_dev"
    )


# al-down


def test_down_of_a_revision_without_a_downgrade_is_refused(target):
    handmade.write_revision(target.environment.project_directory, NEXT, HEAD, more="")
    told = _told(ExitCode.REFUSED, migrations.downgrade, target, handmade.running(target, NEXT))
    assert told.startswith(f"error: local_dev: {NEXT} has no downgrade()\n")


def test_down_takes_the_newest_revision_back_and_says_what_is_lost(target):
    runbook = migrations.downgrade(target, handmade.running(target, HEAD))
    assert _titles(runbook) == [
        f"downgrade from {HEAD} to {BASELINE}",
        "bootstrap the roles and their privileges",
    ]
    assert runbook.steps[0].command.endswith("alembic.ini downgrade -1")
    assert f'[ "$found" = {BASELINE} ]' in runbook.steps[0].verify
    assert runbook.destructive
    assert runbook.loses == f"what revision {HEAD} added to local_dev is lost"


@pytest.mark.parametrize(("versions", "said"), [((), "no revision"), ((BASELINE,), BASELINE)])
def test_down_stops_where_the_history_begins(target, versions, said):
    state = handmade.running(target, *versions)
    assert _told(ExitCode.REFUSED, migrations.downgrade, target, state) == (
        f"error: local_dev: nothing is below {said}\n"
        "where: sanbou_dev\n"
        "why:   the baseline is where this history begins\n"
        "next:  inv al-cur --env local_dev"
    )


# al-stamp


def test_stamp_needs_a_revision(target):
    state = handmade.running(target)
    assert _told(ExitCode.USAGE, stamping.stamp, target, state, revision=None) == (
        "error: a stamp needs a revision\n"
        "where: al-stamp\n"
        "why:   it is what the database will count as being at\n"
        "next:  inv al-which --env local_dev, which names it"
    )


@pytest.mark.parametrize(
    ("versions", "title"),
    [
        ((), f"stamp {BASELINE}"),
        ((HEAD,), f"stamp {BASELINE} in place of {HEAD}"),
        ((LEGACY,), f"stamp {BASELINE} in place of {LEGACY}"),
    ],
)
def test_stamp_replaces_the_row_it_was_planned_on_and_records_it(target, versions, title):
    state = handmade.running(target, *versions)
    runbook = stamping.stamp(target, state, revision="0001")
    assert _titles(runbook) == [title]
    assert _commands(runbook.steps[0]) == [
        sql.stamp(BASELINE, expected=versions),
        sql.record(
            "stamp",
            revision=BASELINE,
            previous=",".join(versions) or None,
            sha256=target.graph[BASELINE].sha256,
        ),
    ]
    assert runbook.destructive
    assert runbook.loses == f"local_dev will count as being at {BASELINE}, whatever it holds"


def test_stamp_where_it_is_already_does_nothing_and_says_why(target):
    runbook = stamping.stamp(target, handmade.running(target, HEAD), revision="head")
    assert (runbook.steps, runbook.reason) == ((), f"it is at {HEAD} already")


SLIPS = '["table", "raw.slips", "TABLE"]'
TABLES = f'{SLIPS}\n["materialized view", "mart.daily", "SELECT 1"]'


def _schemas(monkeypatch, *, live, expected):
    """Let the live schema, and that of every revision, be these."""
    monkeypatch.setattr(scratch, "live", lambda *_: catalogue.parse(live))
    monkeypatch.setattr(scratch, "expected", lambda *_, **__: catalogue.parse(expected))


@pytest.mark.parametrize("rows", [["20990101"], [BASELINE, "20990101"], [BASELINE, HEAD]])
def test_stamp_forgets_what_nobody_here_knows_only_where_the_schema_proves_it(
    target, monkeypatch, rows
):
    state = handmade.running(target, *rows)
    _schemas(monkeypatch, live=TABLES, expected=SLIPS)
    assert _told(ExitCode.REFUSED, stamping.stamp, target, state, revision=BASELINE) == (
        f"error: local_dev is at {', '.join(rows)}, and its schema is not that of {BASELINE}\n"
        "where: sanbou_dev, alembic_version\n"
        "why:   stamping would forget a revision that is not in this checkout,"
        " or on another branch\n"
        "next:  git pull, or inv al-which --env local_dev"
    )
    _schemas(monkeypatch, live=TABLES, expected=TABLES)
    (step,) = stamping.stamp(target, state, revision=BASELINE).steps
    assert step.title.startswith(f"stamp {BASELINE} in place of ")


def test_stamp_replaces_an_unknown_revision_by_none_but_the_one_the_log_ends_at(
    target, monkeypatch
):
    state = handmade.running(target, "20990101", recorded=("upgrade", HEAD))
    _schemas(monkeypatch, live=TABLES, expected=TABLES)
    told = _told(ExitCode.REFUSED, stamping.stamp, target, state, revision=BASELINE)
    assert told.startswith(f"error: local_dev is at 20990101, and its own log ends at {HEAD}\n")
    assert told.endswith(f"next:  git pull, or inv al-stamp --rev {HEAD} --env local_dev")
    assert stamping.stamp(target, state, revision=HEAD).steps


def test_of_two_rows_on_one_line_the_newest_is_stamped_without_a_look_at_the_schema(target):
    (step,) = stamping.stamp(target, handmade.running(target, BASELINE, HEAD), revision=HEAD).steps
    assert step.title.startswith(f"stamp {HEAD} in place of ")


def test_what_a_later_revision_drops_is_not_missed_when_that_is_stamped(target, monkeypatch):
    state = handmade.running(target, LEGACY, relations=("mart.daily",))
    _schemas(monkeypatch, live="", expected=TABLES)
    assert "1 relations of" in _told(ExitCode.REFUSED, stamping.stamp, target, state, revision=HEAD)
    _schemas(monkeypatch, live="", expected="")
    assert stamping.stamp(target, state, revision=HEAD).steps


def test_a_partition_is_not_missed(target):
    snapshot = target.environment.path("sql/schema_baseline.sql")
    attached = "ALTER TABLE ONLY raw.slips ATTACH PARTITION mart.daily DEFAULT;\n"
    with snapshot.open("a", encoding="utf-8") as file:
        file.write(attached)
    state = handmade.running(target, BASELINE, relations=("raw.slips",))
    assert migrations.upgrade(target, state).steps


@pytest.mark.parametrize(
    ("recorded", "why", "following"),
    [
        (("upgrade", HEAD), f"its own log ends at {HEAD}", f"al-stamp --rev {HEAD}"),
        (("downgrade", HEAD), f"its own log ends at {BASELINE}", f"al-stamp --rev {BASELINE}"),
        (("upgrade", "gone"), "its own log ends at gone", "al-which"),
        (("snapshot", ""), "nobody recorded which revision", "al-adopt"),
    ],
)
def test_a_lost_version_row_is_told_by_the_log_of_the_database(target, recorded, why, following):
    state = handmade.running(target, recorded=recorded)
    told = _told(ExitCode.FAILED, migrations.upgrade, target, state)
    assert why in told
    assert told.endswith(f"next:  inv {following} --env local_dev")


@pytest.mark.parametrize("rows", [[], [LEGACY], ["20990101"], [BASELINE, HEAD]])
def test_what_was_past_the_baseline_is_not_adopted_at_it(target, rows):
    state = handmade.running(target, *rows, recorded=("upgrade", HEAD))
    assert _told(ExitCode.REFUSED, adoption.adopt, target, state, accept=None) == (
        f"error: local_dev was at {HEAD}, past {BASELINE}\n"
        "where: sanbou_dev, dbops.revision_log\n"
        "why:   what was applied since would be applied once more\n"
        "next:  inv al-which --env local_dev"
    )


def test_stamp_of_the_baseline_refuses_when_its_relations_are_missing(target):
    state = handmade.empty(target)
    assert _told(ExitCode.REFUSED, stamping.stamp, target, state, revision=BASELINE) == (
        f"error: local_dev: 2 relations of {BASELINE} are missing\n"
        "where: mart.daily, raw.slips\n"
        "why:   a stamp says that they are there\n"
        "next:  inv db-apply-snapshot --env local_dev"
    )


def test_stamp_refuses_an_unknown_revision_with_the_nearest_name(target):
    state = handmade.running(target)
    assert _told(ExitCode.USAGE, stamping.stamp, target, state, revision="0001_basline") == (
        "error: no revision is called '0001_basline'\n"
        "where: the revision files of this checkout\n"
        f"why:   did you mean {BASELINE}?\n"
        "next:  inv al-hist --env local_dev"
    )


# al-adopt


TABLE = [["schema", "raw", "CREATE SCHEMA raw"], ["table", "raw.slips", "TABLE", "schema", "raw"]]
COLUMN = ["column", "raw.slips.id", "integer", "table", "raw.slips"]
VIEW = ["view", "mart.daily", "CREATE VIEW mart.daily AS SELECT 1"]


@pytest.fixture
def live(monkeypatch):
    """Let the live schema be the baseline's, or what a test puts in its place."""
    schemas = {"expected": [*TABLE, COLUMN, VIEW], "live": [*TABLE, COLUMN, VIEW]}

    def read(name):
        return lambda *_, **__: catalogue.parse("\n".join(map(json.dumps, schemas[name])))

    for each in schemas:
        monkeypatch.setattr(scratch, each, read(each))
    return lambda *rows: schemas.update(live=list(rows))


ADOPTED = ((), (LEGACY,), ("20990101",), (BASELINE, HEAD))


@pytest.mark.parametrize("versions", ADOPTED)
@pytest.mark.usefixtures("live")
def test_adopt_stamps_the_baseline_when_the_schema_is_the_baselines(target, versions):
    runbook = adoption.adopt(target, handmade.running(target, *versions), accept=None)
    instead = f" in place of {','.join(versions)}" if versions else ""
    assert _titles(runbook) == [f"adopt {BASELINE}{instead}"]
    assert _commands(runbook.steps[0])[0] == sql.stamp(BASELINE, expected=versions)
    assert runbook.notes == (f"the schema is that of {BASELINE}, all 4 objects of it",)
    assert runbook.destructive
    assert runbook.loses == f"local_dev will count as being at {BASELINE}"


@pytest.mark.parametrize("version", [BASELINE, HEAD])
def test_adopt_of_a_database_in_this_history_does_nothing_and_says_why(target, version):
    runbook = adoption.adopt(target, handmade.running(target, version), accept=None)
    assert (runbook.steps, runbook.reason) == (
        (),
        f"it is at {version}, which this history knows",
    )


OTHER = (*TABLE, ["column", "raw.slips.id", "bigint", "table", "raw.slips"],
         ["view", "mart.weekly", "CREATE VIEW mart.weekly AS SELECT 1"])  # fmt: skip


def test_adopt_refuses_a_schema_that_differs_with_every_difference_and_its_hash(target, live):
    live(*OTHER)
    state = handmade.running(target, LEGACY)
    told = _told(ExitCode.DIFFERENCES, adoption.adopt, target, state, accept=None)
    digest = told.split()[-5].rstrip(",")
    assert told == (
        f"error: local_dev: the schema is not that of {BASELINE}, 3 differences\n"
        "where: sanbou_dev, sql/schema_baseline.sql\n"
        "why:   changed     column raw.slips.id\n"
        "       missing     view mart.daily\n"
        "       unexpected  view mart.weekly\n"
        f"next:  inv al-adopt --env local_dev --accept {digest}, if this is wanted"
    )


def _difference(target):
    with pytest.raises(DifferencesFound) as raised:
        adoption.adopt(target, handmade.running(target, LEGACY), accept=None)
    return raised.value.next_command.split("--accept ")[1].split(",")[0]


def test_adopt_goes_on_when_just_this_difference_was_accepted(target, live):
    live(*OTHER)
    digest = _difference(target)
    runbook = adoption.adopt(target, handmade.running(target, LEGACY), accept=digest)
    assert runbook.notes == (f"3 differences from {BASELINE} accepted as {digest}",)
    assert len(runbook.steps) == 1


def test_adopt_refuses_when_another_difference_was_accepted(target, live):
    live(*OTHER)
    digest = _difference(target)
    live(*OTHER[:-1])
    state = handmade.running(target, LEGACY)
    told = _told(ExitCode.DIFFERENCES, adoption.adopt, target, state, accept=digest)
    assert digest not in told


def test_adopt_accepts_no_part_of_a_difference_that_nobody_looked_at(target, live):
    table = ["table", "raw.more", "TABLE", "schema", "raw"]
    column = ["column", "raw.more.id", "integer", "table", "raw.more"]
    live(*TABLE, COLUMN, VIEW, table, column)
    digest = _difference(target)
    live(*TABLE, COLUMN, VIEW, table, ["column", "raw.more.id", "bigint", "table", "raw.more"])
    assert _difference(target) != digest


def test_adopt_has_privileges_given_first_when_the_roles_file_gives_them(target, live, monkeypatch):
    ours = ["owner", "view mart.daily", "sanbou_owner", "view", "mart.daily"]
    given = catalogue.parse("\n".join(map(json.dumps, [*TABLE, COLUMN, VIEW, ours])))
    monkeypatch.setattr(scratch, "expected", lambda *_, **__: given)
    told = _told(
        ExitCode.DIFFERENCES, adoption.adopt, target, handmade.running(target), accept=None
    )
    bootstrap = "inv db-bootstrap-roles --env local_dev"
    assert f"next:  {bootstrap}, then inv al-adopt --env local_dev; or inv al-adopt" in told


# Where it is

READERS = [
    migrations.downgrade,
    lambda *both: stamping.stamp(*both, revision=BASELINE),
    lambda *both: adoption.adopt(*both, accept=None),
    standing.current,
    standing.where,
]


@pytest.mark.parametrize("act", READERS)
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (handmade.absent, "there is no data directory at {}"),
        (handmade.stopped, "PostgreSQL 17 is stopped; its data is kept in {}"),
    ],
)
def test_without_a_running_server_the_next_command_starts_it(target, act, make, why):
    state = make(target)
    assert _told(ExitCode.UNREACHABLE, act, target, state) == (
        "error: local_dev: PostgreSQL is not running\n"
        "where: sanbou_dev\n"
        f"why:   {why.format(state.service.data)}\n"
        "next:  inv up --env local_dev"
    )


@pytest.mark.parametrize("act", READERS)
def test_without_the_database_the_next_command_creates_it(target, act):
    assert _told(ExitCode.UNREACHABLE, act, target, handmade.dropped(target)) == (
        "error: local_dev: there is no database sanbou_dev\n"
        "where: PostgreSQL 17 runs on port 24001\n"
        "why:   it was never created, or was dropped\n"
        "next:  inv up --env local_dev"
    )


@pytest.mark.parametrize("act", READERS)
def test_a_database_an_interrupted_restore_left_closed_is_opened_by_the_next_command(target, act):
    state = handmade.running(target, HEAD, is_open=False)
    assert _told(ExitCode.FAILED, act, target, state) == (
        "error: local_dev: the database sanbou_dev is closed\n"
        "where: PostgreSQL 17 runs on port 24001\n"
        "why:   a restore was interrupted while it swapped the databases; nothing is lost\n"
        "next:  inv up --env local_dev"
    )


def test_up_opens_a_closed_database_and_plans_the_rest_when_it_answers(target):
    runbook = migrations.upgrade(target, handmade.running(target, is_open=False))
    assert _titles(runbook) == ["open sanbou_dev again, closed by an interrupted restore"]
    assert runbook.continues


@pytest.mark.parametrize(
    ("versions", "place", "next_command"),
    [
        ((HEAD,), f"at {HEAD} (head)", ""),
        ((BASELINE,), f"at {BASELINE}", "inv al-up --env local_dev"),
        ((), "at no revision", "inv al-up --env local_dev"),
    ],
)
def test_where_says_the_place_and_what_follows(target, versions, place, next_command):
    conclusion = standing.where(target, handmade.running(target, *versions))
    assert conclusion.sentence == f"local_dev: {place}; 2 relations in 3 schemas"
    assert conclusion.next_command == next_command


@pytest.mark.parametrize(
    ("make", "versions", "at_head"),
    [
        (handmade.running, (HEAD,), True),
        (handmade.running, (BASELINE,), False),
        (handmade.running, (BASELINE, HEAD), False),
        (handmade.empty, (HEAD,), False),
    ],
)
def test_at_head_is_only_a_filled_database_with_just_the_heads_row(target, make, versions, at_head):
    assert standing.current(target, make(target, *versions)) == {
        "current": list(versions),
        "heads": [HEAD],
        "at_head": at_head,
    }


def test_the_history_is_newest_first_with_what_is_applied(target):
    found = standing.history(target, handmade.running(target, BASELINE))
    assert [(each["revision"], each["applied"], each["current"]) for each in found] == [
        (HEAD, False, False),
        (BASELINE, True, True),
    ]
    assert found[0]["title"] == f"Title of {HEAD}."


def test_the_history_is_shown_while_the_server_is_stopped(target):
    found = standing.history(target, handmade.stopped(target))
    assert [each["applied"] for each in found] == [False, False]
