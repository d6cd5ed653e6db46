"""A staging database is rebuilt beside the live one and swapped in, or the old one serves on."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from rig.vm_rig import CANARY
from watching import HEAD, PATIENCE_SECONDS, refused, succeeded, until

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.vm_rig import Rig

STG = ("-H", "stg")
REFRESH = (*STG, "refresh")
LIVE = "SELECT oid FROM pg_database WHERE datname = 'sanbou_stg'"
NAMES = "SELECT datname FROM pg_database WHERE datname LIKE 'sanbou%' ORDER BY 1"
MARK = "INSERT INTO ref.tax_rate VALUES ('1999-01-01', 0.050) ON CONFLICT DO NOTHING"
MARKED = "SELECT count(*) FROM ref.tax_rate WHERE valid_from = '1999-01-01'"
SETTINGS = (
    "ALTER DATABASE sanbou_stg SET work_mem = '7MB'",
    "ALTER DATABASE sanbou_stg SET search_path = public, \"odd, schema\", 'ref'",
    "ALTER ROLE sanbou_app IN DATABASE sanbou_stg SET statement_timeout = '9s'",
    "REVOKE CONNECT, TEMPORARY ON DATABASE sanbou_stg FROM PUBLIC",
    "GRANT CONNECT ON DATABASE sanbou_stg TO sanbou_readonly WITH GRANT OPTION",
    "ALTER DATABASE sanbou_stg OWNER TO sanbou_owner",
    "COMMENT ON DATABASE sanbou_stg IS 'the one that is watched'",
)
TOLD_OF_A_DATABASE = """\
SELECT pg_get_userbyid(datdba), datallowconn, shobj_description(d.oid, 'pg_database'), datcollate,
       datctype, datlocprovider, datlocale, pg_encoding_to_char(encoding),
       (SELECT array_agg(told ORDER BY told)
          FROM (SELECT format('%s %s %s', grantee, privilege_type, is_grantable) AS told
                  FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))) AS a),
       (SELECT array_agg(format('%s %s', setrole, setconfig) ORDER BY setrole)
          FROM pg_db_role_setting WHERE setdatabase = d.oid)
  FROM pg_database AS d WHERE datname = 'sanbou_stg'"""
UNPOPULATED = "SELECT count(*) FROM pg_class WHERE relkind = 'm' AND NOT relispopulated"
ASKING = """\
while [ ! -e /tmp/enough ]; do
    curl --silent --max-time 5 --output /dev/null --write-out '%{http_code} ' localhost:8000/health
    sleep 0.05
done
rm /tmp/enough
"""
BROKEN_REVISION = f'''\
"""A revision that fails half-way."""

from alembic import op

revision = "20260101_000000000"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.execute("CREATE TABLE ref.half (n int)")
    op.execute("SELECT 1 / 0")


def downgrade() -> None:
    op.execute("DROP TABLE ref.half")
'''
FREEZE = "{freezes: [{start: 2020-01-01T00:00:00Z, end: 2099-01-01T00:00:00Z, reason: year end}]}"
SEED = "sql/seed_stg.sql"
ROWS = "INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.100), ('2014-04-01', 0.080);\n"
SLOW = "SELECT pg_sleep(60);\n"
# Unlogged: the rows alone fill the disk, not the log of changes beside them.
HUGE = """\
CREATE UNLOGGED TABLE public.huge AS
SELECT repeat(md5(n::text), 200) AS filling FROM generate_series(1, 10000000) AS n;
"""


@pytest.fixture(scope="module")
def live(rig: Rig) -> Rig:
    """A rig whose staging is deployed, with settings of its own, and with a seed."""
    rig.laptop_machine.edit("# seed:", "seed:")
    succeeded(rig.laptop_run(*STG, "enroll"))
    succeeded(rig.laptop_run(*STG, "deploy"))
    rig.psql("vm_stg", *SETTINGS)
    bring(rig, {SEED: ROWS})
    return rig


@pytest.fixture
def served(live: Rig) -> Iterator[str]:
    """The live database's oid; it holds a row that no new database has."""
    live.psql("vm_stg", MARK)
    yield live.psql("vm_stg", LIVE)
    bring(live, {SEED: ROWS})


