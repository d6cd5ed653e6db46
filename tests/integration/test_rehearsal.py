"""An upgrade is rehearsed on the fresh backup: what fails there leaves production as it was."""

from __future__ import annotations

import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from conftest import Project, _binaries, make_project
from watching import HEAD, contents, journal, refused, sleeping, succeeded, until

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

VAULT = ("--env", "vault")
ROWS = 200_000
REVISION = '''\
"""What this test releases."""

from alembic import op

revision = "{revision}"
down_revision = "{follows}"


def upgrade() -> None:
    op.execute("""{sql}""")


def downgrade() -> None:
    raise NotImplementedError
'''
UNIQUE = "CREATE UNIQUE INDEX job_run_job_name_key ON public.job_run (job_name)"
REWRITE = "ALTER TABLE public.job_run ADD COLUMN marked timestamptz DEFAULT clock_timestamp()"
BY_ROWS = """DO $$ BEGIN
    IF EXISTS (SELECT FROM public.job_run) THEN
        CREATE INDEX job_run_only_live_idx ON public.job_run (job_name);
    END IF; END $$"""
IGNORING = "  backend: embedded\n  drift: {ignore: ['table public.scratch_*']}\n"
# A dump restores with an empty search_path, where the function finds no table.
CHECKED = (
    "CREATE FUNCTION public.is_known() RETURNS boolean LANGUAGE plpgsql"
    " AS $$ BEGIN RETURN EXISTS (SELECT FROM job_run); END $$;"
    " CREATE TABLE public.checked (number int CHECK (public.is_known()));"
    " INSERT INTO public.checked VALUES (1)"
)


