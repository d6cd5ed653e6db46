"""A deploy to production is rehearsed there first, on the backup it has just taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from releases import VERSIONS, Fab, newest_run, version
from watching import HEAD, refused

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from rig.vm_rig import Rig

DEPLOY = ("-H", "prod", "deploy", "--confirm=vm_prod")
NEXT = "20260101_000000000"
REVISION = f'''\
"""No job twice."""

from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.execute("CREATE {{kind}} job_run_job_name_idx ON public.job_run (job_name)")


def downgrade() -> None:
    op.execute("DROP INDEX public.job_run_job_name_idx")
'''
TWICE = "INSERT INTO public.job_run (job_name) VALUES ('nightly'), ('nightly')"


@pytest.fixture(scope="module")
def production(rig: Rig) -> Fab:
    fab = Fab(rig)
    fab.enroll("prod")
    fab.deploy("prod")
    rig.psql("vm_prod", TWICE)
    return fab


def release(rig: Rig, kind: str) -> None:
    rig.commit({f"{VERSIONS}/{NEXT}_no_job_twice.py": REVISION.format(kind=kind)}, "No job twice")


def journaled(rig: Rig) -> dict:
    text = rig.on("vm_prod", "cat .dbops/vm_prod/journal.jsonl").stdout
    return json.loads(text.splitlines()[-1])


def test_what_fails_on_the_rows_of_production_leaves_database_and_services_as_they_were(
    rig: Rig, production: Fab
):
    release(rig, "UNIQUE INDEX")
    before = rig.snapshot_of("vm_prod")
    done = production(*DEPLOY)
    after = rig.snapshot_of("vm_prod")
    said = refused(done, ExitCode.FAILED, "deploy stopped at: rehearse the upgrade to ")
    assert f"revision {NEXT}: 23505 could not create unique index" in said
    assert "sanbou_prod was not touched" in said
    assert [after[each] for each in ("database", "containers")] == [
        before[each] for each in ("database", "containers")
    ]
    assert version(rig, "vm_prod") == HEAD


def test_what_went_well_in_rehearsal_is_released_and_its_figures_are_in_the_journal(
    rig: Rig, production: Fab
):
    release(rig, "INDEX")
    said = production.deploy("prod")
    entry = journaled(rig)
    found = entry["rehearsal"]
    databases = rig.psql("vm_prod", "SELECT count(*) FROM pg_database WHERE datname ~ 'rehearsal'")
    assert version(rig, "vm_prod") == NEXT
    assert databases == "0"
    assert found == json.loads(newest_run(rig, "vm_prod", "rehearsal.json"))
    assert [each["revision"] for each in found["revisions"]] == [NEXT]
    assert (found["mode"], found["drift"], found["rewrites"]) == ("full", 0, [])
    assert "rehearsed on the backup: 1 revision in " in said