def bring(rig: Rig, files: dict[str, str]) -> None:
    """Commit FILES on top of the first commit, and bring the checkout of the VM there."""
    rig.rewind()
    rig.commit(files, "Something for staging")
    pull = "git fetch --quiet && git reset --quiet --hard origin/main"
    succeeded(rig.on("vm_stg", pull))


def databases(rig: Rig) -> list[str]:
    return rig.psql("vm_stg", NAMES, database="postgres").split()


def serves_on(rig: Rig, served: str) -> None:
    """Assert that the old database serves, with its row, and the application with it."""
    assert rig.psql("vm_stg", LIVE, MARKED).split() == [served, "1"]
    health = json.loads(rig.on("vm_stg", "curl --silent localhost:8000/health").stdout)
    assert health["current"] == [HEAD]


def replaced(rig: Rig, served: str) -> None:
    """Assert that a new database serves, alone, seeded and at head."""
    asked = (LIVE, MARKED, "SELECT count(*) FROM ref.tax_rate", UNPOPULATED)
    oid, *counts = rig.psql("vm_stg", *asked).split()
    assert oid != served
    assert counts == ["0", "2", "0"]
    assert databases(rig) == ["sanbou_stg"]
    assert succeeded(rig.on("vm_stg", "curl --fail localhost:8000/health"))


def containers(rig: Rig) -> str:
    asked = "docker inspect --format '{{.Id}} {{.State.StartedAt}}' $(docker ps --quiet) | sort"
    return succeeded(rig.on("vm_stg", asked))


@contextmanager
def slow(rig: Rig) -> Iterator[subprocess.Popen[str]]:
    """A refresh whose seed is being loaded, and takes its time."""
    bring(rig, {SEED: SLOW})
    laptop = rig.laptop_machine
    words = laptop.command(*REFRESH)
    process = subprocess.Popen(
        words,
        env=laptop.variables(),
        cwd=laptop.checkout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: sleeping(rig), "the seed to be loaded")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def sleeping(rig: Rig) -> str:
    asked = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    return rig.psql("vm_stg", asked, database="postgres")


def wake(rig: Rig, how: str) -> None:
    asked = f"SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    rig.psql("vm_stg", asked, database="postgres")


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    out, error = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def test_a_plan_changes_nothing_and_says_what_would_run(live: Rig, served: str):
    before = live.snapshot_of("vm_stg")
    done = live.laptop_run(*REFRESH, "--plan")
    assert "swap sanbou_stg_refreshing in as sanbou_stg" in succeeded(done)
    assert live.snapshot_of("vm_stg") == before
    serves_on(live, served)


def test_a_refresh_replaces_every_row_while_the_services_run_and_the_plan_is_what_runs(
    live: Rig, served: str
):
    planned = live.laptop_run(*REFRESH, "--plan").stdout
    before = containers(live), live.psql("vm_stg", TOLD_OF_A_DATABASE)
    asking = live.machines["vm_stg"].container
    asked = subprocess.Popen(
        ["docker", "exec", asking, "sh", "-c", ASKING], stdout=subprocess.PIPE, text=True
    )
    said = succeeded(live.laptop_run(*REFRESH))
    live.on("vm_stg", "touch /tmp/enough", user="root")
    answers = asked.communicate(timeout=PATIENCE_SECONDS)[0].split()
    replaced(live, served)
    assert f"vm_stg: rebuilt from the snapshot, at {HEAD} (head)" in said
    assert CANARY not in said
    assert (containers(live), live.psql("vm_stg", TOLD_OF_A_DATABASE)) == before
    assert answers[-1] == "200"
    assert answers.count("200") >= len(answers) - 2 > 20
    newest = 'cat "$(ls -d .dbops/vm_stg/runs/* | tail -n 1)/run.sh"'
    assert live.on("vm_stg", newest).stdout == planned


def test_a_second_refresh_works_without_home_and_with_standard_input_closed(live: Rig, served: str):
    laptop = live.laptop_machine
    closed = ("sh", "-c", 'unset HOME; exec "$@" <&-', "sh", *laptop.command(*REFRESH, "--json"))
    done = laptop.run(*closed)
    succeeded(done)
    told = json.loads(done.stdout)
    assert (told["ok"], told["changed"], told["at_head"]) == (True, True, True)
    replaced(live, served)


