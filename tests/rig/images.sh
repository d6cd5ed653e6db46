#!/bin/sh
# Build the images that docker/*.yml run on in the tests, where no registry can be reached, each once: its
# tag holds a hash of what went into it. Prints POSTGRES_IMAGE=... and BASE_IMAGE=... As root, after engine.sh.
set -eu

started=$(date +%s)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
project=$(CDPATH='' cd -- "$here/../.." && pwd -P)
. "$here/apt.sh"
. "$here/building.sh"

# The packages of core_api at the project's own bounds, as docker/Dockerfile takes them.
requirements() { grep -E '^(alembic|sqlalchemy|psycopg2-binary)[^a-z-]' "$project/requirements.txt"; }

build_python() {
    requirements >"$scratch/requirements.txt"
    download_wheels python
    build "$python" python "$base"
}

base=dbops-rig-base:$suite-$({ cat "$here/images/base.packages"; echo "$suite"; } | digest)
postgres=dbops-rig-postgres:17-$({ cat "$here/images/postgres/"*; echo "$base"; } | digest)
python=dbops-rig-python:$python_version-$({ cat "$here/images/python/"*; requirements; echo "$base"; } | digest)

is_built "$postgres" && is_built "$python" || bootstrap "$base" base.packages
is_built "$postgres" || build "$postgres" postgres "$base"
is_built "$python" || build_python
say 'the images are there'
echo "POSTGRES_IMAGE=$postgres"
echo "BASE_IMAGE=$python"
