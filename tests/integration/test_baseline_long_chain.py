"""The baseline moved forward twice over a history of 120 revisions, as years of work leave one."""

from __future__ import annotations

import pytest
from advancing import ARCHIVE, VERSIONS, commit, git
from chains import REVISIONS, name, write_chain, write_models
from conftest import make_project
from watching import refused, succeeded

from dbops.errors import ExitCode

DEV, OLD, PAST, NEW = (("--env", f"local_{each}") for each in ("dev", "demo", "past", "new"))
MORE = "".join(
    f"  local_{each}:\n    database: {{name: sanbou_{each}}}\n" for each in ("past", "new")
)
FIRST, SECOND, LAST = name(100), name(110), REVISIONS[-1]
AT_OLD, AT_PAST = 60, 105
ROWS = ("--accept-rows", "raw.slip")


@pytest.fixture(scope="module")
def history():
    """A checkout whose local_dev is at the head, local_demo at 60 and local_past at 105."""
    made = make_project()
    try:
        made.edit("environments.yaml", "environments:\n", f"environments:\n{MORE}")
        write_models(made)
        for env, first, last in ((OLD, 1, AT_OLD), (PAST, AT_OLD + 1, AT_PAST), (DEV, 106, 118)):
            write_chain(made, range(first, last + 1))
            made.must("al-up", *env)
        (made.directory / ".gitignore").write_text(".dbops/\n__pycache__/\n", encoding="utf-8")
        git(made, "init", "--quiet", "--initial-branch=main")
        commit(made)
        yield made
    finally:
        made.remove()


def test_two_moves_over_a_long_history_leave_every_environment_a_way_to_the_head(history):
    before = advanced(history, FIRST)
    assert moved(history) == (102, 18)
    everything_works(history)

    # A new one, one before the new baseline and one past it.
    succeeded(history.inv("al-up", *NEW))
    same_as_new(history, DEV)
    helped(history, OLD, baseline=FIRST, by=before)
    same_as_new(history, OLD)
    assert f"{name(AT_PAST)}\n" in succeeded(history.inv("al-cur", *PAST))
    assert "no difference" in succeeded(history.inv("drift", *PAST))
    assert history.json("al-which", *PAST)["says"] == "right"

    # A second move on top; now the one past the first baseline is before the second.
    between = advanced(history, SECOND)
    assert moved(history) == (113, 8)
    everything_works(history)
    helped(history, PAST, baseline=SECOND, by=between)
    same_as_new(history, PAST)

    # A new one once more, from the second snapshot; who lags 60 revisions still finds the way.
    history.must("db-reset-volume", *OLD)
    succeeded(history.inv("al-up", *OLD))
    for env in (DEV, OLD):
        same_as_new(history, env)
    history.psql(f"UPDATE alembic_version SET version_num = '{name(AT_OLD)}'", env="local_demo")
    assert before in refused(history.inv("al-up", *OLD), ExitCode.REFUSED, "behind the baseline")


def advanced(project, revision):
    """Move the baseline to REVISION and commit that; return the commit before."""
    last = git(project, "rev-parse", "HEAD")
    told = refused(
        project.inv("baseline-advance", "--rev", revision), ExitCode.FAILED, "holds no rows"
    )
    assert "raw.slip\t" in told
    succeeded(project.inv("baseline-advance", "--rev", revision, *ROWS))
    commit(project)
    return last


def moved(project):
    """Return how many files are archived, and how many revisions follow the baseline."""
    archived, left = (list((project.directory / each).glob("*.py")) for each in (ARCHIVE, VERSIONS))
    return len(archived), len(left) - 1


def everything_works(project):
    """Run each command that reads the history, on the environment at its head."""
    assert succeeded(project.inv("baseline-verify", *DEV)).count("equal  ") == 3
    which = project.json("al-which", *DEV)
    assert (which["says"], which["revisions"]) == ("right", [LAST])
    assert f"{LAST} (head)" in succeeded(project.inv("al-cur", *DEV))
    told = succeeded(project.inv("al-hist", *DEV))
    assert "note:" not in told
    assert all(name(number) in told for number in range(111, 119))
    assert "no difference" in succeeded(project.inv("drift", *DEV))
    assert "judged" in succeeded(project.inv("al-lint", *DEV))
    assert "nothing to do" in succeeded(project.inv("al-up", *DEV))


def helped(project, env, *, baseline, by):
    """Have one that is behind told the commit that upgrades it, and upgrade it by that."""
    told = refused(project.inv("al-up", *env), ExitCode.REFUSED, f"behind the baseline {baseline}")
    assert told.endswith(f"git switch --detach {by}; inv al-up --env {env[1]}; git switch -")
    git(project, "switch", "--quiet", "--detach", by)
    succeeded(project.inv("al-up", *env))
    git(project, "switch", "--quiet", "-")
    assert "nothing to do" in succeeded(project.inv("al-up", *env))


def same_as_new(project, env):
    assert f"{LAST} (head)" in succeeded(project.inv("al-cur", *env))
    assert "no difference" in succeeded(project.inv("drift", *env))
    assert "no difference" in succeeded(project.inv("drift", *env, "--against", "local_new"))
