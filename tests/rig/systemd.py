"""A machine that systemd runs, with a checkout of this project, as a jump host with a timer is."""

from __future__ import annotations

import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rig.engine import available
from rig.hosts import CHECKOUT, LABEL, Machine, send_tree
from rig.laptop import copy_files
from rig.machine import docker, must, succeeded

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

# What systemd as the first process needs; --privileged asks for more than some machines may give.
PRIVILEGES = (
    "--cap-add=SYS_ADMIN",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--cgroupns=private",
    "--network=host",  # so that it reaches what a test listens with, and the jump host of a rig
    *("--tmpfs=/run", "--tmpfs=/run/lock", "--tmpfs=/tmp"),
    "--env=container=docker",
)
# Not is-system-running: that says `starting` for as long as a service that a timer began goes on.
BOOTED = "timeout 60 sh -c 'until systemctl is-active multi-user.target; do sleep 0.1; done'"


@dataclass(frozen=True)
class SystemdMachine(Machine):
    """The machine; `on` starts a script beside systemd, `typed` one in a login session."""

    def boot(self) -> None:
        """Start the machine and wait until systemd has brought everything up."""
        must("start", self.container)
        done = self.root(BOOTED)
        if done.returncode:
            log = self.root("systemctl --failed; journalctl --no-pager -n 50").stdout
            raise RuntimeError(f"systemd does not come up: {done.stdout}{done.stderr}\n{log}")

    def halt(self) -> None:
        """Shut the machine down as `poweroff` does."""
        must("stop", "--time=20", self.container)

    def root(self, script: str, sent: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.on(script, user="root", sent=sent)

    def typed(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script as deploy does who has logged in, and log out."""
        session = (
            "systemd-run --quiet --wait --pipe --collect --uid=deploy --property=PAMName=login"
        )
        return self.root(f"{session} --working-directory={CHECKOUT} sh", sent=script)

    def shown(self, unit: str, *, user: bool = False) -> Mapping[str, str]:
        """Return the properties of a unit, of the machine's systemd or of deploy's own."""
        which = "--user --machine=deploy@" if user else ""
        said = succeeded(self.root(f"systemctl {which} show {unit}"))
        return dict(each.split("=", 1) for each in said.splitlines() if "=" in each)

    def remove(self) -> None:
        docker("rm", "--force", "--volumes", self.container)


def make_systemd_machine(image: str) -> SystemdMachine:
    """Create the machine; it boots when it is told to, and its checkout is deploy's."""
    name = f"dbops-rig-{uuid.uuid4().hex[:8]}"
    made = SystemdMachine("jump", f"{name}-systemd", CHECKOUT)
    label = f"{LABEL}={name}"
    must(
        "create",
        f"--name={made.container}",
        "--hostname=jump",
        f"--label={label}",
        *PRIVILEGES,
        image,
    )
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        copy_files(checkout)
        (checkout / ".venv").symlink_to("/opt/venv")
        send_tree(made.container, checkout, CHECKOUT)
    return made


@pytest.fixture(scope="session")
def systemd_image(docker_engine: object) -> str:
    """The image of a machine that systemd runs, built once."""
    return available("systemd_image.sh")["SYSTEMD_IMAGE"]
