from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbops import events, locking, runner
from dbops.errors import ExitCode, Locked, Problem
from dbops.runbook import Runbook, Step

ROOT = Path(__file__).parents[2]
HOLDER = {"verb": "al-up", "who": "田中@host", "since": "2026-01-02T03:04:05Z"}
HOSTILE = 'it\'s "$(touch x)" `id`; 本番\n\\n %s *'
# libpq's variables that choose a server, how to get in, or how values read (manual, 32.15).
LIBPQ = [
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGREQUIREAUTH",
    "PGCHANNELBINDING",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSSLMODE",
    "PGREQUIRESSL",
    "PGSSLNEGOTIATION",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLROOTCERT",
    "PGREQUIREPEER",
    "PGGSSENCMODE",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGDATESTYLE",
    "PGTZ",
    "PGGEQO",
]

# Runs the runbook of one step per command, as a process of its own, and prints how it ended.
STARTER = """
import json, sys
from pathlib import Path
from dbops import locking, runner
from dbops.runbook import Runbook, Step
home = Path(sys.argv[1])
steps = tuple(Step(title=each, command=each, group=sys.argv[2]) for each in sys.argv[3:])
book = Runbook(verb="try", environment="here", steps=steps)
holder = {"verb": "try", "who": "me", "since": "now"}
with locking.hold(home / "lock", holder, wait_seconds=60, waiting=print) as lock:
    run = runner.run(book, home / "run", lock=lock, environment={}, watch=lambda event: None)
print(json.dumps({"code": run.code, "failed": run.failed, "log": run.log}))
"""


def _step(command, verify="", group="", title=None):
    title = command if title is None else title
    return Step(title=title, command=command, verify=verify, group=group)


def _hold(home, wait_seconds=0.0, waiting=lambda _: None):
    return locking.hold(home / "lock", HOLDER, wait_seconds=wait_seconds, waiting=waiting)


def _run(home, *steps, environment=None, watch=lambda _: None):
    book = Runbook(verb="try", environment="here", steps=steps)
    with _hold(home) as lock:
        return runner.run(book, home / "run", lock=lock, environment=environment or {}, watch=watch)


def _order(run):
    return [(each.kind, each.step) for each in run.events]


def _until(path):
    return f"until [ -e {path} ]; do sleep 0.02; done"


def _wait_for(path):
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


@contextmanager
def _started(home, *commands, group=""):
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home), group, *commands],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    with starter:
        try:
            yield starter
        finally:
            starter.kill()  # the script itself goes on


def _ended(starter):
    return json.loads(starter.communicate(timeout=20)[0].splitlines()[-1])


@pytest.mark.parametrize(
    ("out", "error", "line"),
    [
        ("a\nb\n", "\n", "b"),
        ("a\n", "warning\nfatal: no\n\n", "fatal: no"),
        ("", " \n", "it said nothing and ended with 7"),
    ],
)
def test_the_last_line_of_an_answer_is_that_of_its_errors_where_there_are_any(out, error, line):
    assert runner.Answer(code=7, out=out, error=error).last_line == line


# Steps and events


def test_steps_run_in_order_and_each_reports_its_beginning_and_its_end(tmp_path):
    run = _run(tmp_path, _step("echo 1 >>said"), _step("echo 2 >>said"))
    assert run.code == 0
    assert _order(run) == [("begin", 1), ("end", 1), ("begin", 2), ("end", 2), ("done", 0)]
    assert events.is_done(tmp_path / "run")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_every_event_is_seen_as_it_happens_with_signs_of_life_between(tmp_path):
    seen = []
    run = _run(tmp_path, _step("sleep 0.1"), watch=seen.append)
    assert tuple(each for each in seen if each.kind != "wait") == run.events
    assert "wait" in {each.kind for each in seen}


def test_a_failing_step_stops_the_rest_and_only_its_own_log_is_returned(tmp_path):
    run = _run(
        tmp_path,
        _step("echo before"),
        _step("echo out; echo error >&2; exit 7", title="the bad one"),
        _step("touch never"),
    )
    assert (run.code, run.failed, run.log) == (7, "the bad one", "out\nerror")
    assert not Path("never").exists()
    assert not events.is_done(tmp_path / "run")


def test_a_step_stops_at_its_first_failing_line(tmp_path):
    run = _run(tmp_path, _step("false\ntouch never"))
    assert run.code == 1
    assert not Path("never").exists()


