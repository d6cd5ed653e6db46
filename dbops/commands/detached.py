"""The scripts of a run that outlives its connection: start, supervise, follow, cancel.

The supervisor is a session of its own with every descriptor redirected; it holds the environment's
lock as descriptor 9, which all it starts inherit, writes the journal, and leaves `rc` when it ends.
"""

# ruff: noqa: E501 -- shell text is read by its lines
from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dbops.commands.shell import with_environment, words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BEAT_SECONDS = 5
LOCK_SECONDS = 3
LOG_CHARACTERS = 1000
# Half seconds until a cancelled run is interrupted as a whole, terminated, and given up.
PATIENCE = (20, 40, 60)

# Adds one line to the journal: its members come as JSON text without the braces. The hash is that
# of all before it, so that sh and Python write one chain (dbops/journal.py).
JOURNAL = r"""
journal() {
    (
        flock 8
        [ ! -s "$home/journal.jsonl" ] || [ "$(tail -c 1 "$home/journal.jsonl" | wc -l)" -eq 1 ] || echo >&8
        last=$(grep -a -E '"hash":"[0-9a-f]{64}"\}$' "$home/journal.jsonl" | tail -n 1)
        number=$(printf '%s' "$last" | LC_ALL=C sed -n 's/^{"sequence":\([0-9]*\),.*/\1/p')
        before=$(printf '%s' "$last" | LC_ALL=C sed -n 's/.*"hash":"\([0-9a-f]*\)"}$/\1/p')
        line="{\"sequence\":$((${number:-0} + 1)),\"at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\",$1,\"previous\":\"$before\""
        printf '%s,"hash":"%s"}\n' "$line" "$(printf '%s' "$line" | sha256sum | cut -c 1-64)" >&8 || exit
        sync "$home/journal.jsonl" 2>/dev/null || :
    ) 8>>"$home/journal.jsonl"
}
"""

# Is a process of the run alive? The lock says so: it dies with them, while their number may be
# another's after a restart of the host.
_GOES_ON = r"""
goes_on() {
    ! flock --shared --nonblock "$home/lock" true 2>/dev/null && grep -q -F "\"run\":\"$run\"" "$home/lock"
}
"""

# The steps of the run in $dir, as JSON, from its events.
_STEPS = r"""
steps() {
    awk '
    /"event":"begin".*"at":[0-9]+}$/ { match($0, /"step":[0-9]+/); n = substr($0, RSTART + 7, RLENGTH - 7)
        match($0, /"title":"([^"\\]|\\.)*"/); title[n] = substr($0, RSTART, RLENGTH)
        match($0, /"at":[0-9]+/); at[n] = substr($0, RSTART + 5, RLENGTH - 5); order[++count] = n }
    /"event":"end".*"at":[0-9]+}$/ { match($0, /"step":[0-9]+/); n = substr($0, RSTART + 7, RLENGTH - 7)
        match($0, /"code":[0-9]+/); code[n] = substr($0, RSTART + 7, RLENGTH - 7)
        match($0, /"at":[0-9]+/); took[n] = substr($0, RSTART + 5, RLENGTH - 5) - at[n] }
    END { for (i = 1; i <= count; i++) { n = order[i]
        printf "%s{%s,\"seconds\":%s,\"code\":%s}", (i > 1 ? "," : ""), title[n],
            (n in took ? took[n] : "null"), (n in code ? code[n] : "null") } }
    ' "$dir/events.jsonl" 2>/dev/null
}
"""

_SUPERVISE = r"""
cd / || exit
trap : INT TERM HUP
echo $$ >"$dir/pid"
began=$(date +%s)
sh -c 'echo $$ >"$0/runner"; exec sh "$0/run.sh" "$0"' "$dir"
code=$?
now=$(after 2>/dev/null)
journal "\"event\":\"end\",\"run\":\"$run\",\"code\":$code,\"seconds\":$(($(date +%s) - began)),\"steps\":[$(steps)]${now:+,$now}"
echo "$code" >"$dir/rc.partial" && mv "$dir/rc.partial" "$dir/rc"
"""


def start(  # noqa: PLR0913  what a run is made of
    home: Path,
    run: str,
    script: str,
    *,
    plan: str,
    holder: str,
    begin: str,
    after: str,
    keep: int,
    frees: bool,
    variables: Mapping[str, str],
) -> str:
    """Return the script that takes the lock and starts SCRIPT, detached.

    It prints `busy` and the holder and ends with 75 when somebody has the lock.

    Args:
        home: the environment's directory on the host.
        run: the run's id, which names its directory.
        script: the runbook's text.
        plan: the first digits of its sha256; what arrived must have the same.
        holder: who, verb and since, as JSON, for those who wait.
        begin: the members of the journal's first line, JSON without braces.
        after: shell text that prints more members for its last line, once the run has ended.
        keep: how many runs are kept.
        frees: it also runs while somebody has locked the environment by hand.
        variables: what the commands of the run are told; nothing secret.
    """
    names = _names(home, run)
    ending = f"{JOURNAL}{_STEPS}after() {{\n{after}\n}}\n"
    supervise = f"{names}\n{ending}{_SUPERVISE}"
    held = "" if frees else _HELD
    launch = words("setsid", "--fork", "sh", home / "runs" / run / "supervise.sh")
    return f"""\
{names}
{ending}
mkdir -p -m 700 "$home/runs" || exit 1
exec 9>>"$home/lock"
flock --exclusive --timeout {LOCK_SECONDS} 9 || {{ printf 'busy %s\\n' "$(cat "$home/lock")"; exit 75; }}
{held}
{_RECOVER}
mkdir -p -m 700 "$dir" || exit 1
{_written("run.sh", script)}
{_written("supervise.sh", supervise)}
case $(sha256sum <"$dir/run.sh") in {plan}*) ;; *) echo 'the script did not arrive whole'; exit 1 ;; esac
: >"$dir/log"; : >"$dir/events.jsonl"
printf '%s\\n' {shlex.quote(holder)} >"$home/lock"
journal {shlex.quote(begin)} || {{ echo 'the journal cannot be written'; exit 1; }}
# Never this one: its name is the time of another machine, whose clock may be behind.
ls -1 "$home/runs" | grep -v -x -F -e "$run" | sort -r | tail -n +{keep} |
    while IFS= read -r old; do rm -rf "$home/runs/$old"; done
{with_environment(variables, launch)} </dev/null >>"$dir/log" 2>&1 || exit 1
echo started
"""


