"""scripts/scheduled.sh for real: sh, flock, timeout, curl, wget and a web server."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from scheduled import ROOT, TOKEN, Monitor, Scheduled, processes


@pytest.fixture
def monitor():
    with Monitor() as made:
        yield made


@pytest.fixture
def scheduled(tmp_path, monitor):
    return Scheduled(tmp_path, monitor.url)


def _wait_for(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen within 10 seconds")


def _is_held(file):
    with file.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_success_is_reported_logged_and_recorded(scheduled, monitor):
    scheduled.fab('echo "here: $*"; pwd; echo trouble >&2')
    done = scheduled.run()
    assert (done.code, done.error) == (0, "")
    assert done.out == f"succeeded; its output is in {scheduled.logs[0]}\n"
    assert monitor.pings == ["start", "0"]
    lines = scheduled.log().splitlines()
    assert lines[:3] == ["here: refresh", str(scheduled.checkout), "trouble"]
    assert lines[3].endswith(" exit code 0")
    when = (scheduled.state / "last_ok").read_text(encoding="utf-8").strip()
    assert abs(time.time() - _seconds(when)) < 60


def _seconds(when):
    return time.mktime(time.strptime(when, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


@pytest.mark.parametrize("code", [1, 3, 69])
def test_a_failure_or_refusal_keeps_its_code_and_shows_the_end_of_its_output(
    scheduled, monitor, code
):
    scheduled.fab(f"seq 1 50; echo 'error: no' >&2; exit {code}")
    done = scheduled.run()
    assert (done.code, done.out) == (code, "")
    assert monitor.pings == ["start", str(code)]
    assert done.error.startswith(f"failed with exit code {code}; the end of {scheduled.logs[0]}:\n")
    assert "error: no\n" in done.error
    assert "\n30\n" not in done.error
    assert not (scheduled.state / "last_ok").exists()


def test_a_skip_is_no_failure_until_it_is_the_third_in_a_row(scheduled, monitor):
    scheduled.fab("exit 75")
    for _ in range(3):
        done = scheduled.run()
        assert (done.code, done.error) == (75, "")
    assert monitor.pings == ["start", "0", "start", "0", "start", "75"]
    assert not (scheduled.state / "last_ok").exists()
    scheduled.fab("exit 0")
    scheduled.run()
    scheduled.fab("exit 75")
    scheduled.run()
    assert monitor.pings[-2:] == ["start", "0"]


def test_a_command_that_hangs_is_stopped_with_all_it_started(scheduled, monitor):
    scheduled.fab("sleep 4711 & echo $! >pid; wait")
    done = scheduled.run(timeout=1)
    assert done.code == 124
    assert "it was not done within 1 seconds\n" in done.error
    assert monitor.pings == ["start", "124"]
    child = (scheduled.checkout / "pid").read_text(encoding="utf-8").strip()
    _wait_for(lambda: not Path(f"/proc/{child}/cmdline").exists() or _is_gone(child))


def _is_gone(process):
    return b"4711" not in Path(f"/proc/{process}/cmdline").read_bytes()


def test_a_command_that_is_killed_is_reported(scheduled, monitor):
    scheduled.fab("kill -9 $$")
    assert scheduled.run().code == 137
    assert monitor.pings == ["start", "137"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_wrapper_that_is_stopped_stops_the_command_and_says_so(scheduled, monitor, number, code):
    scheduled.fab("trap 'echo cleaned; exit 9' TERM; touch up; while :; do sleep 0.1; done")
    process = scheduled.start()
    _wait_for((scheduled.checkout / "up").exists)
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == code
    assert error.startswith(f"failed with exit code {code};")
    assert "cleaned" in scheduled.log().splitlines()
    assert monitor.pings == ["start", str(code)]


def test_a_second_run_is_skipped_and_leaves_the_report_to_the_first(scheduled, monitor):
    scheduled.fab("touch up; while [ -e up ]; do sleep 0.05; done")
    first = scheduled.start()
    _wait_for((scheduled.checkout / "up").exists)
    second = scheduled.run()
    assert (second.code, second.error) == (75, "")
    assert second.out == "skipped; the run before it still goes on\n"
    assert monitor.pings == ["start"]
    (scheduled.checkout / "up").unlink()
    first.communicate(timeout=30)
    assert first.returncode == 0
    assert monitor.pings == ["start", "0"]
    assert len(scheduled.logs) == 1


def test_the_lock_outlives_a_killed_wrapper_for_as_long_as_its_command_runs(scheduled, monitor):
    scheduled.fab("touch up; while [ -e up ]; do sleep 0.05; done")
    process = scheduled.start()
    _wait_for((scheduled.checkout / "up").exists)
    process.kill()
    process.communicate(timeout=30)
    assert scheduled.run().code == 75
    (scheduled.checkout / "up").unlink()
    _wait_for(lambda: not _is_held(scheduled.state / "lock"))
    scheduled.fab("exit 0")
    assert scheduled.run().code == 0


@pytest.mark.parametrize("code", [0, 1])
def test_pings_that_nobody_answers_change_nothing(scheduled, monitor, code):
    scheduled.secret.write_text(f"http://127.0.0.1:9/{TOKEN}\n", encoding="utf-8")
    scheduled.fab(f"exit {code}")
    done = scheduled.run()
    assert done.code == code
    assert "the ping start was not delivered (exit code 7)\n" in done.error
    assert f"the ping {code} was not delivered (exit code 7)\n" in done.error
    assert TOKEN not in done.out + done.error


def test_pings_that_are_turned_away_change_nothing(scheduled, monitor):
    monitor.status = 404
    scheduled.fab("exit 0")
    done = scheduled.run()
    assert (done.code, monitor.pings) == (0, ["start", "0"])
    assert "the ping 0 was not delivered (exit code 22)\n" in done.error


@pytest.mark.parametrize("spoilt", ["mode", "missing", "words", "query"])
def test_a_secret_that_is_no_secret_or_no_url_sends_nothing_and_runs(scheduled, monitor, spoilt):
    scheduled.fab("exit 0")
    if spoilt == "mode":
        scheduled.secret.chmod(0o640)
    elif spoilt == "missing":
        scheduled.secret.unlink()
    else:
        text = {"words": f"{monitor.url} x", "query": f"{monitor.url}?a=b"}[spoilt]
        scheduled.secret.write_text(text, encoding="utf-8")
    done = scheduled.run()
    assert (done.code, monitor.pings) == (0, [])
    where = f"no ping is sent: {scheduled.secret} must be a file of mode 0600 with one plain URL\n"
    assert done.error == where


def test_a_state_directory_that_cannot_be_made_is_a_failure_and_reported(scheduled, monitor):
    scheduled.fab("touch ran")
    done = scheduled.run(state=scheduled.secret / "state")
    assert done.code == 1
    assert monitor.pings == ["1"]
    assert not (scheduled.checkout / "ran").exists()


def test_the_newest_thirty_logs_are_kept(scheduled, monitor):
    scheduled.fab("exit 0")
    logs = scheduled.state / "logs"
    logs.mkdir(parents=True)
    old = [logs / f"202001{day:02}T000000Z-1.log" for day in range(1, 32)]
    for each in old:
        each.touch()
    assert scheduled.run().code == 0
    assert len(scheduled.logs) == 30
    assert scheduled.logs[:-1] == old[2:]
    assert scheduled.logs[-1].stat().st_mode & 0o077 == 0


def test_the_command_has_no_input_no_agent_and_a_home(scheduled, monitor):
    scheduled.fab('cat; echo "${SSH_AUTH_SOCK-none} $HOME"; tty; echo $GIT_TERMINAL_PROMPT')
    assert scheduled.run(SSH_AUTH_SOCK="/tmp/agent", HOME="").code == 0
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert scheduled.log().splitlines()[:3] == [f"none {home}", "not a tty", "0"]


@pytest.mark.parametrize(
    "words", [[], ["--what"], ["--state", "x", "--timeout", "5", "--", "true"]]
)
def test_a_wrong_command_line_ends_with_four(words):
    script = ["/bin/sh", str(ROOT / "scripts/scheduled.sh"), *words]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_the_token_is_in_no_argument_variable_output_or_log(scheduled, monitor, tmp_path, program):
    monitor.delay = 0.4
    scheduled.fab("env; cat /proc/$$/environ /proc/$PPID/environ; exit 1")
    path = os.environ["PATH"] if program == "curl" else _path_without_curl(tmp_path)
    seen: list[bytes] = []
    process = scheduled.start(PATH=path, url="from outside")
    while process.poll() is None:
        seen += processes()
        time.sleep(0.01)
    out, error = process.communicate()
    assert monitor.pings == ["start", "1"]
    assert process.returncode == 1
    assert any(program.encode() in each.split(b"\0")[0] for each in seen)
    assert not any(TOKEN.encode() in each for each in seen)
    written = b"".join(each.read_bytes() for each in scheduled.state.rglob("*") if each.is_file())
    assert b"SSH_ASKPASS_REQUIRE=never" in written
    assert TOKEN not in out + error
    assert TOKEN.encode() not in written


def _path_without_curl(parent):
    programs = parent / "programs"
    programs.mkdir()
    names = ("sh", "wget", "find", "timeout", "flock", "mkdir", "date", "tail", "rm", "mv", "wc")
    for name in (*names, "dirname", "getent", "id", "cut", "env", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    return str(programs)
