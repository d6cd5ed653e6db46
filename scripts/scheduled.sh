#!/bin/sh
# Run a command that nobody watches: never twice at once, bounded in time, logged and reported.
#
#   scheduled.sh --state DIR --timeout SECONDS [--ping-url-file FILE] -- COMMAND...
#
# DIR keeps `lock`, `last_ok` (when the command last succeeded, UTC), `skips` (a line for each skip in
# a row) and `logs`, what the newest 30 runs wrote. FILE, mode 0600, holds one http or https URL. It is
# a secret: no argument, variable of the environment, log or message has it. URL/start is asked before
# the command and URL/CODE after it, also when it was refused, crashed or was stopped; whether anybody
# answers changes nothing.
# Exit codes: the command's own, or 4 usage, 75 skipped, 124 out of time, 129, 130 or 143 stopped.
# A skip is no failure: a command that ends with 75 is reported as 0, but from the third in a row on as
# 75, for work that is always skipped is not done. A run that finds another one going on reports
# nothing: the other one does, and must not look finished before it is.
# Needs flock, timeout and, for the pings, curl or GNU wget.
set -u
umask 077
logs_kept=30 skips_forgiven=2 grace_seconds=60 ping_seconds=60
# A variable that comes from outside stays exported, whatever is assigned to it.
unset url
state='' seconds='' file='' url='' child='' stopped='' log=''

say() { printf '%s\n' "$*" >&2; }
usage() { say "error: $1; read the head of $0" && exit 4; }
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

read_url() {
    [ -n "$file" ] || return 0
    if [ -n "$(find -L "$file" -prune -type f ! -perm /077 2>/dev/null)" ]; then
        IFS= read -r url <"$file" || :
    fi
    case $url in
    *[![:graph:]]* | *[\"\\?#]*) url='' ;;
    http://?* | https://?*) url=${url%/} ;;
    *) url='' ;;
    esac
    [ -n "$url" ] || say "no ping is sent: $file must be a file of mode 0600 with one plain URL"
}

# The URL goes through a pipe from a builtin; what the programs say of it goes nowhere.
ping() {
    [ -n "$url" ] || return 0
    if command -v curl >/dev/null; then
        printf 'url = "%s/%s"\n' "$url" "$1" |
            timeout "$ping_seconds" curl -q -fsS -m 10 --retry 3 -o /dev/null --config - 2>/dev/null
    else
        printf '%s/%s\n' "$url" "$1" |
            timeout "$ping_seconds" wget -q -T 10 -t 4 -O /dev/null -i - 2>/dev/null
    fi || say "the ping $1 was not delivered (exit code $?)"
}

finish() {
    code=$?
    trap - EXIT
    trap '' HUP INT TERM
    report=$code
    case $code in
    0) succeeded ;;
    75) skipped ;;
    *) failed ;;
    esac
    ping "$report"
    keep_newest "$state"/logs/*.log
    exit "$code"
}

succeeded() {
    now >"$state/last_ok.new" && mv -f -- "$state/last_ok.new" "$state/last_ok"
    rm -f -- "$state/skips"
    echo "succeeded; its output is in $log"
}

skipped() {
    now >>"$state/skips"
    [ "$(wc -l <"$state/skips")" -gt "$skips_forgiven" ] || report=0
    echo "skipped; its output is in $log"
}

failed() {
    rm -f -- "$state/skips"
    [ "$code" -ne 124 ] || say "it was not done within $seconds seconds"
    say "failed with exit code $code${log:+; the end of $log:}"
    [ -z "$log" ] || tail -n 20 -- "$log" >&2
}

keep_newest() {
    while [ $# -gt "$logs_kept" ]; do
        rm -f -- "$1"
        shift
    done
}

stop() {
    stopped=$1
    [ -n "$child" ] || exit "$stopped"
    # timeout passes it on to all the command started, and follows with KILL.
    kill -TERM "$child" 2>/dev/null
}

take_lock() {
    mkdir -p -- "$state/logs" || exit 1
    exec 9>>"$state/lock"
    flock -n -E 75 9 && return
    code=$?
    [ "$code" -eq 75 ] || exit "$code"
    trap - EXIT
    echo "skipped; the run before it still goes on"
    exit 75
}

# The command inherits the lock: were this script killed, it would still be held for as long.
run() {
    log=$state/logs/$(date -u +%Y%m%dT%H%M%SZ)-$$.log
    timeout --kill-after="$grace_seconds" "$seconds" "$@" </dev/null >"$log" 2>&1 &
    child=$!
    code=0
    wait "$child" || code=$?
    # A signal ends wait, not the command.
    while kill -0 "$child" 2>/dev/null; do wait "$child" || code=$?; done
    code=${stopped:-$code}
    echo "--- $(now) exit code $code" >>"$log"
    exit "$code"
}

while [ $# -gt 0 ]; do
    case $1 in
    --) shift && break ;;
    --state | --timeout | --ping-url-file) [ $# -gt 1 ] || usage "$1 needs a value" ;;
    *) usage "unknown option $1" ;;
    esac
    case $1 in --state) state=$2 ;; --timeout) seconds=$2 ;; *) file=$2 ;; esac
    shift 2
done
case $seconds in '' | 0* | *[!0-9]*) usage "--timeout needs a number of seconds" ;; esac
case $state in /*) ;; *) usage "--state needs an absolute path" ;; esac
[ $# -gt 0 ] || usage "there is no command"

# What works only while somebody is logged in must fail the first time, not on the day they leave.
unset SSH_AUTH_SOCK SSH_ASKPASS DISPLAY
export GIT_TERMINAL_PROMPT=0 SSH_ASKPASS_REQUIRE=never
export HOME="${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}"

read_url
trap finish EXIT
trap 'stop 129' HUP
trap 'stop 130' INT
trap 'stop 143' TERM
CDPATH='' cd -- "$(dirname -- "$0")/.." || exit 1
take_lock
ping start
run "$@"
