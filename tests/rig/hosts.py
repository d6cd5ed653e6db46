"""Machines that are containers with a Docker engine of their own, and the networks between them."""

from __future__ import annotations

import io
import random
import tarfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from rig.machine import docker, must

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

DEPLOY = 1000
CHECKOUT = "/srv/sanbou_app"
BARE = "/srv/git/sanbou_app.git"
LABEL = "dbops-rig-name"
# What an engine inside a container needs; --privileged asks for more than some machines may give.
PRIVILEGES = (
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    "--cap-add=SYS_PTRACE",  # runc joins the namespaces of another user's process
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
)
# Everything an image holds is read-only for an engine, so hard links to the seed's layers will do.
COPY_SEED = """\
cp -al "/volumes/$1/_data/overlay2" "/volumes/$2/_data/" &&
cd "/volumes/$1/_data" && find . -mindepth 1 -maxdepth 1 ! -name overlay2 ! -name complete |
    xargs cp -a -t "/volumes/$2/_data/"
"""


class Put(NamedTuple):
    """A file for a machine: its text, its mode, and the id of its owner."""

    text: str
    mode: int = 0o600
    owner: int = DEPLOY


@dataclass(frozen=True)
class Machine:
    """One machine of a rig: `name` is what the others call it, `home` where its programs start."""

    name: str
    container: str
    directory: str

    def on(
        self, script: str, *, user: str = "deploy", sent: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script on the machine without SSH, in its checkout or repository."""
        where = (f"--user={user}", f"--workdir={self.directory}", "--env=LC_ALL=C.UTF-8")
        return docker(
            "exec", "--interactive", *where, self.container, "sh", "-c", script, sent=sent
        )

    def put(self, files: Mapping[str, Put]) -> None:
        """Write files by their absolute paths; also into a machine that does not run yet."""
        _send(self.container, files)

    def wait_for_engine(self) -> None:
        ready = "timeout 60 sh -c 'until docker version; do sleep 0.1; done' >/dev/null 2>&1"
        if self.on(ready, user="root").returncode:
            log = self.on("tail -n 20 /var/log/dockerd.log", user="root").stdout
            raise RuntimeError(f"{self.name}: its Docker engine does not answer\n{log}")


def _send(container: str, files: Mapping[str, Put]) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, (text, mode, owner) in files.items():
            content = text.encode()
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(content), mode
            member.uid = member.gid = owner
            archive.addfile(member, io.BytesIO(content))
    must("cp", "--archive", "-", f"{container}:/", sent=stream.getvalue())


def send_tree(container: str, source: Path, directory: str) -> None:
    """Copy a folder of this machine to DIRECTORY, as deploy's."""

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = DEPLOY
        return member

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(source, directory.lstrip("/"), filter=owned)
    must("cp", "--archive", "-", f"{container}:/", sent=stream.getvalue())


def make_networks(prefix: str, label: str, image: str) -> str:
    """Make PREFIX-outside and PREFIX-inside; return the first three numbers of inside's addresses.

    This machine has no address inside: nobody gets there but through the jump host.
    """
    must("network", "create", f"--label={label}", f"{prefix}-outside")
    subnet = _make_inside(prefix, label)
    network = must("network", "inspect", "--format={{.Id}}", f"{prefix}-inside")
    flush = ("ip", "address", "flush", "dev", f"br-{network[:12]}")
    must("run", "--rm", "--network=host", "--cap-add=NET_ADMIN", image, *flush)
    return subnet


def _make_inside(prefix: str, label: str) -> str:
    for _ in range(50):
        subnet = f"10.{random.randint(64, 250)}.{random.randint(0, 255)}"
        chosen = (f"--label={label}", f"--subnet={subnet}.0/24", f"{prefix}-inside")
        done = docker("network", "create", "--internal", *chosen)
        if not done.returncode:
            return subnet
    raise RuntimeError(f"no free network: {done.stderr}")


def create_jump(machine: Machine, image: str, prefix: str, label: str, port: int) -> None:
    must(
        "create",
        *("--init", f"--name={machine.container}", f"--hostname={machine.name}"),
        *(f"--label={label}", "--tmpfs=/run:exec", "--cap-add=NET_ADMIN", "--env=ENGINE=no"),
        *(f"--network={prefix}-outside", f"--publish=127.0.0.1:{port}:22", image),
    )
    inside = f"{prefix}-inside"
    must("network", "connect", f"--alias={machine.name}", inside, machine.container)


def create_vm(
    machine: Machine, images: Mapping[str, str], prefix: str, label: str, address: str
) -> None:
    """Make a VM, not yet running, whose engine starts with the seed's images and layers."""
    volume = f"{machine.container}-engine"
    must("volume", "create", f"--label={label}", volume)
    _fill(images, volume)
    must(
        "create",
        *("--init", f"--name={machine.container}", f"--hostname={machine.name}"),
        *(f"--label={label}", "--tmpfs=/run:exec", f"--volume={volume}:/var/lib/docker"),
        *(*PRIVILEGES, f"--network={prefix}-inside", f"--ip={address}"),
        *(f"--network-alias={machine.name}", images["VM_IMAGE"]),
    )


def _fill(images: Mapping[str, str], volume: str) -> None:
    mountpoint = must("volume", "inspect", "--format={{.Mountpoint}}", volume)
    volumes = PurePosixPath(mountpoint).parents[1]
    shell = (images["VM_IMAGE"], "sh", "-ec", COPY_SEED, "sh", images["ENGINE_SEED"], volume)
    must("run", "--rm", "--network=none", f"--volume={volumes}:/volumes", *shell)


def remove(label: str) -> None:
    """Remove every container, volume and network that bears LABEL."""
    for kind, listed, force in (
        ("container", ("--all", "--quiet"), ("--force", "--volumes")),
        ("volume", ("--quiet",), ("--force",)),
        ("network", ("--quiet",), ()),
    ):
        found = docker(kind, "ls", *listed, f"--filter=label={label}").stdout.split()
        if found:
            must(kind, "rm", *force, *found)
