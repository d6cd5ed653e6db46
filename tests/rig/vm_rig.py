"""A jump host and two VMs, each with its own Docker engine, and a laptop that reaches them."""

from __future__ import annotations

import shlex
import shutil
import socket
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rig import hosts
from rig.evidence import snapshot
from rig.faults import HOST_KEY, Faults
from rig.hosts import BARE, CHECKOUT, LABEL, Machine, Put
from rig.keys import Key, new_key
from rig.laptop import Laptop, make_checkout, point_at_rig, write_ssh
from rig.machine import must, succeeded

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

CANARY = 'canary $(id) "quoted"; correct horse'
SHORT = {"vm_stg": "stg", "vm_prod": "prod"}
ENV_FILE = """\
POSTGRES_PASSWORD='{password}'
POSTGRES_IMAGE={images[POSTGRES_IMAGE]}
BASE_IMAGE={images[BASE_IMAGE]}
HEALTH_INTERVAL=1s
"""
CLONE = f"""\
deadline=$(($(date +%s) + 30))
until git ls-remote jump:{BARE} >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || break
    sleep 0.1
done
git clone --quiet deploy@jump:{BARE} .
"""
EMPTY = """\
pkill -KILL -u deploy -f '[/]runs/' || test $? = 1
docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes
docker volume ls --quiet | xargs --no-run-if-empty docker volume rm
docker network prune --force
rm -rf ~/.local ~/.config ~/.cache
git fetch --quiet && git checkout --quiet --force -B main "$FIRST" && git clean -ffdxq -e '.env.*'
"""


