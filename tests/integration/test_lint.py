"""al-lint on real revisions, written out by Alembic and judged by the real squawk, offline."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from conftest import make_project
from watching import HEAD, files, refused, succeeded

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
FOLDER = "migrations_v2/alembic/versions"
REVISION = """\
\"\"\"Lint me.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = "{parent}"
{head}

def upgrade() -> None:
{body}


def downgrade() -> None:
    raise NotImplementedError("a test")
"""
BODY_LINE = 1 + REVISION[: REVISION.index("{body}")].count("\n")


@pytest.fixture
def project():
    made = make_project()
    yield made
    made.remove()


def add(project, body, head="", identity="20260101_000000000", parent=HEAD):
    lines = "\n".join(f"    {line}" if line else "" for line in body.splitlines())
    text = REVISION.format(id=identity, parent=parent, head=head, body=lines)
    path = project.directory / FOLDER / f"{identity}_lint_me.py"
    path.write_text(text, encoding="utf-8")
    return f"{FOLDER}/{path.name}"


def lint(project, *words, code=0):
    done = project.inv("al-lint", *words, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def about(report, path):
    own = [each for each in report["findings"] if each["path"] == path]
    return {(each["rule"], each["line"] - BODY_LINE) for each in own}


def git(project, *words):
    options = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", "-C", project.directory, *options, *words], check=True, text=True)


def committed(project):
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "-A")
    git(project, "commit", "--quiet", "--message=start")


def test_a_project_is_judged_without_a_database_and_nothing_is_written(project):
    before = files(project)
    report = lint(project)
    assert (report["ok"], report["squawk"], report["linted"]) == (True, True, [HEAD])
    assert {each["rule"] for each in report["findings"]} == {"do-block"}
    assert files(project) == before


def test_each_finding_stands_at_the_line_that_wrote_it(project):
    path = add(
        project,
        'op.drop_column("item", "item_name", schema="ref")\n'
        'op.execute("DROP MATERIALIZED VIEW mart.mv_receive_daily CASCADE")\n'
        'op.execute("""\n'
        "    UPDATE ref.item SET item_id = 1;\n"
        "    REFRESH MATERIALIZED VIEW mart.mv_yard_daily;\n"
        '""")\n'
        'op.create_index("i", "item", ["item_id"], schema="ref", postgresql_concurrently=True)\n',
    )
    report = lint(project, code=ExitCode.DIFFERENCES)
    assert about(report, path) == {
        ("ban-drop-column", 0),
        ("drop-cascade", 1),
        ("ban-drop-view", 1),
        ("update-without-where", 3),
        ("refresh-without-concurrently", 4),
        ("ban-concurrent-index-creation-in-transaction", 6),
    }
    (lost,) = (each for each in report["findings"] if each["rule"] == "drop-cascade")
    assert "mart.mv_receive_weekly" in lost["message"]
    assert (lost["severity"], lost["blocking"]) == ("error", True)


def test_an_autocommit_block_is_known_to_be_outside_the_transaction(project):
    path = add(
        project,
        "with op.get_context().autocommit_block():\n"
        '    op.create_index("i", "item", ["id"], schema="ref", postgresql_concurrently=True)\n',
    )
    assert about(lint(project), path) == set()


def test_the_timeouts_of_the_run_count_and_one_that_is_switched_off_is_missed(project):
    body = 'op.create_index("i", "item", ["item_id"], schema="ref")\n'
    path = add(project, body)
    assert about(lint(project), path) == {("require-concurrent-index-creation", 0)}
    add(project, body, head='lock_timeout = "0"')
    found = {rule for rule, _ in about(lint(project), path)}
    assert found == {"require-concurrent-index-creation", "require-lock-timeout"}


def test_what_could_not_be_read_is_named_and_the_rest_is_judged(project):
    path = add(
        project,
        'op.execute("CREATE TABEL ref.x (i bigint)")\n'
        'op.drop_column("item", "item_name", schema="ref")\n'
        'for name in op.get_bind().execute(sa.text("SELECT 1")).scalars():\n'
        "    op.drop_table(name)\n",
    )
    after = add(
        project,
        'op.execute("DELETE FROM ref.item")\n',
        identity="20260102_000000000",
        parent="20260101_000000000",
    )
    report = lint(project, code=ExitCode.DIFFERENCES)
    unread = {("syntax-error", 0), ("not-rendered", 2)}
    assert about(report, path) == {*unread, ("ban-drop-column", 1)}
    assert ("delete-without-where", 0) in about(report, after)
    told = {each["severity"] for each in report["findings"] if each["rule"] == "not-rendered"}
    assert told == {"unlinted"}


def test_a_revision_is_judged_after_those_before_it(project):
    add(project, 'op.execute("CREATE VIEW mart.v_new AS SELECT 1 FROM mart.mv_yard_daily")\n')
    path = add(
        project,
        'op.execute("DROP MATERIALIZED VIEW mart.mv_yard_daily CASCADE")\n',
        identity="20260102_000000000",
        parent="20260101_000000000",
    )
    report = lint(project, code=ExitCode.DIFFERENCES)
    (found,) = (each for each in report["findings"] if each["rule"] == "drop-cascade")
    assert found["path"] == path
    assert "mart.v_new" in found["message"]


