"""An upgrade of a protected environment: a proven backup first, from a reviewed checkout."""

from __future__ import annotations

import json
import subprocess

import pytest
from conftest import make_project
from watching import HEAD, journal, refused, succeeded

from dbops.errors import ExitCode

VAULT = ("--env", "vault")
NEXT, LATER = "20260101_000000000", "20260102_000000000"
REVISION = '''\
"""Add a note."""

from alembic import op

revision = "{revision}"
down_revision = "{follows}"


def upgrade() -> None:
    op.execute("{statement}")


def downgrade() -> None:
    op.execute("ALTER TABLE ref.tax_rate DROP COLUMN note")
'''
ADDING = "ALTER TABLE ref.tax_rate ADD COLUMN note text"
FROZEN = '[{start: "2020-01-01T00:00:00Z", end: "2099-01-01T00:00:00Z", reason: year end}]'


def git(project, *words):
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
    command = ["git", "-C", str(project.directory), *who, *words]
    subprocess.run(command, check=True, capture_output=True)


def commit(project):
    git(project, "add", "--all")
    git(project, "commit", "--message", "as reviewed")


@pytest.fixture(scope="module")
def vault():
    """A protected environment at head, with a pending revision committed on main."""
    made = make_project()
    made.edit("environments.yaml", "{protected: true}", "{protected: true, branches: [main]}")
    (made.directory / ".gitignore").write_text(".dbops/\nbackups\n__pycache__/\n")
    git(made, "init", "--initial-branch", "main")
    commit(made)
    sure = ("--finish", "--force", "--confirm", "vault")
    succeeded(made.inv("db-init-from-snapshot", *VAULT, *sure))
    versions = made.directory / "migrations_v2" / "alembic" / "versions"
    text = REVISION.format(revision=NEXT, follows=HEAD, statement=ADDING)
    (versions / f"{NEXT}_add_a_note.py").write_text(text, encoding="utf-8")
    commit(made)
    yield made
    made.remove()


def manifests(project):
    return sorted((project.directory / "backups").glob("vault_*.json"))


def nothing_was_done(project):
    version = project.psql("SELECT version_num FROM public.alembic_version", env="vault")
    assert version == HEAD
    assert not manifests(project)


def test_an_edited_checkout_is_not_released(vault):
    stray = vault.directory / "stray.txt"
    stray.write_text("not reviewed")
    done = vault.inv("al-up", *VAULT)
    stray.unlink()
    assert "stray.txt" in refused(done, ExitCode.REFUSED, "vault: the checkout was edited")
    nothing_was_done(vault)


def test_an_edited_checkout_is_not_released_to_a_server_that_was_stopped_either(vault):
    stray = vault.directory / "stray.txt"
    stray.write_text("not reviewed")
    succeeded(vault.inv("down", *VAULT))
    done = vault.inv("al-up", *VAULT)
    stray.unlink()
    refused(done, ExitCode.REFUSED, "vault: the checkout was edited")
    nothing_was_done(vault)


def test_another_branch_is_not_released(vault):
    git(vault, "switch", "--create", "feature")
    done = vault.inv("al-up", *VAULT)
    git(vault, "switch", "main")
    refused(done, ExitCode.REFUSED, "vault: the checkout is at feature")
    nothing_was_done(vault)


def test_during_a_freeze_nothing_is_released(vault):
    vault.edit("environments.yaml", "branches: [main]", f"branches: [main], freezes: {FROZEN}")
    commit(vault)
    done = vault.inv("al-up", *VAULT)
    git(vault, "reset", "--hard", "HEAD~1")
    assert "year end" in refused(done, ExitCode.REFUSED, "vault is frozen until 2099")
    nothing_was_done(vault)


def test_a_pending_revision_that_al_lint_blocks_is_not_released(vault):
    versions = vault.directory / "migrations_v2" / "alembic" / "versions"
    blocked = versions / f"{LATER}_forget_rates.py"
    deleting = "DELETE FROM ref.tax_rate"
    text = REVISION.format(revision=LATER, follows=NEXT, statement=deleting)
    blocked.write_text(text, encoding="utf-8")
    commit(vault)
    done = vault.inv("al-up", *VAULT)
    git(vault, "reset", "--hard", "HEAD~1")
    why = refused(done, ExitCode.REFUSED, f"vault: al-lint blocks {LATER}")
    assert f"/{blocked.name}:10\nwhy:   delete-without-where: " in why
    assert why.endswith("lint-ignore: delete-without-where REASON")
    nothing_was_done(vault)


def test_when_the_backup_fails_nothing_is_upgraded(vault):
    (vault.directory / "backups").write_text("a file where the directory should be")
    done = vault.inv("al-up", *VAULT)
    (vault.directory / "backups").unlink()
    refused(done, ExitCode.FAILED, "vault: al-up stopped at: back up")
    nothing_was_done(vault)


def test_what_is_reviewed_is_released_after_a_proven_and_rehearsed_backup_of_the_same_run(vault):
    said = succeeded(vault.inv("al-up", *VAULT))
    version = vault.psql("SELECT version_num FROM public.alembic_version", env="vault")
    assert version == NEXT
    (manifest,) = manifests(vault)
    ended = journal(vault, "vault")[-1]
    assert json.loads(manifest.read_text())["revision"] == HEAD
    assert ended["backup"] == str(manifest.with_suffix(".dump"))
    assert ended["rehearsal"]["to"] == NEXT
    assert "rehearsed on the backup: 1 revision in " in said
    assert "note: al-lint: 1 revision judged for vault: nothing found" in said
    assert "nothing to do" in vault.inv("al-up", *VAULT).stderr
    assert manifests(vault) == [manifest]
