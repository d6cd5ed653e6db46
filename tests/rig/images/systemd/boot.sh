#!/bin/sh
# The engine may give a container cgroups of version 1, on which systemd no longer starts. The unified
# hierarchy is there in any case; in a namespace of its own its root is the container.
set -eu
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec /lib/systemd/systemd
