"""What somebody changed by hand is told, with its repair; looking at it changes nothing."""

from __future__ import annotations

import json
import os
import signal

import pytest
from conftest import DATABASES
from states import keep, renew
from watching import BASELINE, HEAD, contents, refused, sleeping, until

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
REVISION = f"migrations_v2/alembic/versions/{HEAD}_grant_comprehensive_permissions.py"
BY_HAND = (
    "ALTER TABLE ref.customer ADD COLUMN by_hand text",
    "DROP VIEW mart.v_slip_mismatch",
    "ALTER TABLE ref.tax_rate ALTER COLUMN rate SET DEFAULT 0.1",
    "CREATE INDEX by_hand ON ref.tax_rate (rate)",
    "REVOKE SELECT ON ref.tax_rate FROM sanbou_readonly",
    "COMMENT ON TABLE ref.site IS 'changed by hand'",
)
FOUND = {
    ("unexpected", "column", "ref.customer.by_hand"): "data",
    ("missing", "view", "mart.v_slip_mismatch"): "queries",
    ("missing", "grant", "table ref.tax_rate to sanbou_readonly"): "queries",
    ("unexpected", "default", "ref.tax_rate.rate"): "integrity",
    ("unexpected", "index", "ref.by_hand"): "speed",
    ("changed", "comment", "table ref.site"): "note",
}


@pytest.fixture(scope="module")
def kept(head):
    keep(head, "at_head")
    return head


@pytest.fixture
def dev(kept):
    renew(kept, "at_head")
    return kept


def drift(project, *words):
    """Return what drift finds, as data, after a look at its exit code."""
    done = project.inv("drift", *DEV, "--json", *words)
    found = json.loads(done.stdout)
    differs = ExitCode.DIFFERENCES if found["differences"] else ExitCode.OK
    assert done.returncode == differs, done.stderr
    return found


def named(found):
    return [(each["what"], each["kind"], each["identity"]) for each in found["differences"]]


def databases(project):
    return project.psql("SELECT datname FROM pg_database ORDER BY 1", database="postgres").split()


def test_at_head_nothing_differs(dev):
    done = dev.inv("drift", *DEV)
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stdout.startswith("local_dev: no difference; ")
    assert done.stdout.endswith(f" objects compared with the files, at {HEAD}\n")


def test_what_was_changed_by_hand_is_told_the_worst_first(dev):
    dev.psql(*BY_HAND)
    found = drift(dev)
    assert {each: FOUND.get(each) for each in named(found)} == FOUND
    order = ["data", "queries", "integrity", "access", "speed", "note"]
    severities = [order.index(each["severity"]) for each in found["differences"]]
    assert severities == sorted(severities)
    text = dev.inv("drift", *DEV)
    assert text.returncode == ExitCode.DIFFERENCES
    assert "missing    view mart.v_slip_mismatch  [queries]\n" in text.stdout
    assert "    repair: DROP INDEX ref.by_hand;\n" in text.stdout
    again = text.stdout.partition("\n-- the repairs again, in an order in which they can be run\n")[
        2
    ]
    repairs = {each["repair_order"]: each["repair"] for each in found["differences"]}
    assert again.startswith("\n".join(repairs[each] for each in sorted(repairs) if each))
    assert text.stdout.rpartition("\nlocal_dev: ")[2].startswith("6 differences; ")


def test_what_is_offered_repairs_it(dev):
    dev.psql(*(each for each in BY_HAND if "ADD COLUMN" not in each))
    repairs = [each["repair"] for each in drift(dev)["differences"]]
    assert all(repairs)
    dev.psql(*repairs)
    assert named(drift(dev)) == []


def test_what_holds_rows_is_never_offered_to_be_dropped(dev):
    dev.psql("ALTER TABLE ref.customer ADD COLUMN by_hand text", "CREATE TABLE raw.by_hand ()")
    found = drift(dev)["differences"]
    assert [(each["identity"], each["repair"]) for each in found] == [
        ("ref.customer.by_hand", ""),
        ("raw.by_hand", ""),
    ]


