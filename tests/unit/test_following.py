"""What is seen of a run on a host, and what is said when somebody else is at work."""

from __future__ import annotations

import json
import os
import signal

import pytest
from test_session_framing import environment

from dbops import detached
from dbops.errors import ExitCode, Locked, Problem, UsageProblem
from dbops.following import Interrupts, _Following
from dbops.operations import history
from dbops.target import Target


def event(kind: str, **facts: object) -> str:
    return f"event {json.dumps({'event': kind, **facts})}"


def fed(*lines: str, past: bool = True) -> _Following:
    seen = _Following(past=past)
    for line in lines:
        list(seen.take(line))
    return seen


BEGUN = event("begin", step=1, title="back up", at=100)
ENDED = event("end", step=1, code=0, at=103)


def test_a_run_that_was_begun_before_is_timed_by_the_hosts_clock():
    seen = fed(BEGUN, ENDED, event("done", at=103), "rc 0")
    assert [each.seconds for each in seen.events] == [0.0, 3.0, 3.0]
    assert seen.run().code == 0


def test_the_failed_step_and_its_last_lines_are_told():
    lines = ("log --- step 1", "log ERROR:  no", event("end", step=1, code=1, at=101), "rc 1")
    run = fed(BEGUN, *lines).run()
    assert (run.code, run.failed, run.log) == (1, "back up", "ERROR:  no")


def test_a_run_that_left_nothing_has_no_result():
    assert fed(BEGUN, "lost").run() is None


def test_a_run_that_was_done_before_its_watcher_was_killed_is_done():
    assert fed(BEGUN, ENDED, event("done", at=103), "lost").run().code == 0


def test_an_event_torn_by_a_crash_is_passed_over():
    seen = fed(BEGUN, 'event {"event":"begin","step":2,"ti', "lost")
    assert len(seen.events) == 1


def test_parts_that_the_log_names_are_counted_for_their_own_step_alone():
    begun = event("begin", step=2, title="load", at=100, counts="table", total=3)
    seen = fed("log --- step 1", "log table", begun, "log --- step 2", "log table")
    (waiting,) = seen.take("beat")
    assert (waiting.step, waiting.done) == (2, 1)


def test_ctrl_c_is_noted_and_raises_nothing():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.taken()
        assert not interrupts.taken()
    assert signal.getsignal(signal.SIGINT) is before


def test_somebody_else_at_work_is_named_with_verb_and_time():
    holder = '{"verb":"deploy","who":"Rin <rin@host>","since":"2026-01-01T00:00:00Z"}'
    problem = detached._locked(target(), holder, by_hand=False)
    assert problem.code == ExitCode.LOCKED
    assert problem.why == "deploy by Rin <rin@host>, since 2026-01-01T00:00:00Z"
    assert problem.next_command == "fab -H stg attach"


def test_a_lock_by_hand_brings_its_message():
    held = '{"who":"Rin","since":"2026-01-01T00:00:00Z","message":"year-end closing"}'
    problem = detached._not_started(target(), [f"held {held}", "75"])
    assert isinstance(problem, Locked)
    assert "year-end closing" in problem.render()


@pytest.mark.parametrize(("said", "why"), [(["no space left", "1"], "no space left"), (["1"], "")])
def test_what_the_host_says_is_told_when_it_cannot_start(said, why):
    problem = detached._not_started(target(), said)
    assert isinstance(problem, Problem)
    assert problem.code == ExitCode.FAILED
    assert problem.why == (why or "the shell said nothing")


def target() -> Target:
    return Target(environment=environment().at_host())


@pytest.mark.parametrize("verb", [history.attach, history.cancel])
def test_a_run_on_this_machine_is_not_followed_over_ssh(verb):
    with pytest.raises(UsageProblem) as raised:
        verb(Target(environment=environment()), run=None)
    assert raised.value.next_command.endswith(", or inv runs --env vm_stg")
