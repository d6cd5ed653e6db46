#!/bin/sh
# Make a Docker engine with compose v2 answer on this machine: install what is missing, start what does
# not run. Does nothing where both answer already. For Debian 12 and 13, as root.
set -eu

started=$(date +%s)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
. "$here/apt.sh"

log=/var/log/dbops-rig-dockerd.log
pid_files='/var/run/docker.pid /var/run/docker/containerd/containerd.pid'
plugins=/usr/libexec/docker/cli-plugins
answers_within=60

engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

compose_answers() { docker compose version >/dev/null 2>&1; }

# A file left by an engine that was killed names a process that is gone, or by now another program;
# dockerd refuses to start beside it.
remove_stale_pid_files() {
    for file in $pid_files; do
        [ -e "$file" ] || continue
        program=$(cat "/proc/$(cat "$file")/comm" 2>/dev/null) || program=
        case $program in dockerd | containerd) ;; *) rm -f "$file" ;; esac
    done
}

start_engine() {
    need_root_and_apt 'a running Docker engine'
    install_packages docker.io iptables
    engine_answers && return
    remove_stale_pid_files
    say 'starting dockerd'
    setsid --fork dockerd >"$log" 2>&1 </dev/null
    deadline=$(($(date +%s) + answers_within))
    until engine_answers; do
        if [ "$(date +%s)" -ge "$deadline" ]; then
            tail -n 15 "$log" >&2
            fail "dockerd does not answer after $answers_within s; its last lines are above"
        fi
        sleep 0.2
    done
}

# Debian 12 has no compose v2; the package of the next release is two static files.
install_compose() {
    need_root_and_apt 'docker compose v2'
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail 'docker compose v2 is missing, and apt knows no Debian mirror to get it from'
    say "installing docker compose from $suite"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    mkdir -p "$scratch/lists/partial" "$plugins"
    chown _apt "$scratch" # apt downloads as this user
    echo "deb [signed-by=$keyring] $mirror $suite main" >"$scratch/sources.list"
    set -- -o Dir::Etc::SourceList="$scratch/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$scratch/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    (
        cd "$scratch" &&
            apt-get "$@" update --quiet --quiet --error-on=any &&
            apt-get "$@" download --quiet --quiet docker-compose &&
            dpkg --extract docker-compose_*.deb unpacked
    ) >&2 || fail "docker compose could not be had from $mirror; the reason is above"
    install -m 755 "$scratch/unpacked$plugins/docker-compose" "$plugins/docker-compose"
    compose_answers || fail 'docker compose was installed and does not answer'
}

engine_answers || start_engine
compose_answers || install_compose
say "docker $(docker version --format '{{.Server.Version}}'), compose $(docker compose version --short)"