class Vault:
    """A protected environment with rows, and the releases it gets one after the other."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.head = HEAD
        self.count = 0

    @contextmanager
    def releasing(self, sql: str) -> Iterator[str]:
        """Commit a revision of SQL and yield its id; take it back unless it is applied."""
        self.count += 1
        revision = f"202601{self.count:02d}_000000000"
        text = REVISION.format(revision=revision, follows=self.head, sql=sql)
        file = self.project.directory / f"migrations_v2/alembic/versions/{revision}_released.py"
        file.write_text(text, encoding="utf-8")
        git(self.project, "add", "--all")
        git(self.project, "commit", "--message", "as reviewed")
        yield revision
        if self.version() == revision:
            self.head = revision
        else:
            git(self.project, "reset", "--hard", "HEAD~1")

    def up(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.project.inv("al-up", *VAULT, *words, **variables)

    def version(self) -> str:
        return self.project.psql("SELECT version_num FROM public.alembic_version", env="vault")

    def held(self) -> tuple[str, str]:
        """Return production and the names of all databases of its server."""
        databases = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database"
        return contents(self.project, "vault"), self.project.psql(databases, env="vault")

    def stopped(self, *words: str, **variables: str) -> str:
        """Assert that al-up fails and changes nothing; return what it said."""
        before = self.held()
        done = self.up(*words, **variables)
        assert self.held() == before
        assert "_rehearsal" not in before[1]
        return refused(done, ExitCode.FAILED, "vault: al-up stopped at: ")


def git(project: Project, *words: str) -> None:
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
    command = ["git", "-C", str(project.directory), *who, *words]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def vault() -> Iterator[Vault]:
    made = make_project()
    (made.directory / ".gitignore").write_text(".dbops/\nbackups\n__pycache__/\n")
    git(made, "init", "--initial-branch", "main")
    git(made, "add", "--all")
    git(made, "commit", "--message", "as reviewed")
    sure = ("--finish", "--force", "--confirm", "vault")
    succeeded(made.inv("db-init-from-snapshot", *VAULT, *sure))
    made.psql(
        f"INSERT INTO public.job_run (job_name) SELECT 'nightly' FROM generate_series(1, {ROWS})",
        env="vault",
    )
    yield Vault(made)
    made.remove()


def figures(vault: Vault) -> dict:
    return journal(vault.project, "vault")[-1]["rehearsal"]


def test_a_revision_that_fails_only_on_the_rows_of_production_is_stopped_in_rehearsal(vault):
    with vault.releasing(UNIQUE) as revision:
        said = vault.stopped()
    assert f"rehearse the upgrade to {revision} on the backup" in said
    assert f"revision {revision}: 23505 could not create unique index" in said
    assert "rehearsal: the upgrade of the restored backup failed; sanbou_vault was not" in said


def test_a_rewrite_that_takes_longer_than_a_statement_may_is_stopped_in_rehearsal(vault):
    with vault.releasing(f"SET LOCAL statement_timeout = '20ms'; {REWRITE}") as revision:
        said = vault.stopped()
    assert f"revision {revision}: 57014 " in said


def test_a_revision_that_leaves_another_schema_than_the_files_say_is_stopped(vault):
    with vault.releasing(BY_ROWS):
        said = vault.stopped()
    assert 'rehearsed: ["index", "public.job_run_only_live_idx", ' in said
    assert "rehearsal: the schema it leaves is not what the files say; " in said
    assert figures(vault)["drift"] == 0


def test_a_revision_that_fails_without_rows_is_stopped_before_the_backup_is_restored(vault):
    with vault.releasing("SELECT 1 / count(*) FROM public.job_run") as revision:
        said = vault.stopped()
    assert f"revision {revision}: 22012 division by zero" in said
    assert "rehearsal: the files alone do not make the expected schema; " in said


def test_a_backup_that_can_be_read_but_not_restored_stops_the_upgrade(vault):
    vault.project.psql(CHECKED, env="vault")
    with vault.releasing("SELECT 1"):
        said = vault.stopped()
    vault.project.psql("DROP TABLE public.checked; DROP FUNCTION public.is_known()", env="vault")
    assert 'pg_restore: error: COPY failed for table "checked": ' in said
    assert "rehearsal: the backup cannot be restored; sanbou_vault was not touched" in said


def test_without_room_for_a_second_copy_nothing_is_restored(vault, tmp_path):
    tmp_path.chmod(0o755)
    for each in _binaries().iterdir():
        (tmp_path / each.name).symlink_to(each)
    (tmp_path / "df").write_text("#!/bin/sh\necho head\necho disk 9 9 1 9% /\n")
    (tmp_path / "df").chmod(0o755)
    with vault.releasing("SELECT 1"):
        said = vault.stopped(DBOPS_POSTGRES_BIN=str(tmp_path))
    assert "see that there is room to restore sanbou_vault once more" in said
    assert "1 KiB are free in " in said


def test_an_interrupted_rehearsal_leaves_no_database_behind(vault):
    with vault.releasing("SELECT pg_sleep(count(*)) FROM public.job_run"):
        before = vault.held()
        running = vault.project.start("al-up", *VAULT)
        until(lambda: sleeping(vault.project, "vault"), "the rehearsed revision to sleep")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
        assert vault.held() == before
    assert running.returncode == ExitCode.INTERRUPTED


def test_only_full_schema_and_off_can_be_asked_for(vault):
    with vault.releasing("SELECT 1"):
        done = vault.up("--rehearse", "most")
    assert "'most' is no way to rehearse" in refused(done, ExitCode.USAGE, "rehearse")


def test_on_the_schema_alone_no_row_is_restored_and_none_is_in_the_way(vault):
    before = vault.held()
    with vault.releasing(UNIQUE) as revision:
        done = vault.up("--rehearse", "schema")
    said = refused(done, ExitCode.FAILED, f"al-up stopped at: upgrade to {revision}")
    assert "23505" in said
    assert "rehearsed on the backup's schema: 1 revision in " in done.stderr
    assert vault.held() == before
    assert figures(vault)["mode"] == "schema"


def test_what_is_not_rehearsed_is_said(vault):
    with vault.releasing("SELECT 1") as revision:
        done = vault.up("--rehearse", "off")
    assert "note: the upgrade is not rehearsed: --rehearse off" in succeeded(done)
    assert "room to restore" not in done.stderr
    assert vault.version() == revision


def test_a_rewrite_of_a_big_table_is_reported_with_its_bytes_and_its_lock(vault):
    size = int(vault.project.psql("SELECT pg_table_size('public.job_run')", env="vault"))
    with vault.releasing(REWRITE) as revision:
        said = succeeded(vault.up())
    found = figures(vault)
    (rewritten,) = found["rewrites"]
    held = {
        each["mode"]: each["seconds"] for each in found["locks"] if "pk" not in each["relation"]
    }
    assert rewritten["relation"] == "public.job_run"
    assert size > ROWS * 30
    assert size * 0.9 <= rewritten["bytes"] <= size * 1.1
    assert 0 < held["AccessExclusiveLock"] <= found["seconds"]
    assert [each["revision"] for each in found["revisions"]] == [revision]
    assert f"rewrites public.job_run, {rewritten['bytes']} bytes" in said
    assert "AccessExclusiveLock on public.job_run for " in said
    assert vault.version() == revision


def test_drift_that_was_there_before_is_told_and_does_not_stop_a_release(vault):
    by_hand = "CREATE INDEX by_hand_idx ON public.job_run (job_name)"
    vault.project.psql(by_hand, env="vault")
    with vault.releasing("CREATE TABLE public.added (number int)") as revision:
        said = succeeded(vault.up())
    assert "the live schema was not what the files say before: see drift" in said
    assert figures(vault)["drift"] == 1
    assert vault.version() == revision


def test_what_a_release_makes_of_drift_does_not_stop_it_nor_does_what_is_ignored(vault):
    vault.project.edit("environments.yaml", "  backend: embedded\n", IGNORING)
    git(vault.project, "commit", "--all", "--message", "scratch tables are nobody's matter")
    vault.project.psql(
        "CREATE TABLE public.by_hand (number int); CREATE TABLE public.scratch_1 (number int)",
        "ALTER TABLE public.job_run ADD COLUMN by_hand int",
        "GRANT SELECT ON public.job_run TO PUBLIC",
        env="vault",
    )
    grant = "GRANT REFERENCES ON ALL TABLES IN SCHEMA public TO PUBLIC"
    with vault.releasing(f"{grant}; ALTER TABLE public.job_run RENAME TO job_runs") as revision:
        succeeded(vault.up())
    assert vault.version() == revision
    with vault.releasing(BY_ROWS.replace("public.job_run", "public.job_runs")):
        said = vault.stopped()
    assert 'rehearsed: ["index", "public.job_run_only_live_idx", ' in said
    assert "by_hand" not in said
    assert "scratch" not in said


def test_an_unprotected_environment_is_rehearsed_when_that_is_asked_for(vault):
    vault.project.edit("environments.yaml", "guard: {protected: true}", "guard: {}")
    with vault.releasing("CREATE TABLE public.more (number int)"):
        plan = vault.project.json("al-up", *VAULT, "--plan")
        asked = vault.project.json("al-up", *VAULT, "--plan", "--rehearse", "full")
    titles = [each["title"].split()[0] for each in asked["steps"]]
    assert [each["title"].split()[0] for each in plan["steps"]] == ["bootstrap", "upgrade"]
    assert titles == ["back", "see", "rehearse", "bootstrap", "upgrade"]