_HELD = """\
[ ! -s "$home/hold.json" ] || { printf 'held %s\\n' "$(cat "$home/hold.json")"; exit 75; }"""


def entry(home: Path, members: str) -> str:
    """Return the script that adds one line, MEMBERS, to the journal."""
    return f"""\
home={words(home)}
{JOURNAL}
mkdir -p -m 700 "$home" && journal {shlex.quote(members)}
"""


def _written(name: str, text: str) -> str:
    mark = f"END-OF-{name}-{_unused(text)}"
    return f"cat >\"$dir/{name}\" <<'{mark}'\n{text.rstrip(chr(10))}\n{mark}"


def _unused(text: str) -> str:
    """Return a word that is no line of TEXT."""
    mark = "0"
    while mark in text:
        mark += "0"
    return mark


# The lock was free: what began and did not end was killed, or died with its host.
_RECOVER = r"""
last=$(grep -a -E '"event":"(begin|end)"' "$home/journal.jsonl" 2>/dev/null | tail -n 1)
case $last in *'"event":"begin"'*)
    lost=$(printf '%s' "$last" | sed -n 's/.*"run":"\([^"]*\)".*/\1/p')
    (
        dir=$home/runs/$lost code=null
        grep -q '"event":"done"' "$dir/events.jsonl" 2>/dev/null && code=0
        [ ! -s "$dir/rc" ] || code=$(cat "$dir/rc")
        now=$(after 2>/dev/null)
        journal "\"event\":\"end\",\"run\":\"$lost\",\"code\":$code,\"recovered\":true,\"steps\":[$(steps)]${now:+,$now}"
    ) ;;
esac
"""


def start_and_follow(start: str, follow: str) -> str:
    """Return the script that runs START and, once that is done, FOLLOW, which holds no lock."""
    return f"(\n{start}\n) || exit\n{follow}"


def follow(home: Path, run: str) -> str:
    """Return the script that shows RUN from its beginning to its end, and beats in between.

    Lines begin with `event `, `log ` or `beat`; the last are `rc ` with the exit code, or `lost`
    when the run ended without one. A long line of the log is cut: what is longer than a pipe takes
    at once would be torn by the other stream.
    """
    shown = 'tail --lines=+1 --follow --sleep-interval=0.1 --pid="$watcher"'
    return f"""\
{_names(home, run)}
{_GOES_ON}
[ -d "$dir" ] || {{ echo missing; exit 1; }}
( while [ ! -s "$dir/rc" ] && goes_on; do flock --shared --timeout 1 "$home/lock" true; done ) & watcher=$!
{shown} "$dir/log" 2>/dev/null | sed --unbuffered 's/^/log /; s/\\(.\\{{{LOG_CHARACTERS}\\}}\\).*/\\1/' &
{shown} "$dir/events.jsonl" 2>/dev/null | sed --unbuffered 's/^/event /' & followers=$!
while kill -0 "$watcher" 2>/dev/null; do echo beat; sleep {BEAT_SECONDS} >/dev/null 2>&1; done & beats=$!
wait "$watcher"
wait "$followers"; kill "$beats" 2>/dev/null
wait
echo
[ -s "$dir/rc" ] && echo "rc $(cat "$dir/rc")" || echo lost
"""


def cancel(home: Path, run: str, sessions: str) -> str:
    """Return the script that stops RUN: its shells, and by SESSIONS what it does in the database.

    A program in a container outlives the client that is interrupted, so its sessions end first, as
    often as it opens new ones; only what then still runs is interrupted itself. The script prints
    `ended` when there was nothing to stop, `interrupted`, or `stubborn` when it goes on.
    """
    # dash takes a negative number behind `-s INT --`, and not behind `-INT --`.
    interrupt, terminate, give_up = PATIENCE
    return f"""\
{_names(home, run)}
{_GOES_ON}
goes_on || {{ echo ended; exit 0; }}
kill -s INT "$(cat "$dir/runner")" 2>/dev/null
n=0
while [ ! -s "$dir/rc" ] && goes_on; do
    n=$((n + 1))
    timeout 10 {sessions} >/dev/null 2>&1
    case $n in
        {interrupt}) kill -s INT -- "-$(cat "$dir/pid")" ;;
        {terminate}) kill -s TERM -- "-$(cat "$dir/pid")" ;;
        {give_up}) echo stubborn; exit 1 ;;
    esac
    sleep 0.5
done
echo interrupted
"""


def _names(home: Path, run: str) -> str:
    return f"home={words(home)} run={words(run)} dir={words(home / 'runs' / run)}"
