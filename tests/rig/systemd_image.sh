#!/bin/sh
# Build the image of a machine that systemd runs, once: its tag holds a hash of what went into it. Prints
# SYSTEMD_IMAGE=... As root, after engine.sh.
set -eu

started=$(date +%s)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
project=$(CDPATH='' cd -- "$here/../.." && pwd -P)
. "$here/apt.sh"
. "$here/building.sh"

build_systemd() {
    mkdir -p "$scratch/systemd"
    cp "$project/requirements.txt" "$scratch/systemd/"
    grep -v -- -postgres "$project/requirements.txt" >"$scratch/requirements.txt"
    download_wheels systemd
    build "$image" systemd "$python"
}

sh "$here/images.sh" >"$scratch/images"
python=$(sed -n 's/^BASE_IMAGE=//p' "$scratch/images")
image=dbops-rig-systemd:$suite-$({ cat "$here/images/systemd/"* "$project/requirements.txt"; echo "$python"; } | digest)
is_built "$image" || build_systemd
say 'the image is there'
echo "SYSTEMD_IMAGE=$image"
