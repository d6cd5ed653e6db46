"""The scripts of a detached run, by the sh of this machine, in a directory of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import pytest

from dbops import journal
from dbops.commands import detached
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not (shutil.which("flock") and shutil.which("setsid")), reason="hosts are Linux"
)
AFTER = 'printf \'"to":["%s"]\' 0002'
NUMBERS = count(1)


@dataclass(frozen=True)
class Host:
    """An environment's directory on a host."""

    home: Path

    def sh(self, script: str) -> list[str]:
        done = subprocess.run(
            ["sh", "-c", script], capture_output=True, text=True, timeout=30, check=False
        )
        return [*done.stdout.splitlines(), str(done.returncode)]

    def start(self, *commands: str, keep: int = 50, frees: bool = False) -> tuple[str, list[str]]:
        """Start a run of COMMANDS; return its id and what the script said."""
        steps = tuple(Step(title=f'it\'s "{each}"', command=each) for each in commands)
        runbook = Runbook(verb="deploy", environment="vm_stg", steps=steps)
        run = f"20260101T{next(NUMBERS):09d}Z-{runbook.id}"
        script = detached.start(
            self.home,
            run,
            runbook.script(),
            plan=runbook.id,
            holder=json.dumps({"verb": "deploy", "who": "Rin", "run": run}, separators=(",", ":")),
            begin=f'"event":"begin","run":"{run}","who":"凛 Kato"',
            after=AFTER,
            keep=keep,
            frees=frees,
            variables={"DBOPS_RUN_ID": run},
        )
        return run, self.sh(script)

    def follow(self, run: str) -> list[str]:
        return [each for each in self.sh(detached.follow(self.home, run)) if each != "beat"]

    def following(self, run: str) -> subprocess.Popen[str]:
        words = ["sh", "-c", detached.follow(self.home, run)]
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, process_group=0)

    def cancel(self, run: str, sessions: str = "true") -> list[str]:
        return self.sh(detached.cancel(self.home, run, sessions))

    def journal(self) -> list[dict[str, object]]:
        return journal.read(self.home / "journal.jsonl")

    def wait_for(self, run: str, file: str) -> str:
        """Return what FILE of the run holds, once it holds something."""
        path = self.home / "runs" / run / file
        deadline = time.monotonic() + 10
        while not (path.exists() and path.read_text(encoding="utf-8")):
            assert time.monotonic() < deadline, file
            time.sleep(0.01)
        return path.read_text(encoding="utf-8")

    def kill(self, run: str, *files: str) -> None:
        """Kill the processes of a run whose numbers FILES hold, and everything when "pid"."""
        for file in files:
            number = int(self.wait_for(run, file))
            (os.killpg if file == "pid" else os.kill)(number, signal.SIGKILL)


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path / "vm_stg")
    yield made
    for pid in made.home.glob("runs/*/pid"):
        if not (pid.parent / "rc").exists():
            with suppress(ProcessLookupError):
                os.killpg(int(pid.read_text(encoding="utf-8")), signal.SIGKILL)


def test_a_run_is_followed_to_its_exit_code_and_journaled(host):
    run, said = host.start("echo one; sleep 0.2", "echo two")
    told = host.follow(run)
    assert said == ["started", "0"]
    assert told[-2:] == ["rc 0", "0"]
    assert [each for each in told if each in {"log one", "log two"}] == ["log one", "log two"]
    assert sum(each.startswith("event ") for each in told) == 5
    begin, end = host.journal()
    assert (begin["event"], begin["who"], end["code"], end["to"]) == (
        "begin",
        "凛 Kato",
        0,
        ["0002"],
    )
    assert [each["title"] for each in end["steps"]] == [
        'it\'s "echo one; sleep 0.2"',
        'it\'s "echo two"',
    ]


def test_a_run_that_ended_is_shown_again_from_its_beginning(host):
    run, _ = host.start("echo one", "exit 7")
    first = host.follow(run)
    assert sorted(host.follow(run)) == sorted(first)
    assert first[-2:] == ["rc 7", "0"]
    assert [each["code"] for each in host.journal()[-1]["steps"]] == [0, 7]


def test_output_without_an_end_of_line_hides_no_exit_code(host):
    run, _ = host.start("printf unfinished")
    told = host.follow(run)
    assert told[-2:] == ["rc 0", "0"]
    assert "log unfinished" in told


def test_a_long_line_tears_no_event(host):
    run, _ = host.start(*["head -c 300000 /dev/zero | tr '\\0' x; echo"] * 5)
    told = [each for each in host.follow(run) if each]
    assert {each.partition(" ")[0] for each in told} == {"log", "event", "rc", "0"}
    assert all(json.loads(each[6:]) for each in told if each.startswith("event "))


