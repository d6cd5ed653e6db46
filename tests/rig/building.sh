# Sourced, after apt.sh, by the scripts that build images: each once, its tag a hash of its inputs.
# shellcheck shell=sh disable=SC2154  # suite, keyring and here are theirs

python_version=3.13

digest() { sha256sum | cut -c 1-12; }

is_built() { docker image inspect "$1" >/dev/null 2>&1; }

# bootstrap NAME PACKAGES: a Debian with the packages that images/PACKAGES lists.
bootstrap() {
    ! is_built "$1" || return 0
    install_packages debootstrap
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail 'apt knows no Debian mirror to build the images from'
    say "building $1 ($suite; about a minute)"
    debootstrap --variant=minbase --keyring="$keyring" --include="$(paste -s -d , "$here/images/$2")" \
        "$suite" "$scratch/root" "$mirror" >"$scratch/log" 2>&1 || {
        tail -n 15 "$scratch/log" "$scratch/root/debootstrap/debootstrap.log" >&2
        fail 'debootstrap failed; its last lines are above'
    }
    rm -rf "$scratch/root/var/cache/apt/archives/"*.deb "$scratch/root/var/lib/apt/lists/"* \
        "$scratch/root/usr/share/doc" "$scratch/root/usr/share/man" "$scratch/root/var/lib/postgresql/17"
    tar -C "$scratch/root" -c . |
        docker import --change 'LABEL dbops-rig=true' - "$1" >/dev/null
    rm -rf "$scratch/root"
}

# build NAME FOLDER BASE: on top of the image BASE, from a copy of images/FOLDER.
build() {
    say "building $1"
    mkdir -p "$scratch/$2"
    cp -R "$here/images/$2/." "$scratch/$2/"
    docker build --quiet --label dbops-rig=true --build-arg BASE="$3" --tag "$1" "$scratch/$2" \
        >"$scratch/log" 2>&1 || {
        tail -n 15 "$scratch/log" >&2
        fail "docker build failed for $1; its last lines are above"
    }
}

# download_wheels FOLDER: what $scratch/requirements.txt names, for the images' Python.
download_wheels() {
    say "downloading packages for Python $python_version"
    "${PYTHON:-python3}" -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" download --quiet --dest "$scratch/$1/wheels" --only-binary=:all: \
        --implementation cp --python-version "$python_version" --platform "manylinux2014_$(uname -m)" \
        --platform "manylinux_2_28_$(uname -m)" --requirement "$scratch/requirements.txt" \
        >"$scratch/log" 2>&1 || {
        tail -n 15 "$scratch/log" >&2
        fail 'pip download failed; its last lines are above'
    }
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
exec 9>"/var/lock/dbops-rig-${0##*/}.lock"
flock 9 # one builder at a time; the next one finds everything made