def test_a_step_whose_verification_fails_has_failed(tmp_path):
    run = _run(tmp_path, _step("true", verify="echo not there; exit 3"), _step("touch never"))
    assert (run.code, run.log) == (3, "not there")
    assert not Path("never").exists()


def test_a_verification_runs_after_its_command_in_the_same_shell(tmp_path):
    assert _run(tmp_path, _step("found=it", verify='[ "$found" = it ]')).code == 0


def test_a_step_cannot_change_the_shell_of_the_next_one(tmp_path):
    assert _run(tmp_path, _step("cd /; x=1"), _step('[ "$PWD" != / ] && [ -z "${x:-}" ]')).code == 0


def test_only_the_last_lines_of_a_long_log_are_returned(tmp_path):
    run = _run(tmp_path, _step("seq 100; exit 1"))
    assert run.log.split("\n") == [str(each) for each in range(93, 101)]


def test_output_that_is_not_utf_8_is_shown_with_replacements(tmp_path):
    assert _run(tmp_path, _step("printf '\\377x\\n'; exit 1")).log == "\N{REPLACEMENT CHARACTER}x"


def test_the_exit_code_is_kept_beside_the_run(tmp_path):
    _run(tmp_path, _step("exit 5"))
    assert (tmp_path / "run" / "rc").read_text() == "5\n"


def test_what_runs_is_byte_for_byte_what_the_plan_showed(tmp_path):
    book = Runbook(verb="try", environment="here", steps=(_step("true", title=HOSTILE),))
    with _hold(tmp_path) as lock:
        runner.run(book, tmp_path / "run", lock=lock, environment={}, watch=lambda _: None)
    assert (tmp_path / "run" / "run.sh").read_bytes() == book.script().encode()


@pytest.mark.parametrize("group", ["", "one"])
def test_a_hostile_title_arrives_unchanged_and_runs_nothing(tmp_path, group):
    steps = [_step("true", title=f"{HOSTILE} {each}", group=group) for each in "ab"]
    run = _run(tmp_path, *steps)
    assert run.code == 0
    begun = sorted(each.title for each in run.events if each.kind == "begin")
    assert begun == [f"{HOSTILE} a", f"{HOSTILE} b"]
    assert not Path("x").exists()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_title_arrives_unchanged(tmp_path_factory, title):
    run = _run(tmp_path_factory.mktemp("any"), _step("true", title=title))
    assert [each.title for each in run.events] == [title, "", ""]


# Side by side


def test_steps_of_one_group_run_side_by_side(tmp_path):
    meet = [f"touch {a}; {_until(b)}" for a, b in ("xy", "yx")]
    run = _run(tmp_path, *(_step(each, group="one") for each in meet), _step("true"))
    assert run.code == 0
    kinds = [each.kind for each in run.events]
    assert kinds == ["begin", "begin", "end", "end", "begin", "end", "done"]


def test_a_group_that_failed_is_waited_for_and_then_stops_the_rest(tmp_path):
    bad = _step("touch failing; exit 4", group="one", title="bad")
    slow = _step(f"{_until('failing')}; sleep 0.1; touch slow", group="one")
    run = _run(tmp_path, bad, slow, _step("touch never"))
    assert (run.code, run.failed) == (4, "bad")
    assert Path("slow").exists()
    assert not Path("never").exists()


def test_the_log_of_a_failed_step_is_its_own_though_its_neighbour_wrote_meanwhile(tmp_path):
    noisy = _step(f"echo noise; touch loud; {_until('failed')}; echo more", group="one")
    bad = _step(f"{_until('loud')}; echo cause; touch failed; exit 1", group="one")
    assert _run(tmp_path, noisy, bad).log == "cause"


def test_the_log_keeps_what_every_member_of_a_group_wrote(tmp_path):
    _run(tmp_path, _step("echo one", group="g"), _step("echo two", group="g"), _step("echo three"))
    log = (tmp_path / "run" / "log").read_text()
    assert [each for each in log.splitlines() if "---" not in each] == ["one", "two", "three"]


# The shell's own variables


