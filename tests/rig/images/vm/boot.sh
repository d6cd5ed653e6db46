#!/bin/sh
# Start the machine's services and keep sshd running, as an init system does. /run is a tmpfs, so that no
# process id of the life before stops dockerd. ENGINE=no leaves dockerd out.
set -eu

shut_down() {
    trap - TERM
    [ -z "$engine" ] || kill "$engine" 2>/dev/null || :
    [ -z "$engine" ] || wait "$engine" || :
    exit 0
}

engine=
trap shut_down TERM
mkdir -p /run/sshd
# /proc/sys is read-only here, and dockerd would rather have no container than one with IPv6 left on.
export DOCKER_ALLOW_IPV6_ON_IPV4_INTERFACE=1
if [ "${ENGINE:-yes}" = yes ]; then
    dockerd >>/var/log/dockerd.log 2>&1 &
    engine=$!
fi
while :; do
    /usr/sbin/sshd -D -e 2>>/var/log/sshd.log &
    wait $! || :
    sleep 0.2
done
