"""The workflow for pull requests: its shape, and its steps run as GitHub's runner runs them."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml
from advancing import VERSIONS, commit, git
from clones import BLOCKING, GOOD, NEW, clone, python, run, variables, with_programs, write_new
from conftest import ROOT, Project

FILE = ".github/workflows/migrations.yml"
WORKFLOW = yaml.safe_load((ROOT / FILE).read_text(encoding="utf-8"))
(JOB,) = WORKFLOW["jobs"].values()
STEPS = JOB["steps"]
# What ${{ }} may ask here; GitHub has more.
CONTEXT = {"github.base_ref": "main", "github.ref": "refs/pull/7/merge"}
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")


def evaluated(text):
    return EXPRESSION.sub(lambda found: CONTEXT[found[1]], str(text))


def test_it_runs_for_pull_requests_that_touch_what_it_judges():
    # `on` is a boolean in YAML 1.1.
    (event,) = WORKFLOW[True].items()
    assert event[0] == "pull_request"
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--", *(f":(glob){each}" for each in event[1]["paths"])],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for pattern in event[1]["paths"]:
        start, _, end = pattern.partition("*")
        assert any(each.startswith(start) and each.endswith(end.strip("*")) for each in listed), (
            pattern
        )
    wanted = {FILE, "environments.yaml", "sql/schema_baseline.sql", "requirements-lint.txt"}
    assert wanted <= set(listed)
    assert any(each.startswith(f"{VERSIONS}/") for each in listed)


def test_it_may_only_read_and_cannot_hang():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in JOB
    assert 0 < JOB["timeout-minutes"] <= 15
    assert evaluated(WORKFLOW["concurrency"]["group"]) == "migrations-refs/pull/7/merge"


def test_its_actions_have_versions_and_the_checkout_has_the_history_and_no_token():
    used = [each["uses"] for each in STEPS if "uses" in each]
    assert [each.partition("@")[0] for each in used] == ["actions/checkout", "actions/setup-python"]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", each) for each in used)
    assert STEPS[0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    version = STEPS[1]["with"]["python-version"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={version}"' in project


def test_what_a_stranger_may_name_is_never_part_of_a_script():
    assert [each for each in STEPS if EXPRESSION.search(each.get("run", ""))] == []


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    """Where the pull requests are: main went on after their branches were left."""
    made = clone(tmp_path_factory.mktemp("upstream") / "sanbou_app", venv=False)
    left = git(made, "rev-parse", "HEAD")
    (made.directory / "README.md").write_text("main went on\n", encoding="utf-8")
    commit(made)
    for number, statement in ((1, GOOD), (2, BLOCKING)):
        git(made, "switch", "--quiet", "--detach", left)
        write_new(made, statement)
        head = commit(made)
        git(made, "switch", "--quiet", "--detach", "main")
        git(made, "merge", "--quiet", "--no-edit", head)
        git(made, "update-ref", f"refs/pull/{number}/merge", "HEAD")
    git(made, "switch", "--quiet", "main")
    return made


@pytest.fixture(scope="module")
def runner(upstream, tmp_path_factory):
    """A runner's workspace after the first steps: the requirements are really installed."""
    work = tmp_path_factory.mktemp("runner")
    made = Project(work / "sanbou_app")
    made.directory.mkdir()
    git(made, "init", "--quiet")
    git(made, "remote", "add", "origin", str(upstream.directory))
    path = with_programs(work / "bin", python=python())
    check_out(made, 1)
    done = step(made, work, path, next(each for each in STEPS if "run" in each))
    assert done.returncode == 0, done.stdout + done.stderr
    return lambda number: judged(made, work, path, number)


def check_out(project, number):
    """Do what actions/checkout does with `fetch-depth: 0`."""
    merge = f"+refs/pull/{number}/merge:refs/remotes/pull/{number}/merge"
    heads = "+refs/heads/*:refs/remotes/origin/*"
    git(project, "fetch", "--quiet", "--no-tags", "--prune", "origin", heads, merge)
    git(project, "checkout", "--quiet", "--force", f"refs/remotes/pull/{number}/merge")


def step(project, work, path, step):
    """Run a step of the workflow as GitHub does one that names no shell."""
    assert "shell" not in step
    script = work / "step.sh"
    script.write_text(evaluated(step["run"]), encoding="utf-8")
    own = {name: evaluated(value) for name, value in step.get("env", {}).items()}
    told = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_BASE_REF": "main",
        "GITHUB_WORKSPACE": str(project.directory),
        "PATH": path,
    }
    return run(project.directory, "bash", "-e", str(script), environment=variables(**told, **own))


def judged(project, work, path, number):
    """Check out a pull request and run the steps that remain."""
    check_out(project, number)
    _, *rest = (each for each in STEPS if "run" in each)
    (last,) = rest
    return step(project, work, path, last)


def test_a_pull_request_with_a_good_revision_passes(runner):
    done = runner(1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "::error" not in done.stdout
    assert "1 revision judged" in done.stderr


def test_a_pull_request_with_a_revision_that_blocks_fails_beside_its_line(runner, upstream):
    done = runner(2)
    assert done.returncode == 2, done.stdout + done.stderr
    path = f"{VERSIONS}/{NEW}_change.py"
    text = git(upstream, "show", f"refs/pull/2/merge:{path}").splitlines()
    line = 1 + text.index(f"    op.execute({BLOCKING!r})")
    errors = [each for each in done.stdout.splitlines() if each.startswith("::error")]
    (found,) = errors
    assert found.startswith(f"::error file={path},line={line},title=drop-cascade::")
    assert "mart.mv_receive_weekly" in found
    assert all(
        re.match("::(error|warning|notice) file=", each) for each in done.stdout.splitlines()
    )
