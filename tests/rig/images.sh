#!/bin/sh
# Build the images that docker/*.yml run on in the tests, where no registry can be reached, each once: its
# tag holds a hash of what went into it. Prints POSTGRES_IMAGE=... and BASE_IMAGE=... As root, after engine.sh.
set -eu

started=$(date +%s)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
project=$(CDPATH='' cd -- "$here/../.." && pwd -P)
. "$here/apt.sh"

python_version=3.13

# The packages of core_api at the project's own bounds, as docker/Dockerfile takes them.
requirements() { grep -E '^(alembic|sqlalchemy|psycopg2-binary)[^a-z-]' "$project/requirements.txt"; }

digest() { sha256sum | cut -c 1-12; }

is_built() { docker image inspect "$1" >/dev/null 2>&1; }

build_base() {
    ! is_built "$base" || return 0
    install_packages debootstrap
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail 'apt knows no Debian mirror to build the images from'
    packages=$(paste -s -d , "$here/images/base.packages")
    say "building $base ($suite; about a minute)"
    debootstrap --variant=minbase --keyring="$keyring" --include="$packages" "$suite" "$scratch/root" "$mirror" \
        >"$scratch/log" 2>&1 || {
        tail -n 15 "$scratch/log" "$scratch/root/debootstrap/debootstrap.log" >&2
        fail 'debootstrap failed; its last lines are above'
    }
    rm -rf "$scratch/root/var/cache/apt/archives/"*.deb "$scratch/root/var/lib/apt/lists/"* \
        "$scratch/root/usr/share/doc" "$scratch/root/usr/share/man" "$scratch/root/var/lib/postgresql/17"
    tar -C "$scratch/root" -c . |
        docker import --change 'LABEL dbops-rig=true' - "$base" >/dev/null
    rm -rf "$scratch/root"
}

# build NAME FOLDER: on top of the base, from a copy of images/FOLDER.
build() {
    say "building $1"
    mkdir -p "$scratch/$2"
    cp -R "$here/images/$2/." "$scratch/$2/"
    docker build --quiet --label dbops-rig=true --build-arg BASE="$base" --tag "$1" "$scratch/$2" \
        >"$scratch/log" 2>&1 || {
        tail -n 15 "$scratch/log" >&2
        fail "docker build failed for $1; its last lines are above"
    }
}

build_python() {
    say "downloading the packages of core_api for Python $python_version"
    "${PYTHON:-python3}" -m venv "$scratch/venv"
    requirements >"$scratch/requirements.txt"
    "$scratch/venv/bin/pip" download --quiet --dest "$scratch/python/wheels" --only-binary=:all: \
        --implementation cp --python-version "$python_version" --platform "manylinux2014_$(uname -m)" \
        --platform "manylinux_2_28_$(uname -m)" --requirement "$scratch/requirements.txt" \
        >"$scratch/log" 2>&1 || {
        tail -n 15 "$scratch/log" >&2
        fail 'pip download failed; its last lines are above'
    }
    build "$python" python
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
exec 9>/var/lock/dbops-rig-images.lock
flock 9 # one builder at a time; the next one finds the images made

base=dbops-rig-base:$suite-$({ cat "$here/images/base.packages"; echo "$suite"; } | digest)
postgres=dbops-rig-postgres:17-$({ cat "$here/images/postgres/"*; echo "$base"; } | digest)
python=dbops-rig-python:$python_version-$({ cat "$here/images/python/"*; requirements; echo "$base"; } | digest)

is_built "$postgres" && is_built "$python" || build_base
is_built "$postgres" || build "$postgres" postgres
is_built "$python" || build_python
say 'the images are there'
echo "POSTGRES_IMAGE=$postgres"
echo "BASE_IMAGE=$python"