def test_a_follower_that_is_killed_at_every_step_changes_nothing(host):
    run, _ = host.start(*["sleep 0.3"] * 3)
    for step in (1, 2, 3):
        follower = host.following(run)
        while f'"step":{step}' not in follower.stdout.readline():
            pass
        os.killpg(follower.pid, signal.SIGKILL)
        follower.communicate()
    assert host.follow(run)[-2:] == ["rc 0", "0"]
    assert [each["code"] for each in host.journal()[-1]["steps"]] == [0, 0, 0]


def test_a_second_run_is_told_who_runs(host, monkeypatch):
    monkeypatch.setattr(detached, "LOCK_SECONDS", 0)
    run, _ = host.start("sleep 1")
    _, said = host.start("true")
    (busy, code) = said
    assert code == "75"
    assert json.loads(busy.removeprefix("busy ")) == {"verb": "deploy", "who": "Rin", "run": run}
    host.follow(run)
    monkeypatch.undo()
    assert host.start("true")[1] == ["started", "0"]


def test_a_manual_lock_refuses_all_but_what_frees_it(host):
    host.home.mkdir()
    (host.home / "hold.json").write_text('{"message":"closing"}\n', encoding="utf-8")
    assert host.start("true")[1] == ['held {"message":"closing"}', "75"]
    assert host.start("true", frees=True)[1] == ["started", "0"]


def test_an_empty_lock_file_is_no_lock_as_it_is_for_who_looks(host):
    host.home.mkdir()
    (host.home / "hold.json").touch()
    assert host.start("true")[1] == ["started", "0"]


def test_when_its_watcher_alone_is_killed_the_run_goes_on_and_its_end_is_found(host, monkeypatch):
    monkeypatch.setattr(detached, "LOCK_SECONDS", 0)
    run, _ = host.start("sleep 0.5", "true")
    host.wait_for(run, "runner")
    os.kill(int(host.wait_for(run, "pid")), signal.SIGKILL)
    assert host.start("true")[1][-1] == "75"
    told = host.follow(run)
    assert told[-2:] == ["lost", "0"]
    monkeypatch.undo()
    assert any('"event":"done"' in each for each in told)
    host.follow(host.start("true")[0])
    recovered = host.journal()[1]
    assert (recovered["run"], recovered["code"], recovered["recovered"]) == (run, 0, True)


def test_a_run_that_died_with_its_host_is_recorded_by_the_next(host):
    run, _ = host.start("true", "sleep 60")
    while '"step":2' not in host.wait_for(run, "events.jsonl"):
        pass
    host.kill(run, "pid")
    assert host.follow(run)[-2:] == ["lost", "0"]
    host.follow(host.start("true")[0])
    lost = host.journal()[1]
    assert (lost["code"], lost["recovered"], lost["to"]) == (None, True, ["0002"])
    assert [each["code"] for each in lost["steps"]] == [0, None]
    assert [each["event"] for each in host.journal()] == ["begin", "end", "begin", "end"]


def test_the_number_of_a_dead_run_that_is_anothers_now_deceives_nobody(host):
    run, _ = host.start("sleep 60")
    host.kill(run, "pid")
    assert host.follow(run)[-2:] == ["lost", "0"]
    with subprocess.Popen(["sleep", "60"], process_group=0) as another:
        for file in ("pid", "runner"):
            (host.home / "runs" / run / file).write_text(f"{another.pid}\n", encoding="utf-8")
        assert host.cancel(run) == ["ended", "0"]
        assert host.follow(run)[-2:] == ["lost", "0"]
        assert another.poll() is None
        another.kill()


def test_events_torn_by_a_crash_spoil_no_journal(host):
    run, _ = host.start("true", "sleep 60")
    while '"step":2' not in host.wait_for(run, "events.jsonl"):
        pass
    host.kill(run, "pid")
    with (host.home / "runs" / run / "events.jsonl").open("a", encoding="utf-8") as events:
        events.write('{"event":"begin","step":3,"ti')
    host.follow(host.start("true")[0])
    assert len(host.journal()[1]["steps"]) == 2


def test_a_cancelled_run_ends_its_step_first_and_leaves_130(host):
    run, _ = host.start("until [ -e $1/../../cancelled ]; do sleep 0.05; done", "touch $1/never")
    host.wait_for(run, "runner")
    assert host.cancel(run, f"touch {host.home}/cancelled") == ["interrupted", "0"]
    assert host.follow(run)[-2:] == ["rc 130", "0"]
    assert host.journal()[-1]["code"] == 130
    assert not (host.home / "runs" / run / "never").exists()
    assert host.cancel(run) == ["ended", "0"]


