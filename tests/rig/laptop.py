"""The machine a release manager sits at: a checkout, a key, the hosts' keys, and fab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rig.hosts import BARE
from rig.machine import succeeded

from dbops.environments import makefile

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
COMMAND_SECONDS = 600
OWN = ("environments.yaml", "environments.mk")
AMBIENT = ("DATABASE_URL", "DBOPS_", "PG", "POSTGRES_", "COMPOSE_", "DOCKER_", "SSH_", "GIT_")
SSH_CONFIG = """\
Host *
    User deploy
    IdentityFile {key}
    IdentitiesOnly yes
    UserKnownHostsFile {known_hosts}
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 5
Host jump
    HostName 127.0.0.1
    Port {port}
Host vm-stg vm-prod
    ProxyJump jump
"""


@dataclass(frozen=True)
class Laptop:
    """A home directory with a checkout of the application in it."""

    home: Path

    @property
    def checkout(self) -> Path:
        return self.home / "sanbou_app"

    @property
    def known_hosts(self) -> Path:
        return self.home / ".ssh" / "known_hosts"

    @property
    def key(self) -> Path:
        return self.home / ".ssh" / "id_ed25519"

    @property
    def ssh_config(self) -> Path:
        return self.home / ".ssh" / "config"

    def variables(self, **more: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(AMBIENT)}
        return {**kept, "HOME": str(self.home), **more}

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the checkout, without a terminal and with nothing on its input."""
        return subprocess.run(
            words,
            env=self.variables(**variables),
            cwd=self.checkout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def command(self, *words: str, program: str = "fabric") -> list[str]:
        return [sys.executable, "-m", program, "--search-root", str(self.checkout), *words]

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=Rin Kato", "-c", "user.email=rin.kato@example.com")
        return succeeded(self.run("git", *who, *words))

    def edit(self, before: str, after: str) -> None:
        """Edit environments.yaml, which is the laptop's own, and environments.mk after it."""
        source = self.checkout / OWN[0]
        text = source.read_text(encoding="utf-8")
        if before not in text:
            raise ValueError(f"{before!r} is not in {source}")
        content = text.replace(before, after)
        source.write_text(content, encoding="utf-8")
        written = makefile.text(source, content.encode())
        (self.checkout / OWN[1]).write_text(written, encoding="utf-8")


def write_ssh(laptop: Laptop, key: str, known_hosts: str, port: int) -> None:
    laptop.key.parent.mkdir(mode=0o700, parents=True)
    config = SSH_CONFIG.format(key=laptop.key, known_hosts=laptop.known_hosts, port=port)
    written = {laptop.key: key, laptop.known_hosts: known_hosts, laptop.ssh_config: config}
    for file, text in written.items():
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")


def make_checkout(laptop: Laptop) -> Path:
    """Commit this project's files, as they are now, on main; return a bare clone to serve.

    The clone is beside the laptop's checkout, whose `origin` is where the jump host has it.
    """
    copy_files(laptop.checkout)
    laptop.git("init", "--quiet", "--initial-branch=main")
    laptop.git("add", "--all", "--force")
    laptop.git("commit", "--quiet", "--message=The application as it is now")
    bare = laptop.home / "origin.git"
    laptop.git("clone", "--quiet", "--bare", ".", str(bare))
    laptop.git("config", "core.sshCommand", f"ssh -F {laptop.ssh_config}")
    laptop.git("remote", "add", "origin", f"jump:{BARE}")
    return bare


def copy_files(checkout: Path) -> None:
    listing = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others"]
    done = subprocess.run(
        [*listing, "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in filter(None, done.stdout.split("\0")):
        source, target = ROOT / name, checkout / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def point_at_rig(laptop: Laptop, addresses: Mapping[str, str], port: int) -> None:
    """Make environments.yaml lead to the rig, as a local change that git does not see."""
    laptop.git("update-index", "--skip-worktree", *OWN)
    for published, address in addresses.items():
        laptop.edit(f"address: {published}", f"address: {address}")
    own = f"key: {laptop.key}\n      known_hosts: {laptop.known_hosts}\n      "
    laptop.edit("jump: deploy@jump.example.com", f"{own}jump: deploy@127.0.0.1:{port}")