@pytest.mark.parametrize("name", [*LIBPQ, "DATABASE_URL", "POSTGRES_PASSWORD", "PYTHONPATH"])
def test_a_variable_of_the_ambient_shell_does_not_reach_a_step(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "elsewhere")
    assert _run(tmp_path, _step(f'[ -z "${{{name}+set}}" ]')).code == 0


def test_a_variable_of_the_run_reaches_the_steps_unchanged(tmp_path):
    run = _run(
        tmp_path, _step('printf "%s" "$DBOPS_ACTOR" >said'), environment={"DBOPS_ACTOR": HOSTILE}
    )
    assert run.code == 0
    assert Path("said").read_text() == HOSTILE


def test_a_step_finds_nothing_on_standard_input(tmp_path):
    assert _run(tmp_path, _step('[ -z "$(cat)" ]')).code == 0


# Interrupted


def test_ctrl_c_interrupts_the_step_and_the_run_ends_with_130(tmp_path):
    # One program: what comes between two commands of a step ends neither.
    sleeping = "sh -c 'touch begun; exec sleep 60'"
    with _started(tmp_path, sleeping, "touch never") as starter:
        _wait_for(tmp_path / "begun")
        os.killpg(starter.pid, signal.SIGINT)
        assert _ended(starter) == {
            "code": ExitCode.INTERRUPTED,
            "failed": sleeping,
            "log": "",
        }
    assert not Path("never").exists()


ROLLS_BACK = (
    'sh -c \'trap "sleep 0.3; echo rolled back; exit 1" INT; touch begun; '
    "while :; do sleep 0.02; done'"
)


def test_an_interrupted_run_ends_only_when_its_command_has_rolled_back(tmp_path):
    with _started(tmp_path, f"{ROLLS_BACK}\ntouch never") as starter:
        _wait_for(tmp_path / "begun")
        os.killpg(starter.pid, signal.SIGINT)
        ended = _ended(starter)
    assert (ended["code"], ended["log"]) == (ExitCode.INTERRUPTED, "rolled back")
    assert not Path("never").exists()