def test_what_has_a_reason_does_not_block_and_is_told(project):
    path = add(
        project,
        'op.execute("""\n'
        "    -- lint-ignore: delete-without-where the table is new\n"
        "    DELETE FROM ref.item;\n"
        '""")\n'
        'op.drop_column("item", "item_name", schema="ref")\n',
        head="# lint-ignore: ban-drop-column nobody reads it",
    )
    done = project.inv("al-lint")
    succeeded(done)
    assert "ban-drop-column" not in done.stdout
    assert "ignored  ban-drop-column: nobody reads it" in done.stderr
    reasons = {each["rule"]: each["reason"] for each in lint(project)["findings"]}
    assert reasons["delete-without-where"] == "the table is new"
    add(
        project,
        'op.execute("-- lint-ignore: delete-without-where\\nDELETE FROM ref.item")\n'
        'op.execute("DELETE FROM ref.item_category")\n',
    )
    found = about(lint(project, code=ExitCode.DIFFERENCES), path)
    assert {rule for rule, _ in found} == {"ignore-without-reason", "delete-without-where"}


def test_a_reason_in_sql_counts_for_that_sql_alone(project):
    path = add(
        project,
        'op.execute("DELETE FROM ref.item -- lint-ignore: delete-without-where it is empty")\n'
        'op.execute("DELETE FROM ref.unit_price")\n',
    )
    report = lint(project, code=ExitCode.DIFFERENCES)
    blocking = {each["line"] - BODY_LINE for each in report["findings"] if each["blocking"]}
    assert about(report, path) == {("delete-without-where", 0), ("delete-without-where", 1)}
    assert blocking == {1}


def test_an_environment_decides_what_blocks_and_what_is_left_out(project):
    add(project, 'op.drop_column("item", "item_name", schema="ref")\n')
    strict = "    guard: {protected: true}\n    lint: {blocking: [warning, unlinted]}\n"
    project.edit("environments.yaml", "    guard: {protected: true}\n", strict)
    project.edit("environments.yaml", "{name: sanbou_demo}", "{name: sanbou_demo}\n    lint:")
    project.edit(
        "environments.yaml",
        "    lint:\n",
        "    lint: {ignore: [ban-drop-column, do-block], blocking: [error, warning, unlinted]}\n",
    )
    assert lint(project, *DEV)["ok"]
    blocked = lint(project, "--env", "vault", code=ExitCode.DIFFERENCES)["findings"]
    assert {each["rule"] for each in blocked if each["blocking"]} == {"ban-drop-column", "do-block"}
    assert lint(project, "--env", "local_demo")["findings"] == []


def test_since_judges_what_was_added_or_changed_after_the_branch_was_left(project):
    path = add(project, 'op.execute("SELECT 1")\n')
    committed(project)
    assert lint(project, "--since", "main")["linted"] == []
    new = add(
        project,
        'op.execute("DELETE FROM ref.item")\n',
        identity="20260102_000000000",
        parent="20260101_000000000",
    )
    report = lint(project, "--since", "main", code=ExitCode.DIFFERENCES)
    assert report["linted"] == ["20260102_000000000"]
    assert about(report, new) == {("delete-without-where", 0)}
    git(project, "checkout", "--quiet", "-b", "feature")
    git(project, "add", "-A")
    git(project, "commit", "--quiet", "--message=new")
    (project.directory / path).write_text(
        (project.directory / path).read_text(encoding="utf-8") + "\n", encoding="utf-8"
    )
    report = lint(project, "--since", "main", code=ExitCode.DIFFERENCES)
    assert report["linted"] == ["20260101_000000000", "20260102_000000000"]


@pytest.mark.parametrize("base", ["no-such-branch", "--output=x"])
def test_a_base_that_git_does_not_know_is_refused(project, base):
    committed(project)
    before = files(project, leave_out=r"\.(git|dbops)/")
    told = refused(project.inv("al-lint", f"--since={base}"), ExitCode.USAGE, "git knows no commit")
    assert base in told
    assert files(project, leave_out=r"\.(git|dbops)/") == before


def test_annotations_name_file_and_line(project):
    path = add(project, 'op.execute("DELETE FROM ref.item")\n')
    done = project.inv("al-lint", "--format", "github")
    assert done.returncode == ExitCode.DIFFERENCES
    place = f"file={path},line={BODY_LINE},title=delete-without-where"
    assert f"::error {place}::this DELETE touches every row" in done.stdout
    assert all(re.match("::(error|warning|notice) ", each) for each in done.stdout.splitlines())
    refused(project.inv("al-lint", "--format", "html"), ExitCode.USAGE, "is no format")


def test_without_squawk_our_own_rules_still_run_and_the_exit_code_is_1(project, tmp_path):
    path = add(project, 'op.execute("DELETE FROM ref.item")\n')
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    script = "import sys; from invoke.main import program; program.run(exit=True)"
    words = [python, "-c", script, *project.command("al-lint", "--json")[3:]]
    packages = [each for each in sys.path if each.endswith("site-packages")]
    done = subprocess.run(
        words,
        env=project.variables(PYTHONPATH=":".join(packages), PATH="/usr/bin:/bin"),
        cwd=project.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert {("delete-without-where", 0), ("no-squawk", 1 - BODY_LINE)} <= about(report, path)
    assert (done.returncode, report["ok"], report["squawk"]) == (ExitCode.FAILED, False, False)
    assert "squawk is not installed" in done.stderr
    assert "--requirement requirements-lint.txt" in done.stderr


def test_only_what_the_database_has_not_yet_is_judged_when_it_is_asked(head):
    path = add(head, 'op.execute("DELETE FROM ref.item")\n')
    report = lint(head, "--pending", *DEV, code=ExitCode.DIFFERENCES)
    assert report["linted"] == ["20260101_000000000"]
    assert about(report, path) == {("delete-without-where", 0)}
    (head.directory / path).unlink()
    assert lint(head, "--pending", *DEV)["linted"] == []
