"""A runbook is the plan and the program: an ordered list of steps that renders to one sh script.

`--plan` prints exactly that script; running it means giving the same bytes to `sh`. The script
takes one argument, the directory of the run, where it writes `log` (what the commands say) and
`events.jsonl` (what happened, one JSON object a line), and ends with the first failing step.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import field, replace
from itertools import groupby

from dbops.environments.frozen import Frozen


class Step(Frozen):
    """One thing to do.

    Attributes:
        title: what a person reads while it runs.
        command: shell text, already quoted by commands/.
        verify: shell text that must succeed afterwards; the target is asked, not the exit code.
        group: neighbours with the same group run side by side.
        counts: what the command prints once for each of its parts, for a progress bar.
        total: how many parts there are; 0 when nobody knows.
    """

    title: str
    command: str
    verify: str = ""
    group: str = ""
    counts: str = ""
    total: int = 0


class Runbook(Frozen):
    """What a verb would do to one environment, and why when that is nothing.

    Attributes:
        verb: the command's name, as typed.
        environment: the environment's name.
        steps: what runs, in order.
        reason: why there is nothing to do; only told of a plan without steps.
        destructive: the guard asks for --force and the typed name on a protected environment.
        releases: it brings the checkout's revisions to the environment: a freeze stands against it,
            and under guard.branches the checkout must be clean and at an allowed branch.
        continues: the database was not running; plan again once these steps are done.
        confirmed: the environment's name is typed on a protected environment, though nothing that
            is there is lost.
        loses: what the operator gives up, in one sentence, shown before a question.
    """

    verb: str
    environment: str
    steps: tuple[Step, ...] = ()
    reason: str = ""
    destructive: bool = False
    releases: bool = False
    continues: bool = False
    confirmed: bool = False
    loses: str = ""
    notes: tuple[str, ...] = field(default=())

    def beginning_with(self, *steps: Step) -> Runbook:
        """Return the same with STEPS before all others."""
        return replace(self, steps=(*steps, *self.steps))

    @property
    def id(self) -> str:
        """Return the plan's id: the first 12 hex digits of the script's sha256."""
        return hashlib.sha256(self.script().encode()).hexdigest()[:12]

    def script(self) -> str:
        """Return the POSIX sh script, the same text for the same steps."""
        title = f"{self.verb} {self.environment}: {len(self.steps)} steps"
        return "\n".join(
            [_PREAMBLE.format(title=title), *self._blocks(), 'event \'{"event":"done"\'', ""]
        )

    def _blocks(self) -> list[str]:
        blocks: list[str] = []
        numbered = enumerate(self.steps, start=1)
        for group, members in groupby(numbered, key=lambda pair: pair[1].group or str(pair[0])):
            steps = list(members)
            blocks.append(_block(*steps[0]) if len(steps) == 1 else _side_by_side(group, steps))
        return blocks


_PREAMBLE = """\
#!/bin/sh
# {title}
set -u
exec </dev/null >>"$1/log" 2>&1 3>>"$1/events.jsonl"
unset DATABASE_URL PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE PGSERVICE
unset PGSERVICEFILE PGREQUIREAUTH PGREQUIREPEER PGCHANNELBINDING PGGSSENCMODE PGSSLMODE
unset PGREQUIRESSL PGSSLNEGOTIATION PGSSLCERT PGSSLKEY PGSSLROOTCERT PGTARGETSESSIONATTRS
unset PGLOADBALANCEHOSTS PGDATESTYLE PGTZ PGGEQO POSTGRES_HOST POSTGRES_PORT POSTGRES_USER
unset POSTGRES_PASSWORD POSTGRES_DB PYTHONPATH
export LC_ALL=C.UTF-8 PGCLIENTENCODING=UTF8
stopped=
trap 'stopped=130' INT
trap 'stopped=143' TERM HUP
event() {{ printf '%s,"at":%s}}\\n' "$1" "$(date +%s)" >&3; }}
begin() {{
    [ -z "$stopped" ] || exit "$stopped"
    event "{{\\"event\\":\\"begin\\",\\"step\\":$1,\\"title\\":$2"
    echo "--- step $1"
}}
end() {{
    [ -z "$stopped" ] || set -- "$1" "$stopped"
    event "{{\\"event\\":\\"end\\",\\"step\\":$1,\\"code\\":$2"
    [ "$2" -eq 0 ] || exit "$2"
}}
"""


def _block(number: int, step: Step) -> str:
    return "\n".join(
        [
            f"begin {number} {shlex.quote(_announced(step))}",
            "(",
            # With a trap, sh waits for the interrupted command, which may be rolling back.
            "trap : INT TERM HUP",
            "set -e",
            step.command,
            *([step.verify] if step.verify else []),
            ") 3>&-",
            f"end {number} $?",
            "",
        ]
    )


def _announced(step: Step) -> str:
    """Return the step's title, as JSON, with what its progress is counted by."""
    title = json.dumps(step.title, ensure_ascii=False)
    counted = f',"counts":{json.dumps(step.counts)},"total":{step.total}' if step.total else ""
    return f"{title}{counted}"


def _side_by_side(group: str, steps: list[tuple[int, Step]]) -> str:
    lines = [f"# side by side: {group}", "waiting="]
    for number, step in steps:
        own_log = f'exec >"$1/log.{number}" 2>&1'
        lines += ["(", own_log, _block(number, step).rstrip(), ') & waiting="$waiting $!"']
    return "\n".join([*lines, "failed=0", _JOIN, ""])


_JOIN = """\
for each in $waiting; do wait "$each" || failed=$?; done
[ -z "$stopped" ] || { wait; failed=$stopped; }
cat "$1"/log.*
rm -f "$1"/log.*
[ "$failed" -eq 0 ] || exit "$failed"\
"""