SLOW_TO_STOP = """
import pathlib, signal, sys, time
def stop(*_):
    time.sleep(0.3)
    print("rolled back")
    sys.exit(1)
signal.signal(signal.SIGINT, stop)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""


def test_an_interrupted_group_is_waited_for_too(tmp_path):
    # Like psql, Python may handle SIGINT although sh has its background jobs ignore it.
    names = ("begun", "begun2")
    commands = [shlex.join([sys.executable, "-c", SLOW_TO_STOP, each]) for each in names]
    with _started(tmp_path, *commands, group="one") as starter:
        _wait_for(tmp_path / "begun")
        _wait_for(tmp_path / "begun2")
        os.killpg(starter.pid, signal.SIGINT)
        ended = _ended(starter)
    assert (ended["code"], ended["log"]) == (ExitCode.INTERRUPTED, "rolled back")


def test_a_second_ctrl_c_ends_a_command_that_ignores_the_first(tmp_path):
    command = "sh -c 'trap \"touch heard\" INT; touch begun; while :; do sleep 0.02; done'"
    with _started(tmp_path, command, "touch never") as starter:
        _wait_for(tmp_path / "begun")
        os.killpg(starter.pid, signal.SIGINT)
        _wait_for(tmp_path / "heard")
        os.killpg(starter.pid, signal.SIGINT)
        assert _ended(starter)["code"] in {ExitCode.INTERRUPTED, 143}
    assert not Path("never").exists()


# Handed over

HANDS_OVER = "import sys; from dbops import runner; sys.exit(runner.hand_over(sys.argv[1:]))"
LIKE_PSQL = "trap 'touch heard' INT; touch begun; until [ -e heard ]; do sleep 0.02; done; exit 7"


@contextmanager
def _handed_over(*words):
    command = [sys.executable, "-c", HANDS_OVER, *words]
    shell = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=shell, start_new_session=True) as started:
        yield started


def test_ctrl_c_ends_a_program_that_shows_something_with_130(tmp_path):
    with _handed_over("sh", "-c", "touch begun; exec sleep 60") as started:
        _wait_for(tmp_path / "begun")
        os.killpg(started.pid, signal.SIGINT)
    assert started.returncode == ExitCode.INTERRUPTED


def test_ctrl_c_is_left_to_a_program_that_goes_on(tmp_path):
    with _handed_over("sh", "-c", LIKE_PSQL) as started:
        _wait_for(tmp_path / "begun")
        os.killpg(started.pid, signal.SIGINT)
    assert started.returncode == 7


def test_after_a_program_ctrl_c_is_ours_again(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    assert runner.hand_over(["pwd"], directory=tmp_path) == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_told_of_a_failure_begins_at_its_last_error(tmp_path):
    failing = "echo before; echo 'pg_restore: error: no such schema'; seq 30; exit 1"
    told = _run(tmp_path, _step(failing)).log.splitlines()
    assert told[0] == "pg_restore: error: no such schema"
    assert len(told) == 8
    quiet = _run(tmp_path / "other", _step("seq 30; exit 1")).log.splitlines()
    assert quiet == [str(each) for each in range(23, 31)]


# The lock


def test_a_second_holder_is_told_who_holds_the_lock_and_refused(tmp_path):
    with _hold(tmp_path), pytest.raises(Locked) as raised, _hold(tmp_path):
        pass
    assert raised.value.code == ExitCode.LOCKED
    assert raised.value.message == (
        "error: another command is changing this environment\n"
        f"where: {tmp_path}/lock\n"
        "why:   al-up by 田中@host, since 2026-01-02T03:04:05Z\n"
        "next:  wait for it, then type the same command again"
    )


def test_a_second_holder_waits_says_once_for_whom_and_then_goes_on(tmp_path):
    said = []

    def let_go(text):
        said.append(text)
        Path("go").touch()

    with _started(tmp_path, f"touch begun; {_until('go')}; touch ended"):
        _wait_for(tmp_path / "begun")
        with _hold(tmp_path, wait_seconds=60, waiting=let_go):
            assert Path("ended").exists()
    assert said == ["try by me, since now"]


def test_a_lock_is_free_again_when_it_was_let_go(tmp_path):
    with _hold(tmp_path):
        pass
    with _hold(tmp_path) as lock:
        assert json.loads(os.pread(lock, 999, 0)) == HOLDER


def test_a_lock_file_is_closed_to_other_accounts(tmp_path):
    with _hold(tmp_path):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_lock_whose_holder_has_not_written_its_name_yet_is_still_a_lock(tmp_path):
    with _hold(tmp_path) as lock:
        os.ftruncate(lock, 0)
        with pytest.raises(Locked) as raised, _hold(tmp_path):
            pass
    assert raised.value.why == "its holder has only just begun"


def test_a_killed_holder_frees_the_lock(tmp_path):
    program = (
        STARTER.partition("    run = ")[0] + "    Path('held').touch(); import time; time.sleep(60)"
    )
    words = [sys.executable, "-c", program, str(tmp_path), ""]
    holder = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)})
    with holder:
        _wait_for(tmp_path / "held")
        holder.kill()
    with _hold(tmp_path):
        assert holder.returncode == -signal.SIGKILL


def test_a_run_goes_on_without_its_killed_starter_and_holds_the_lock_until_it_ends(tmp_path):
    with _started(tmp_path, f"touch begun; {_until('go')}; touch ended") as starter:
        _wait_for(tmp_path / "begun")
    assert starter.returncode == -signal.SIGKILL
    with pytest.raises(Locked), _hold(tmp_path):
        pass
    Path("go").touch()
    with _hold(tmp_path, wait_seconds=60):
        assert Path("ended").exists()
        assert events.is_done(tmp_path / "run")


def test_the_lock_reaches_the_script_whatever_its_number_here(tmp_path):
    several = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    try:
        run = _run(tmp_path, _step("[ -e /dev/fd/9 ]"))
    finally:
        for each in several:
            os.close(each)
    assert run.code == 0


# Reading


def test_a_reading_command_returns_its_output_errors_and_code():
    answer = runner.read(["sh", "-c", "cat; echo 失敗 >&2; exit 3"], text="本番")
    assert answer == runner.Answer(code=3, out="本番", error="失敗\n")


def test_a_reading_command_finds_its_own_variables_and_no_input():
    answer = runner.read(["sh", "-c", 'cat; printf "%s" "$X"'], environment={"X": HOSTILE})
    assert answer.out == HOSTILE


def test_a_program_that_does_not_exist_is_a_problem_with_its_name():
    with pytest.raises(Problem) as raised:
        runner.read(["no-such-program"])
    assert "no-such-program" in raised.value.message
