#!/bin/sh
# Build the image of the rig's machines, and a volume with what their Docker engines start from: the images
# of the services and the layers of core_api. Each is made once, its name a hash of its inputs. Prints
# VM_IMAGE=... and ENGINE_SEED=..., after what images.sh prints. As root, after engine.sh.
set -eu

started=$(date +%s)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
project=$(CDPATH='' cd -- "$here/../.." && pwd -P)
. "$here/apt.sh"
. "$here/building.sh"

in_seed() { docker exec --interactive "$seed" "$@"; }

is_seeded() {
    docker volume inspect "$seed" >/dev/null 2>&1 &&
        docker run --rm --volume "$seed:/seed" "$vm" test -e /seed/complete
}

boot_seed() {
    docker rm --force "$seed" >/dev/null 2>&1 || :
    docker volume rm "$seed" >/dev/null 2>&1 || :
    docker volume create --label dbops-rig=true "$seed" >/dev/null
    docker run --detach --init --network none --name "$seed" --label dbops-rig=true --tmpfs /run:exec \
        --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined \
        --security-opt apparmor=unconfined --volume /sys/fs/cgroup:/sys/fs/cgroup:rw \
        --volume "$seed:/var/lib/docker" "$vm" >/dev/null
    in_seed timeout 60 sh -c 'until docker version; do sleep 0.2; done' </dev/null >"$scratch/log" 2>&1 || {
        in_seed tail -n 15 /var/log/dockerd.log >&2
        fail 'the Docker engine inside a VM does not answer; its last lines are above'
    }
}

# The image is thrown away: what a VM's own build needs are the layers it leaves behind.
build_core_api() {
    in_seed mkdir /tmp/project </dev/null
    tar -C "$project" -c .dockerignore app docker requirements.txt | in_seed tar -C /tmp/project -x
    in_seed env POSTGRES_PASSWORD=unused BASE_IMAGE="$python" docker compose --project-name seed \
        --project-directory /tmp/project --file /tmp/project/docker/docker-compose.prod.yml build --quiet \
        </dev/null >"$scratch/log" 2>&1 || {
        tail -n 30 "$scratch/log" >&2
        fail 'core_api could not be built inside a VM; the last lines are above'
    }
    in_seed docker image rm seed-core_api </dev/null >/dev/null
}

fill_seed() {
    say "filling $seed (half a minute)"
    trap 'docker rm --force "$seed" >/dev/null 2>&1; rm -rf "$scratch"' EXIT
    boot_seed
    docker save "$postgres" "$python" | in_seed docker load --quiet >/dev/null
    build_core_api
    in_seed touch /var/lib/docker/complete </dev/null
    docker stop "$seed" >/dev/null # dockerd writes down what it knows
    docker rm "$seed" >/dev/null
}

sh "$here/images.sh" >"$scratch/images"
postgres=$(sed -n 's/^POSTGRES_IMAGE=//p' "$scratch/images")
python=$(sed -n 's/^BASE_IMAGE=//p' "$scratch/images")

install_packages git openssh-client
debian=dbops-rig-debian:$suite-$({ cat "$here/images/vm.packages"; echo "$suite"; } | digest)
vm=dbops-rig-vm:$suite-$({ cat "$here/images/vm/"*; echo "$debian"; } | digest)
is_built "$vm" || bootstrap "$debian" vm.packages
is_built "$vm" || build "$vm" vm "$debian"
seed=dbops-rig-seed-$({ echo "$vm $postgres $python"; cat "$project/docker/Dockerfile" \
    "$project/docker/common.yml" "$project/requirements.txt"; } | digest)
is_seeded || fill_seed
say 'the image and the volume are there'
cat "$scratch/images"
echo "VM_IMAGE=$vm"
echo "ENGINE_SEED=$seed"