def test_a_pattern_of_the_environment_hides_what_belongs_to_somebody_else(dev):
    dev.psql("CREATE SCHEMA reports CREATE TABLE daily (id integer)", *BY_HAND[-1:])
    assert ("unexpected", "schema", "reports") in named(drift(dev))
    dev.edit(
        "environments.yaml",
        "    database: {name: sanbou_dev}\n",
        "    database: {name: sanbou_dev}\n"
        "    drift: {ignore: [reports, 'comment table ref.site']}\n",
    )
    try:
        assert named(drift(dev)) == []
    finally:
        dev.edit(
            "environments.yaml", "    drift: {ignore: [reports, 'comment table ref.site']}\n", ""
        )


def test_pending_revisions_are_no_drift(dev):
    path = dev.directory / "migrations_v2" / "alembic" / "versions" / "29990101_000000000_next.py"
    path.write_text(
        '"""Next."""\nfrom alembic import op\n'
        'revision = "29990101_000000000"\n'
        f'down_revision = "{HEAD}"\n'
        'def upgrade():\n    op.execute("CREATE TABLE raw.next ()")\n',
        encoding="utf-8",
    )
    try:
        assert named(drift(dev)) == []
    finally:
        path.unlink()


def test_a_database_is_compared_with_an_exported_catalogue(dev, tmp_path):
    file = tmp_path / "before.catalogue"
    exported = dev.json("drift", *DEV, "--export", str(file))
    assert drift(dev, "--against", str(file))["sha256"] == exported["sha256"]
    dev.psql("DROP VIEW mart.v_slip_mismatch")
    found = drift(dev, "--against", str(file))
    assert named(found) == [("missing", "view", "mart.v_slip_mismatch")]
    assert found["against"] == str(file)
    file.write_text(file.read_text(encoding="utf-8").replace("integer", "bigint"), encoding="utf-8")
    done = dev.inv("drift", *DEV, "--against", str(file))
    refused(done, ExitCode.USAGE, "this is no catalogue that can be compared with")


def test_a_file_needs_no_suffix_where_no_environment_is_called_so(dev):
    for name in ("before", "demo"):
        dev.must("drift", *DEV, "--export", name)
    assert drift(dev, "--against", "before")["against"] == "before"
    done = dev.inv("drift", *DEV, "--against", "demo")
    refused(done, ExitCode.UNREACHABLE, "local_demo: PostgreSQL is not running")
    told = refused(
        dev.inv("drift", *DEV, "--against", "befor"),
        ExitCode.USAGE,
        "'befor' is not an environment, and there is no such file",
    )
    assert f"environments.yaml, {dev.directory}\n" in told
    assert told.endswith("next:  inv drift --env local_dev --against local_dev, or --against FILE")


def test_a_database_is_compared_with_another_environment(dev):
    dev.must("al-up", "--env", "local_demo")
    try:
        dev.psql("CREATE TABLE raw.by_hand ()")
        found = drift(dev, "--against", "demo")
        assert found["against"] == "local_demo"
        assert named(found) == [("unexpected", "table", "raw.by_hand")]
    finally:
        dev.must("down", "--env", "local_demo")


def test_without_a_version_another_command_tells_which_one_it_is(dev):
    dev.psql("DROP TABLE alembic_version")
    told = refused(
        dev.inv("drift", *DEV), ExitCode.FAILED, "local_dev: the database has no version"
    )
    assert told.endswith("next:  inv al-which --env local_dev")


def test_a_missing_role_is_not_made_by_a_look(dev):
    dev.edit("environments.yaml", "readonly: sanbou_readonly", "readonly: sanbou_reader")
    try:
        done = dev.inv("drift", *DEV)
        told = refused(done, ExitCode.FAILED, "local_dev: roles are missing")
        assert "sanbou_reader" in told
    finally:
        dev.edit("environments.yaml", "readonly: sanbou_reader", "readonly: sanbou_readonly")
    roles = dev.psql("SELECT rolname FROM pg_roles WHERE rolname = 'sanbou_reader'")
    assert roles == ""


