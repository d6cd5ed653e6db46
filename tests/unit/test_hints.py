from __future__ import annotations

import shlex

import pytest
from invoke.collection import Collection
from invoke.tasks import task

from dbops import hints
from dbops.errors import ExitCode, UsageProblem
from fabfile import namespace as over_ssh


@task(auto_shortflags=False)
def al_up(c, env=None, plan=False):
    """Upgrade."""


@task(auto_shortflags=False)
def logs(c, env=None, lines=50, follow=False):
    """Show the log."""


@task(auto_shortflags=False)
def release(c, env=None, pull=True):
    """Release."""


@task
def check(c):
    """Check."""


@pytest.fixture(scope="module")
def namespace():
    return Collection(al_up, logs, release, check)


def _told(namespace, *words):
    with pytest.raises(UsageProblem) as raised:
        hints.check(["/x/bin/inv", *words], namespace)
    assert raised.value.code == ExitCode.USAGE
    return raised.value.message


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--list",
        "-l",
        "--version",
        "al-up",
        "al-up --env local_dev --plan",
        "al-up --env=local_dev",
        "al-up --plan --env x logs --lines 5 --follow",
        "logs --lines=5",
        "logs --env al-upp",
        "check al-up",
        "check -- anything --at all",
        "--search-root /x al-up",
        "-r /x al-up --env x",
        "--echo -d al-up",
        "-f invoke.yaml al-up",
        "--help",
        "--help al-up",
        "al-up -h",
        "-r /x --help al-up",
        "--complete -- inv al-u",
        "--print-completion-script bash",
    ],
)
def test_a_right_command_line_is_let_through(namespace, line):
    hints.check(["inv", *line.split()], namespace)


@pytest.mark.parametrize("program", ["/usr/bin/pytest", "-c", "/x/mypy/__main__.py"])
def test_another_program_is_let_through(namespace, program):
    hints.check([program, "al-upp"], namespace)


@pytest.mark.parametrize(
    "program",
    ["inv", "/x/bin/invoke", "/x/bin/fab", "/x/invoke/__main__.py", "/x/fabric/__main__.py"],
)
def test_every_way_to_start_invoke_and_fabric_is_known(namespace, program):
    with pytest.raises(UsageProblem):
        hints.check([program, "al-upp"], namespace)


@pytest.mark.parametrize("typed", ["al-upp", "al_up", "alup"])
def test_a_mistyped_command_gets_the_nearest_one(namespace, typed):
    assert _told(namespace, typed, "--env", "x") == (
        f"error: no command is called {typed!r}\n"
        "where: the command line\n"
        "why:   did you mean al-up?\n"
        "next:  inv --help al-up"
    )


@pytest.mark.parametrize("line", ["--help al-upp", "al-upp --help", "-h al-upp"])
def test_help_of_a_mistyped_command_gets_the_nearest_one(namespace, line):
    assert _told(namespace, *line.split()).endswith("\nnext:  inv --help al-up")


@pytest.mark.parametrize(
    ("words", "what", "why"),
    [
        (["al-up", "--env"], "--env needs a value", "nothing follows it"),
        (["logs", "--lines", "all"], "--lines takes a number from 0 up", "'all' is none"),
        (["logs", "--lines", "-5"], "--lines takes a number from 0 up", "'-5' is none"),
        (["logs", "--lines="], "--lines needs a value", "what follows it is empty"),
        (["al-up", "--env", " "], "--env needs a value", "what follows it is empty"),
    ],
)
def test_a_value_that_is_missing_or_no_number_is_told(namespace, words, what, why):
    assert _told(namespace, *words) == (
        f"error: {words[0]}: {what}\n"
        "where: the command line\n"
        f"why:   {why}\n"
        f"next:  inv --help {words[0]}"
    )


def test_a_command_like_no_other_leads_to_the_list(namespace):
    assert _told(namespace, "本番; x") == (
        "error: no command is called '本番; x'\n"
        "where: the command line\n"
        "why:   there are 4 commands\n"
        "next:  inv --list"
    )


@pytest.mark.parametrize("before", [["al-up"], ["al-up", "--plan"], ["check", "logs"]])
def test_an_environment_given_without_its_option_gets_the_option(namespace, before):
    assert _told(namespace, *before, "local_dev") == (
        f"error: {before[-1] if before[-1] == 'logs' else 'al-up'}: 'local_dev' stands alone\n"
        "where: the command line\n"
        "why:   an environment is given with --env\n"
        f"next:  inv {'logs' if before[-1] == 'logs' else 'al-up'} --env local_dev"
    )


def test_a_mistyped_second_command_gets_the_nearest_one(namespace):
    assert "why:   did you mean logs?" in _told(namespace, "al-up", "--env", "x", "loggs")


def test_a_mistyped_option_gets_the_nearest_one(namespace):
    assert _told(namespace, "logs", "--folow") == (
        "error: logs has no option --folow\n"
        "where: the command line\n"
        "why:   did you mean --follow?\n"
        "next:  inv --help logs"
    )


def test_an_option_like_no_other_is_told_those_there_are(namespace):
    told = _told(namespace, "logs", "--xyz=1")
    assert "error: logs has no option --xyz\n" in told
    assert "why:   its options are --env, --follow, --lines\n" in told


def test_a_command_without_options_says_so(namespace):
    assert "why:   its options are none\n" in _told(namespace, "check", "--env", "x")


def test_an_option_that_is_on_by_itself_can_be_turned_off(namespace):
    hints.check(["/x/bin/inv", "release", "--no-pull", "--env", "dev"], namespace)
    assert "has no option --no-env" in _told(namespace, "release", "--no-env")


@pytest.mark.parametrize(
    ("line", "what", "next_command"),
    [
        ("-H dev al-up --plan", "local_dev has no host", "inv al-up --plan --env local_dev"),
        ("-H stg,demo logs", "local_demo has no host", "inv logs --env local_demo"),
        ("-H dev deploy", "local_dev has no host", "fab -H ALIAS deploy"),
        ("-H dev", "local_dev has no host", "inv COMMAND --env local_dev"),
        (
            "-H stg al-rev --message 'x y'",
            "al-rev acts on this machine",
            "inv al-rev --message 'x y' --env local_dev",
        ),
        (
            "-H stg al-rev --message x --env=local_demo",
            "al-rev acts on this machine",
            "inv al-rev --message x --env=local_demo",
        ),
        (
            "-H stg schedule --plan",
            "schedule acts on this machine",
            "inv schedule --plan --env vm_stg",
        ),
        ("-H prod test --unit", "test acts on this machine", "inv test --unit"),
    ],
)
def test_what_is_no_command_for_that_host_is_told_as_it_is_typed_here(line, what, next_command):
    with pytest.raises(UsageProblem) as raised:
        hints.check(["/x/bin/fab", *shlex.split(line)], over_ssh)
    assert (raised.value.what, raised.value.next_command) == (what, next_command)