def test_stopped_services_are_started_and_the_database_is_then_rebuilt(live: Rig, served: str):
    live.compose("vm_stg", "down")
    succeeded(live.laptop_run(*REFRESH))
    replaced(live, served)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({SEED: f"{ROWS}INSERT INTO ref.tax_rate VALUES (NULL, 1);\n"}, "null value in column"),
        ({SEED: f"{ROWS}DROP TABLE public.alembic_version;\n"}, "alembic_version"),
        (
            {SEED: ROWS, "migrations_v2/alembic/versions/20260101_half.py": BROKEN_REVISION},
            "division by zero",
        ),
    ],
    ids=["a broken seed", "a seed that takes the version away", "a failing revision"],
)
def test_what_fails_leaves_the_old_database_serving_and_no_other(
    live: Rig, served: str, files: dict[str, str], why: str
):
    before = live.psql("vm_stg", TOLD_OF_A_DATABASE)
    bring(live, files)
    told = refused(live.laptop_run(*REFRESH), ExitCode.FAILED, "vm_stg: refresh stopped at: ")
    assert why in told
    serves_on(live, served)
    assert databases(live) == ["sanbou_stg"]
    assert live.psql("vm_stg", TOLD_OF_A_DATABASE) == before


def test_a_missing_seed_is_named_before_anything_runs(live: Rig, served: str):
    bring(live, {"sql/other.sql": ROWS})
    refused(live.laptop_run(*REFRESH), ExitCode.USAGE, "vm_stg: the seed file is missing")
    serves_on(live, served)


def test_an_application_that_is_not_well_on_the_new_database_gets_the_old_one_back(
    live: Rig, served: str
):
    before = live.psql("vm_stg", TOLD_OF_A_DATABASE)
    edits = (("8000/health", "8000/no"), ("timeout_seconds: 60", "timeout_seconds: 2"))
    for well, unwell in edits:
        live.laptop_machine.edit(well, unwell)
    try:
        done = live.laptop_run(*REFRESH)
    finally:
        for well, unwell in edits:
            live.laptop_machine.edit(unwell, well)
    assert "the old sanbou_stg serves again" in refused(done, ExitCode.FAILED, "swap sanbou_stg")
    serves_on(live, served)
    assert databases(live) == ["sanbou_stg"]
    assert live.psql("vm_stg", TOLD_OF_A_DATABASE) == before


def test_a_killed_run_leaves_the_old_database_serving_and_the_next_run_cleans_up(
    live: Rig, served: str
):
    with slow(live) as process:
        live.kill_runner("vm_stg", r"/runs/[^ ]*/(run|supervise)\.sh")
        # The step itself lives on and holds the lock: what follows waits for it.
        wake(live, "pg_cancel_backend")
        done = ended(process)
    refused(done, ExitCode.FAILED, "vm_stg: refresh ended without a result")
    serves_on(live, served)
    bring(live, {SEED: ROWS})
    succeeded(live.laptop_run(*REFRESH))
    replaced(live, served)


def test_a_lost_connection_is_69_and_the_refresh_goes_on(live: Rig, served: str):
    with slow(live) as process:
        live.kill_sessions("vm_stg")
        refused(ended(process), ExitCode.UNREACHABLE, "the connection was lost; the run goes on")
        busy = live.laptop_run(*REFRESH)
        wake(live, "pg_cancel_backend")
    assert "verb" not in refused(busy, ExitCode.LOCKED, "another command is changing this")
    told = live.laptop_run(*STG, "attach")
    assert told.returncode == ExitCode.FAILED
    serves_on(live, served)
    assert databases(live) == ["sanbou_stg"]


def test_a_rebooted_host_serves_the_old_database_and_the_next_run_cleans_up(live: Rig, served: str):
    with slow(live) as process:
        live.reboot("vm_stg")
        ended(process)
    live.start("vm_stg")
    serves_on(live, served)
    assert databases(live) == ["sanbou_stg", "sanbou_stg_refreshing"]
    bring(live, {SEED: ROWS})
    succeeded(live.laptop_run(*REFRESH))
    replaced(live, served)


def test_what_was_killed_between_the_swap_and_the_drop_is_cleaned_up(live: Rig, served: str):
    live.psql("vm_stg", "CREATE DATABASE sanbou_stg_replaced", database="postgres")
    live.psql(
        "vm_stg",
        "ALTER DATABASE sanbou_stg_replaced WITH ALLOW_CONNECTIONS false",
        database="postgres",
    )
    succeeded(live.laptop_run(*REFRESH))
    replaced(live, served)


