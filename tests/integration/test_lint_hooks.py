"""The hooks for al-lint, run by pre-commit and git themselves."""

from __future__ import annotations

import sys

import pytest
from advancing import VERSIONS, commit, git, write
from clones import BLOCKING, GOOD, HEAD, NEW, WHO, clone, run, variables, with_programs, write_new
from conftest import make_project

HOOK = "judge the revisions that are not committed yet"
OTHERS = """\
repos:
  - repo: {repo}
    rev: {rev}
    hooks:
      - id: al-lint
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout in which `pre-commit install` was typed."""
    made = clone(tmp_path_factory.mktemp("hooks") / "sanbou_app")
    done = precommit(made, "install")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(autouse=True)
def _clean(checkout):
    yield
    git(
        checkout, "reset", "--quiet", "--hard", git(checkout, "rev-list", "--max-parents=0", "main")
    )
    git(checkout, "clean", "--quiet", "--force", "-d")


def environment(project, **more):
    home = project.directory.parent / "pre-commit"
    return variables(PRE_COMMIT_HOME=str(home), PRE_COMMIT_COLOR="never", **more)


def precommit(project, *words, **more):
    command = (sys.executable, "-m", "pre_commit", *words)
    return run(project.directory, *command, environment=environment(project, **more))


def committing(project, *words):
    """Commit as a person does, with the hook that pre-commit installed."""
    command = ("git", *WHO, "commit", "--message=a revision", *words)
    done = run(project.directory, *command, environment=environment(project))
    return done.returncode, done.stdout + done.stderr


def test_a_good_revision_is_judged_and_committed(checkout):
    write_new(checkout, GOOD)
    git(checkout, "add", "--all")
    before = git(checkout, "rev-parse", "HEAD")
    code, told = committing(checkout)
    assert code == 0, told
    assert f"{HOOK}..." in told
    assert "Passed\n" in told
    assert git(checkout, "rev-parse", "HEAD~") == before


@pytest.mark.parametrize("words", [[], [f"{VERSIONS}/{NEW}_change.py"]])
def test_a_revision_that_blocks_is_not_committed_and_its_line_is_named(checkout, words):
    write_new(checkout, BLOCKING)
    git(checkout, "add", "--all")
    before = git(checkout, "rev-parse", "HEAD")
    code, told = committing(checkout, *words)
    assert code == 1, told
    assert "Failed\n- hook id: al-lint\n- exit code: 2\n" in told
    path = checkout.directory / VERSIONS / f"{NEW}_change.py"
    line = 1 + path.read_text(encoding="utf-8").splitlines().index(f"    op.execute({BLOCKING!r})")
    (found,) = (each for each in told.splitlines() if "drop-cascade" in each)
    assert f"{VERSIONS}/{NEW}_change.py:{line}" in found
    assert "mart.mv_receive_weekly" in found
    assert "1 revision judged" in told
    assert git(checkout, "rev-parse", "HEAD") == before


def test_what_is_only_in_the_working_tree_is_put_aside(checkout):
    write_new(checkout, GOOD)
    git(checkout, "add", "--all")
    write_new(checkout, BLOCKING)
    code, told = committing(checkout)
    assert code == 0, told
    assert "Passed\n" in told


def test_a_commit_in_a_worktree_judges_its_revisions(checkout):
    there = checkout.directory.parent / "worktree"
    git(checkout, "worktree", "add", "--quiet", "--detach", str(there))
    try:
        (there / ".venv").symlink_to(checkout.directory / ".venv")
        other = type(checkout)(there)
        write_new(other, BLOCKING)
        git(other, "add", VERSIONS)
        code, told = committing(other)
    finally:
        git(checkout, "worktree", "remove", "--force", str(there))
    assert code == 1, told
    assert "drop-cascade" in told


def test_a_commit_without_revisions_is_none_of_its_business(checkout):
    (checkout.directory / "README.md").write_text("other\n", encoding="utf-8")
    code, told = committing(checkout, "--all")
    assert code == 0, told
    assert "(no files to check)Skipped\n" in told


@pytest.mark.parametrize(("statement", "code"), [(GOOD, 0), (BLOCKING, 1)])
def test_another_project_takes_the_hook_from_this_one(checkout, tmp_path, statement, code):
    other = make_project(tmp_path)
    text = OTHERS.format(repo=checkout.directory, rev=git(checkout, "rev-parse", "HEAD"))
    (other.directory / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    git(other, "init", "--quiet")
    commit(other)
    write(other, NEW, HEAD, statement)
    git(other, "add", "--all")
    done = precommit(
        other,
        "run",
        DBOPS_ENVIRONMENTS=str(other.directory / "environments.yaml"),
        PATH=with_programs(tmp_path / "bin", inv=checkout.directory / "inv"),
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("drop-cascade" in done.stdout) is bool(code)
    assert HOOK in done.stdout
    assert ("Failed" if code else "Passed") in done.stdout