@dataclass(frozen=True)
class Rig(Faults):
    """Machines `jump`, `vm_stg` and `vm_prod`, and the laptop; the jump host alone has a port here.

    Attributes:
        laptop: the laptop's checkout.
        port: the jump host's port on 127.0.0.1.
        first: the only commit of main when the rig was made.
    """

    prefix: str
    label: str
    images: Mapping[str, str]
    machines: Mapping[str, Machine]
    host_keys: Mapping[str, Key]
    laptop_machine: Laptop
    port: int
    first: str

    @property
    def laptop(self) -> Path:
        return self.laptop_machine.checkout

    def laptop_run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run fab on the laptop as a user without a terminal types it."""
        return self.laptop_machine.run(*self.laptop_machine.command(*words), **variables)

    def ssh(self, host: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the laptop's OpenSSH does; to a VM that is through the jump host."""
        words = ("ssh", "-F", str(self.laptop_machine.ssh_config), self.machines[host].name)
        return self.laptop_machine.run(*words, command)

    def on(
        self, host: str, script: str, *, user: str = "deploy", sent: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script on a machine, never through SSH; it starts in the checkout."""
        return self.machines[host].on(script, user=user, sent=sent)

    def psql(self, host: str, *statements: str, database: str | None = None) -> str:
        """Return what the statements print, unaligned, without headers; each commits by itself."""
        options = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
        who = ("--username=postgres", f"--dbname={database or f'sanbou_{SHORT[host]}'}")
        words = ("psql", *options, *who, *(f"--command={each}" for each in statements))
        inside = f"docker exec {host}-db-1 {shlex.join(words)}"
        return succeeded(self.on(host, inside))

    def compose(self, host: str, *words: str) -> str:
        """Run docker compose on a VM as deploy, which has to succeed."""
        short = SHORT[host]
        file = f"docker/docker-compose.{short}.yml"
        compose = f"docker compose --project-directory . --project-name {host} --file {file}"
        return succeeded(self.on(host, f"{compose} --env-file .env.{short} {shlex.join(words)}"))

    def start(self, host: str) -> None:
        """Start the services of a VM and wait until they are healthy."""
        self.compose(host, "up", "--detach", "--build", "--wait")

    def commit(self, files: Mapping[str, str], message: str) -> str:
        """Commit FILES, by path, on the laptop's main, push them, and return the commit's sha."""
        git = self.laptop_machine.git
        for path, text in files.items():
            target = self.laptop / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        git("add", "--", *files)
        git("commit", "--quiet", f"--message={message}")
        git("push", "--quiet", "origin", "main")
        return git("rev-parse", "HEAD")

    def rewind(self) -> None:
        """Put main back to its first commit, on the laptop and on the jump host."""
        git = self.laptop_machine.git
        git("reset", "--quiet", "--hard", self.first)
        git("push", "--quiet", "--force", "origin", "main")

    def fresh(self, host: str) -> None:
        """Make a VM as it was at first: no container, volume, backup or run; the first commit."""
        succeeded(self.on(host, f"set -e\nFIRST={self.first}\n{EMPTY}"))

    def snapshot_of(self, host: str) -> dict[str, str]:
        """Return what the VM holds: database, containers, volumes, checkout and backups."""
        return snapshot(self.machines[host])

    def remove(self) -> None:
        """Remove the containers, volumes and networks of this rig, and the laptop."""
        hosts.remove(self.label)
        shutil.rmtree(self.laptop_machine.home, ignore_errors=True)


def make_rig(images: Mapping[str, str], name: str | None = None, home: Path | None = None) -> Rig:
    """Make a rig and wait until it can be used; the caller removes it.

    Args:
        images: what vm_images.sh prints.
        name: sets its containers, volumes and networks apart; one nobody else has when left out.
        home: the laptop's home directory, which must not exist; a temporary one when left out.

    Raises:
        RuntimeError: a machine could not be made; all that was made is removed.
    """
    name = name or uuid.uuid4().hex[:8]
    prefix = f"dbops-rig-{name}"
    laptop = Laptop(home or Path(tempfile.mkdtemp(prefix=f"{prefix}-")))
    machines = {
        "jump": Machine("jump", f"{prefix}-jump", BARE),
        "vm_stg": Machine("vm-stg", f"{prefix}-stg", CHECKOUT),
        "vm_prod": Machine("vm-prod", f"{prefix}-prod", CHECKOUT),
    }
    keys = {host: new_key() for host in machines}
    label = f"{LABEL}={name}"
    rig = Rig(prefix, label, images, machines, keys, laptop, _free_port(), "")
    try:
        return _start(rig)
    except BaseException:
        rig.remove()
        raise


def _start(rig: Rig) -> Rig:
    laptop, machines, keys = rig.laptop_machine, rig.machines, rig.host_keys
    key = new_key()
    reached = {f"[127.0.0.1]:{rig.port}": "jump", "vm-stg": "vm_stg", "vm-prod": "vm_prod"}
    known = "".join(keys[host].known(name) for name, host in reached.items())
    write_ssh(laptop, key.private, known, rig.port)
    bare = make_checkout(laptop)
    subnet = hosts.make_networks(rig.prefix, rig.label, rig.images["VM_IMAGE"])
    jump = machines["jump"]
    hosts.create_jump(jump, rig.images["VM_IMAGE"], rig.prefix, rig.label, rig.port)
    hosts.send_tree(jump.container, bare, BARE)
    shutil.rmtree(bare)
    own = {host: new_key() for host in SHORT}
    _admit(rig, "jump", key, *own.values())
    must("start", jump.container)
    with ThreadPoolExecutor() as pool:
        start = partial(_start_vm, rig, key, subnet)
        list(pool.map(start, own, own.values(), (11, 12)))
    point_at_rig(laptop, {"stg.example.com": "vm-stg", "prod.example.com": "vm-prod"}, rig.port)
    laptop.git("fetch", "--quiet", "origin")
    laptop.git("branch", "--quiet", "--set-upstream-to=origin/main")
    return Rig(**{**vars(rig), "first": laptop.git("rev-parse", "HEAD")})


def _start_vm(rig: Rig, key: Key, subnet: str, host: str, own: Key, last: int) -> None:
    machine = rig.machines[host]
    hosts.create_vm(machine, rig.images, rig.prefix, rig.label, f"{subnet}.{last}")
    _admit(rig, host, key)
    known = rig.host_keys["jump"].known("jump")
    ssh = {"id_ed25519": own.private, "known_hosts": known}
    machine.put({f"/home/deploy/.ssh/{file}": Put(text) for file, text in ssh.items()})
    must("start", machine.container)
    succeeded(machine.on(CLONE))
    text = ENV_FILE.format(password=CANARY, images=rig.images)
    machine.put({f"{CHECKOUT}/.env.{SHORT[host]}": Put(text)})
    machine.wait_for_engine()


def _admit(rig: Rig, host: str, *keys: Key) -> None:
    admitted = "".join(f"{key.public}\n" for key in keys)
    files = {
        "/home/deploy/.ssh/authorized_keys": Put(admitted),
        HOST_KEY: Put(rig.host_keys[host].private, owner=0),
    }
    rig.machines[host].put(files)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