@pytest.fixture
def revision(dev):
    """Add a statement to the newest revision: its schema is not built yet then."""
    path = dev.directory / REVISION
    text = path.read_text(encoding="utf-8")

    def run(statement):
        begin = "def upgrade() -> None:\n"
        assert begin in text
        changed = text.replace(begin, f'{begin}    op.execute("{statement}")\n')
        path.write_text(changed, encoding="utf-8")

    yield run
    path.write_text(text, encoding="utf-8")


def test_nothing_of_the_cluster_and_of_the_live_database_is_changed(dev, revision):
    revision("SELECT 1")
    before, there = contents(dev), databases(dev)
    assert named(drift(dev)) == []
    assert (contents(dev), databases(dev)) == (before, there)


def test_a_schema_that_cannot_be_built_is_told_and_leaves_nothing_behind(dev, revision):
    revision("SELECT 1 / 0")
    there = databases(dev)
    done = dev.inv("drift", *DEV)
    told = refused(done, ExitCode.FAILED, "local_dev: the expected schema cannot be built")
    assert "division by zero (SQLSTATE 22012)" in told or "22012" in told
    assert databases(dev) == there


def test_two_looks_at_once_do_not_meet_and_an_interrupted_one_leaves_nothing(dev, revision):
    revision("SELECT pg_sleep(120)")
    there = databases(dev)
    first = dev.start("drift", *DEV)
    until(lambda: sleeping(dev), "the expected schema to be built")
    told = refused(dev.inv("drift", *DEV), ExitCode.LOCKED, "another comparison is building")
    assert f"{DATABASES['local_dev']}_dbops_scratch" in told
    os.killpg(first.pid, signal.SIGINT)
    _, error = first.communicate(timeout=60)
    assert first.returncode == ExitCode.INTERRUPTED, error
    assert "Traceback" not in error
    assert databases(dev) == there


def test_of_looks_that_begin_together_one_builds_and_the_others_are_refused(dev, revision):
    revision("SELECT pg_sleep(2)")
    there = databases(dev)
    looks = [dev.start("drift", *DEV) for _ in range(3)]
    for each in looks:
        each.communicate(timeout=120)
    codes = sorted(each.returncode for each in looks)
    assert codes == [ExitCode.OK, ExitCode.LOCKED, ExitCode.LOCKED]
    assert databases(dev) == there


def test_what_a_role_may_do_is_of_the_cluster_and_not_of_the_files(dev):
    assert named(drift(dev)) == []
    try:
        dev.psql("ALTER ROLE sanbou_readonly CREATEDB", "GRANT sanbou_owner TO sanbou_readonly")
        assert named(drift(dev)) == []
    finally:
        dev.psql(
            "ALTER ROLE sanbou_readonly NOCREATEDB", "REVOKE sanbou_owner FROM sanbou_readonly"
        )
    assert named(drift(dev)) == []


def test_what_a_killed_look_left_behind_is_made_anew_once_it_is_old(dev, revision):
    name = f"{DATABASES['local_dev']}_dbops_scratch"
    dev.psql(f"CREATE DATABASE {name}", database="postgres")
    revision("SELECT 2")
    long_ago = f"ALTER DATABASE {name} SET dbops.scratch_since = '2020-01-01 00:00:00+00'"
    dev.psql(long_ago, database="postgres")
    assert named(drift(dev)) == []
    assert name not in databases(dev)


def test_a_damaged_copy_of_what_is_expected_is_built_anew(dev):
    for each in (dev.directory / ".dbops" / "local_dev" / "cache").glob("*.catalogue"):
        each.write_text("cut", encoding="utf-8")
    assert named(drift(dev)) == []


def test_a_database_made_again_with_another_locale_is_compared_with_one_like_it(dev):
    assert named(drift(dev)) == []
    dev.psql(
        "DROP DATABASE sanbou_dev WITH (FORCE)",
        "CREATE DATABASE sanbou_dev TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'",
        "ALTER DATABASE sanbou_dev SET dbops.environment = 'local_dev'",
        database="postgres",
    )
    dev.must("al-up", *DEV)
    assert named(drift(dev)) == []


def test_at_the_baseline_the_roles_belong_to_what_is_expected(dev):
    dev.must("al-down", *DEV)
    dev.must("db-bootstrap-roles", *DEV)
    assert drift(dev)["versions"] == [BASELINE]
