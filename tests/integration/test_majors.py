"""What makes, reads and compares a schema, on each PostgreSQL that is promised and not bundled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg2
import pytest
from conftest import Project, make_project
from schemas import read_catalogue
from servers import PINNED, binaries
from states import ROW, history, keep, renew, versions
from test_migrations_environment import execute
from watching import BASELINE, HEAD, LEGACY, rows, succeeded

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

DEV = ("--env", "local_dev")
BY_HAND = {
    "ALTER TABLE ref.customer ADD COLUMN by_hand text":
        ("unexpected", "column", "ref.customer.by_hand"),
    "DROP VIEW mart.v_slip_mismatch": ("missing", "view", "mart.v_slip_mismatch"),
    "ALTER TABLE ref.tax_rate ALTER COLUMN rate SET DEFAULT 0.1":
        ("unexpected", "default", "ref.tax_rate.rate"),
    "REVOKE SELECT ON ref.tax_rate FROM sanbou_readonly":
        ("missing", "grant", "table ref.tax_rate to sanbou_readonly"),
    "ALTER TABLE ref.site ALTER COLUMN prefecture DROP NOT NULL":
        ("missing", "not null", "ref.site.prefecture"),
}  # fmt: skip
SCRATCH = "SELECT datname FROM pg_database WHERE datname ~ '_dbops_'"


@dataclass(frozen=True)
class OnAnother(Project):
    """A project whose servers are made by other programs than the bundled ones."""

    binaries: Path | None = None

    def variables(self, **more: str) -> dict[str, str]:
        return super().variables(**{"DBOPS_POSTGRES_BIN": str(self.binaries), **more})


@pytest.fixture(scope="module", params=sorted(PINNED))
def kept(request):
    """A project whose local_dev was brought from nothing to head."""
    folder = binaries(request.param)
    made = OnAnother(make_project().directory, binaries=folder)
    try:
        told = succeeded(made.inv("al-up", *DEV))
        assert f"create the data directory, PostgreSQL {request.param}" in told
        made.psql(ROW)
        keep(made, "at_head")
        yield made
    finally:
        made.remove()


@pytest.fixture
def dev(kept):
    renew(kept, "at_head")
    return kept


def major(project):
    return int(project.psql("SHOW server_version_num")) // 10000


def drift(project):
    done = project.inv("drift", *DEV, "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["differences"]


def test_the_second_run_changes_nothing(dev):
    before = read_catalogue(dev.libpq()).sha256, history(dev)
    assert "nothing to do" in succeeded(dev.inv("al-up", *DEV))
    assert versions(dev) == [HEAD]
    succeeded(dev.inv("db-bootstrap-roles", *DEV))
    assert (read_catalogue(dev.libpq()).sha256, history(dev)) == before


def test_what_is_done_by_hand_is_drift_and_its_repair_ends_it(dev):
    assert drift(dev) == (ExitCode.OK, [])
    dev.psql(*BY_HAND)
    code, found = drift(dev)
    assert code == ExitCode.DIFFERENCES
    named = {(each["what"], each["kind"], each["identity"]) for each in found}
    assert named == set(BY_HAND.values())
    dev.psql(*(each["repair"] for each in found if each["repair"]))
    dev.psql("ALTER TABLE ref.customer DROP COLUMN by_hand")  # which no repair throws away
    assert drift(dev) == (ExitCode.OK, [])
    assert dev.psql(SCRATCH) == ""


def test_which_knows_the_revision_and_a_wrong_stamp(dev):
    assert dev.json("al-which", *DEV)["says"] == "right"
    dev.psql(f"UPDATE alembic_version SET version_num = '{LEGACY}'")
    done = dev.inv("al-which", *DEV)
    assert f"local_dev has the schema of {BASELINE}, {HEAD}, while it says" in done.stdout
    assert done.stderr.endswith(f"next: inv al-stamp --rev {HEAD} --env local_dev\n")


def test_a_legacy_database_is_adopted_with_its_rows(dev):
    dev.must("al-down", *DEV)
    dev.must("db-bootstrap-roles", *DEV)  # the grants that the downgrade took back
    dev.psql("DROP SCHEMA dbops CASCADE", f"UPDATE alembic_version SET version_num = '{LEGACY}'")
    succeeded(dev.inv("al-adopt", *DEV))
    assert versions(dev) == [BASELINE]
    assert history(dev) == [f"adopt|{BASELINE}|{LEGACY}"]
    assert rows(dev, "ref.tax_rate") == ["1"]


def test_a_backup_is_restored_and_holds_every_row(dev):
    assert "is proven" in succeeded(dev.inv("backup", *DEV))
    tested = succeeded(dev.inv("backups", *DEV, "--restore-test"))
    assert "was restored and holds every row" in tested


def test_a_table_that_lacks_rows_is_found_wherever_it_stands(dev):
    succeeded(dev.inv("backup", *DEV))
    manifest = max((dev.directory / "backups").glob("*.json"))
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    first = min(facts["rows"])
    facts["rows"][first] += 1
    manifest.write_text(json.dumps(facts, indent=2), encoding="utf-8")
    tested = dev.inv("backups", *DEV, "--restore-test")
    assert tested.returncode == ExitCode.FAILED, tested.stdout + tested.stderr
    assert first in tested.stderr


def test_a_backup_is_compressed(dev):
    dev.psql("CREATE TABLE raw.wide AS SELECT repeat('wide ', 200) FROM generate_series(1, 5000)")
    size = int(dev.psql("SELECT sum(octet_length(w::text)) FROM raw.wide AS w"))
    succeeded(dev.inv("backup", *DEV))
    dump = max((dev.directory / "backups").glob("*.dump"))
    assert dump.stat().st_size < size / 2


def test_snapshot_revisions_models_and_database_agree(dev):
    told = succeeded(dev.inv("baseline-verify", *DEV))
    assert told.count("equal  ") == 3
    # Before PostgreSQL 16 a view's columns are printed with their table.
    assert (f"PostgreSQL {major(dev)} prints views" in told) == (major(dev) < 16)
    assert dev.psql(SCRATCH) == ""


def test_what_the_refresher_cannot_do_before_maintain_is_said(dev):
    told = succeeded(dev.inv("db-bootstrap-roles", *DEV))
    limit = f", but sanbou_refresher may not refresh: PostgreSQL {major(dev)} lets only the owner"
    assert ("6 roles have their privileges" + limit * (major(dev) < 17)) in told
    assert ("may not refresh" in told) == (major(dev) < 17)
    refresher = {**dev.libpq(), "PGUSER": "sanbou_refresher"}
    if major(dev) < 17:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(refresher, "REFRESH MATERIALIZED VIEW mart.mv_yard_daily")
    else:
        execute(refresher, "REFRESH MATERIALIZED VIEW mart.mv_yard_daily")
    assert "11 of 11 materialized views are populated" in succeeded(dev.inv("mv-refresh", *DEV))