def test_a_step_without_a_session_is_interrupted_itself_in_the_end(host, monkeypatch):
    monkeypatch.setattr(detached, "PATIENCE", (2, 4, 60))
    run, _ = host.start("sleep 60")
    host.wait_for(run, "runner")
    assert host.cancel(run) == ["interrupted", "0"]
    assert host.journal()[-1]["code"] == 130


def test_what_is_followed_behind_its_start_holds_no_lock(host):
    start = f'exec 9>>"{host.home.parent}/lock"; flock 9; echo started'
    free = f'flock --nonblock "{host.home.parent}/lock" echo free'
    assert host.sh(detached.start_and_follow(start, free)) == ["started", "free", "0"]


def test_nothing_is_followed_that_did_not_start(host):
    assert host.sh(detached.start_and_follow("echo busy; exit 75", "echo followed")) == [
        "busy",
        "75",
    ]


def test_only_the_newest_runs_are_kept(host):
    runs = []
    for _ in range(4):
        runs.append(host.start("true", keep=2)[0])
        host.follow(runs[-1])
    assert sorted(each.name for each in (host.home / "runs").iterdir()) == runs[-2:]


def test_a_run_of_a_laptop_whose_clock_is_behind_is_kept(host):
    for number in range(3):
        (host.home / "runs" / f"20990101T00000000{number}Z-x").mkdir(parents=True)
    run, said = host.start("true", keep=2)
    assert said == ["started", "0"]
    assert host.follow(run)[-2:] == ["rc 0", "0"]
    kept = sorted(each.name for each in (host.home / "runs").iterdir())
    assert kept == [run, "20990101T000000002Z-x"]


LOCAL = """
import sys
from pathlib import Path
from dbops import locking, runner
from dbops.runbook import Runbook, Step
home, run = Path(sys.argv[1]), sys.argv[2]
book = Runbook(verb="al-up", environment="vm_stg", steps=(Step(title="wait", command="sleep 60"),))
holder = {"verb": "al-up", "who": "rin", "since": "now"}
with locking.hold(home / "lock", holder, wait_seconds=0, waiting=print) as lock:
    locking.name_holder(lock, {**holder, "run": run})
    directory = home / "runs" / run
    runner.run(book, directory, lock=lock, environment={}, watch=lambda event: None)
"""


def test_a_run_begun_on_the_host_itself_is_followed_and_cancelled_like_any_other(host, monkeypatch):
    monkeypatch.setattr(detached, "PATIENCE", (2, 4, 60))
    run = "20260101T000000000Z-local"
    with subprocess.Popen([sys.executable, "-c", LOCAL, str(host.home), run]) as local:
        host.wait_for(run, "events.jsonl")
        following = host.following(run)
        assert host.cancel(run) == ["interrupted", "0"]
        told = following.communicate(timeout=30)[0].splitlines()
        local.wait(timeout=30)
    assert any('"title":"wait"' in each for each in told)
    assert told[-1] == f"rc {(host.home / 'runs' / run / 'rc').read_text().strip()}"
    assert host.cancel(run) == ["ended", "0"]


def test_a_script_that_did_not_arrive_whole_is_not_run(host):
    script = detached.start(
        host.home,
        "r",
        "touch never",
        plan="0" * 12,
        holder="{}",
        begin='"event":"begin"',
        after=AFTER,
        keep=5,
        frees=False,
        variables={},
    )
    assert host.sh(script) == ["the script did not arrive whole", "1"]
    assert not (host.home / "journal.jsonl").exists()


def test_sh_and_python_write_one_chain_also_behind_a_torn_line(host):
    path = host.home / "journal.jsonl"
    for number in range(3):
        host.sh(detached.entry(host.home, f'"event":"refused","who":"凛","number":{number}'))
        journal.append(path, {"event": "lock", "message": 'it\'s \\ "closing"'})
        with path.open("ab") as file:
            file.write((b'{"event":"be', b"\0\0\0", b'{"hash":"')[number])
    host.sh(detached.entry(host.home, '"event":"refused"'))
    told = [each["event"] for each in host.journal()]
    assert told == ["refused", "lock", "torn"] * 3 + ["refused"]
    assert host.journal()[-1]["sequence"] == 7


def test_many_writers_at_once_keep_the_chain(host):
    writers = [
        subprocess.Popen(["sh", "-c", detached.entry(host.home, f'"event":"e{number}"')])
        for number in range(12)
    ]
    assert [each.wait(timeout=30) for each in writers] == [0] * 12
    assert len(host.journal()) == 12