def test_a_manual_lock_is_75_and_a_freeze_is_3(live: Rig, served: str):
    succeeded(live.laptop_run(*STG, "lock", "--message", "the acceptance test runs"))
    try:
        locked = live.laptop_run(*REFRESH)
    finally:
        succeeded(live.laptop_run(*STG, "unlock"))
    assert "the acceptance test runs" in refused(locked, ExitCode.LOCKED, "vm_stg is locked by")
    seed, frozen = f"seed: {SEED}", f"seed: {SEED}\n    guard: {FREEZE}\n    #"
    live.laptop_machine.edit(seed, frozen)
    try:
        refused(live.laptop_run(*REFRESH), ExitCode.REFUSED, "vm_stg is frozen until 2099")
    finally:
        live.laptop_machine.edit(frozen, seed)
    serves_on(live, served)


def test_whatever_says_production_is_refused(live: Rig, served: str):
    before = live.snapshot_of("vm_stg")
    setting = "ALTER DATABASE sanbou_stg SET dbops.environment = '{}'"
    live.psql("vm_stg", setting.format("vm_prod"))
    refused(live.laptop_run(*REFRESH), ExitCode.REFUSED, "the database says that it is vm_prod")
    live.psql("vm_stg", setting.format("vm_stg"))
    mark = "echo {} >.dbops/environment"
    live.on("vm_stg", mark.format("vm_prod"))
    refused(live.laptop_run(*REFRESH), ExitCode.REFUSED, "vm-stg says that it is vm_prod")
    live.on("vm_stg", mark.format("vm_stg"))
    live.laptop_machine.edit("aliases: [stg]", "aliases: [stg, production]")
    refused(live.laptop_run(*REFRESH), ExitCode.REFUSED, "vm_stg is never refreshed")
    live.laptop_machine.edit("aliases: [stg, production]", "aliases: [stg]")
    assert live.snapshot_of("vm_stg") == before
    serves_on(live, served)


def test_production_is_refused_enrolled_or_not_protected_or_not(live: Rig):
    asked = ("-H", "prod", "refresh")
    refused(live.laptop_run(*asked), ExitCode.REFUSED, "vm_prod: the host vm-prod does not say")
    sure = ("--force", "--confirm=vm_prod")
    succeeded(live.laptop_run("-H", "prod", "enroll", *sure))
    refused(live.laptop_run(*asked), ExitCode.REFUSED, "vm_prod is never refreshed")
    live.laptop_machine.edit("protected: true", "protected: false")
    try:
        refused(live.laptop_run(*asked), ExitCode.REFUSED, "vm_prod is never refreshed")
    finally:
        live.laptop_machine.edit("protected: false", "protected: true")
    assert not live.snapshot_of("vm_prod")["volumes"]


def test_an_unreachable_host_is_69(live: Rig):
    port = f"deploy@127.0.0.1:{live.port}"
    live.laptop_machine.edit(port, "deploy@127.0.0.1:1")
    try:
        done = live.laptop_run(*REFRESH)
    finally:
        live.laptop_machine.edit("deploy@127.0.0.1:1", port)
    refused(done, ExitCode.UNREACHABLE, "vm_stg")


def test_a_full_disk_leaves_the_old_database_serving_and_room_for_it(live: Rig):
    live.fresh("vm_stg")
    small = "--opt type=tmpfs --opt device=tmpfs --opt o=size=300m vm_stg_pgdata"
    succeeded(live.on("vm_stg", f"docker volume create {small}"))
    # A volume that is there already is a database that does not run, whatever it holds.
    for verb in ("enroll", "up", "deploy"):
        succeeded(live.laptop_run(*STG, verb))
    live.psql("vm_stg", MARK)
    served = live.psql("vm_stg", LIVE)
    bring(live, {SEED: HUGE})
    told = refused(live.laptop_run(*REFRESH), ExitCode.FAILED, f"stopped at: load {SEED}")
    assert "No space left on device" in told
    serves_on(live, served)
    assert databases(live) == ["sanbou_stg"]
    bring(live, {SEED: ROWS})
    succeeded(live.laptop_run(*REFRESH))
    replaced(live, served)
