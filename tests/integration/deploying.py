"""A VM of the rig to deploy to: revisions with time in them, and what has to be true afterwards."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from watching import succeeded, until

from dbops import journal
from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.vm_rig import Rig

GRANTED = "20251212_100000000"
REVISION = '''"""Take a while.

Revision ID: {revision}
Revises: {down}
"""

from __future__ import annotations

from alembic import op

revision = "{revision}"
down_revision = "{down}"


def upgrade() -> None:
    op.execute("CREATE TABLE public.made_by_{revision} (a int)")
    op.execute("SELECT pg_sleep({seconds})")


def downgrade() -> None:
    op.execute("DROP TABLE public.made_by_{revision}")
'''
STATE = "/srv/sanbou_app/.dbops"
PATIENCE_SECONDS = 300  # several rigs at once keep a small machine busy
STEP = """\
cd {state}/runs && timeout {patience} sh -c '
until run=$(ls | tail -n 1)
    [ "$run" != "$0" ] && grep -q "begin.*\\"title\\":\\"$1" "$run/events.jsonl"
do sleep 0.02; done' {before} {title}"""
# A step may take some milliseconds only, so the shell that runs the steps is stopped on the spot.
HOLD = """\
cd {state}/runs && until run=$(ls | tail -n 1); [ "$run" != {before} ] && [ -s "$run/runner" ]
do sleep 0.02; done
timeout {patience} tail --lines=+1 --follow --sleep-interval=0.005 "$run/events.jsonl" |
while read -r event; do case $event in *begin*'"title":"'{title}*)
    kill -s STOP "$(cat "$run/runner")"
    tail -n 1 "$run/events.jsonl"
    break ;;
esac; done"""
GO_ON = 'cd {state}/runs && kill -s CONT "$(cat "$(ls | tail -n 1)/runner")"'
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@dataclass
class Vm:
    """vm_stg or vm_prod, at head, as the laptop and the machine itself see it."""

    rig: Rig
    host: str = "vm_stg"
    alias: str = "stg"
    revision: str = GRANTED
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    before: str = "none"

    def make(self) -> Vm:
        """Enroll the VM and build its database."""
        confirmed = ("--force", "--confirm", self.host) if self.alias == "prod" else ()
        for verb in ("enroll", "deploy"):
            succeeded(self.fab(verb, *confirmed))
        return self

    def fab(self, *words: str) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = self.rig.laptop_run("-H", self.alias, *words)
        return done

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a command of the laptop; what it began is a newer run than all before."""
        self.before = (self.on(f"ls {self.state}/runs | tail -n 1") or "none").strip()
        return subprocess.Popen(
            self.rig.laptop_machine.command("-H", self.alias, *words),
            env=self.rig.laptop_machine.variables(),
            cwd=self.rig.laptop,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def state(self) -> str:
        return f"{STATE}/{self.host}"

    def on(self, script: str) -> str:
        return succeeded(self.rig.on(self.host, script))

    def commit(self, *, seconds: float) -> str:
        """Push a revision that takes SECONDS, and return it; it is the head now."""
        down, self.revision = self.revision, f"20260101_{next(self.numbers):09d}"
        text = REVISION.format(revision=self.revision, down=down, seconds=seconds)
        path = f"migrations_v2/alembic/versions/{self.revision}_take_a_while.py"
        self.rig.commit({path: text}, "Take a while")
        return self.revision

    def wait_for_step(self, title: str) -> None:
        """Return as soon as the run that was begun has begun the step TITLE."""
        self.on(
            STEP.format(
                state=self.state,
                before=self.before,
                title=shlex.quote(title),
                patience=PATIENCE_SECONDS,
            )
        )

    def hold(self, title: str) -> None:
        """Return with the run that was begun standing still, as it begins the step TITLE."""
        facts = {"state": self.state, "before": self.before, "patience": PATIENCE_SECONDS}
        newest = self.on(HOLD.format(**facts, title=shlex.quote(title)))
        assert '"event":"begin"' in newest, newest
        assert title in newest, newest

    def go_on(self) -> None:
        """Let the run that is held go on."""
        self.on(GO_ON.format(state=self.state))

    def wait_for_sleep(self) -> None:
        """Return once the revision sleeps, inside its transaction."""
        self.wait_for_step("upgrade to")
        until(lambda: self.rig.psql(self.host, SLEEPING) == "1", "the revision to sleep")

    def wait_for_services(self) -> None:
        """Return once the services are up again by themselves."""
        listed = "docker ps --filter health=healthy --filter name=vm_ --quiet | wc -l"
        self.on(
            f"timeout {PATIENCE_SECONDS} sh -c 'until [ $({listed}) -eq 2 ]; do sleep 0.1; done'"
        )

    def wait_for_end(self) -> None:
        """Return once nobody holds the lock."""
        self.on(f"timeout {PATIENCE_SECONDS} flock --shared {self.state}/lock true")

    def journal(self) -> list[dict[str, Any]]:
        """Return the journal, whose chain must be whole."""
        return journal.entries(self.on(f"cat {self.state}/journal.jsonl").encode(), "the journal")

    def end(self) -> dict[str, Any]:
        """Return how the newest run ended."""
        last = self.journal()[-1]
        assert last["event"] == "end", last
        return last

    def newest(self) -> dict[str, Any]:
        """Return the newest run as `runs` has it."""
        found: list[dict[str, Any]] = json.loads(succeeded(self.fab("runs", "--json")))
        return found[0]

    def applied(self) -> tuple[str, str]:
        """Return where the database is, and how often the newest revision was applied."""
        times = f"SELECT count(*) FROM dbops.revision_log WHERE revision = '{self.revision}'"
        at, often = self.rig.psql(
            self.host, "SELECT version_num FROM alembic_version", times
        ).split()
        return at, often

    def check_settled(self) -> None:
        """Deploy until nothing is left to do; the newest revision was applied once, all told."""
        done = self.fab("deploy")
        assert done.returncode == ExitCode.OK, done.stdout + done.stderr
        again = self.fab("deploy")
        assert "nothing to do" in again.stderr, again.stderr
        assert self.applied() == (self.revision, "1")
        self.on(f"flock --timeout 5 {self.state}/lock true || {{ lslocks; exit 1; }}")
        told = [(each["event"], each["run"]) for each in self.journal() if "run" in each]
        begun = [run for event, run in told if event == "begin"]
        assert sorted(run for event, run in told if event == "end") == sorted(begun), told


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code of a command and what it said."""
    out, error = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, re.sub(r"(?s)^.*?(?=\n  ok|\nerror)", "", out + error)
