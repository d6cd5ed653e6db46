"""The rig for people: `up` makes one that stays, `down` removes it.

From the project's directory: `PYTHONPATH=tests:. .venv/bin/python -m rig.play up`, and `down`.
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rig import hosts
from rig.laptop import ROOT, Laptop
from rig.machine import UnavailableError, docker, script
from rig.vm_rig import SHORT, make_rig

from dbops.errors import Problem

NAME = "play"
LABEL = f"{hosts.LABEL}={NAME}"
HOME = ROOT / ".dbops" / "rig"
MACHINES = 3
COMMANDS = """\
A jump host, vm_stg and vm_prod run; their services are up and their databases empty. Type:

  cd {checkout}
  ./fab -H stg enroll                    the host and its database say, once, who they are
  ./fab -H stg deploy                    the first deploy to staging
  ./fab -H prod enroll --force           the same for production, which is protected
  ./fab -H prod deploy
  ssh -F ../.ssh/config vm-stg           look around there (also: vm-prod, jump)
  git commit ...; git push               a change for the next deploy

`./inv rig-down` in {root} takes all of it down again.
"""


def up(home: Path = HOME) -> str:
    """Make the rig that stays, unless it runs already.

    Args:
        home: the laptop's home directory; the checkout to work in is `sanbou_app` there.

    Returns:
        The commands to type, as text.

    Raises:
        Problem: the engine, an image or a machine could not be had (exit 1).
    """
    try:
        images = script("engine.sh") | script("vm_images.sh")
        if not _runs(home):
            down(home)
            _make(images, home)
    except (UnavailableError, RuntimeError) as error:
        why, _, log = str(error).partition("\n")
        log_end = log.strip().splitlines()[-1:]
        raise Problem(
            "the rig could not be made",
            where=" ".join(log_end),
            why=why,
            next_command="sh tests/rig/engine.sh && sh tests/rig/vm_images.sh",
        ) from error
    checkout = Laptop(home).checkout
    return COMMANDS.format(checkout=_short(checkout), root=ROOT)


def down(home: Path = HOME) -> bool:
    """Remove the rig that stays and its laptop; return whether there was anything of it."""
    found = (
        bool(docker("ps", "--all", "--quiet", f"--filter=label={LABEL}").stdout) or home.exists()
    )
    hosts.remove(LABEL)
    shutil.rmtree(home, ignore_errors=True)
    return found


def _runs(home: Path) -> bool:
    running = docker("ps", "--quiet", f"--filter=label={LABEL}").stdout.split()
    return len(running) == MACHINES and Laptop(home).ssh_config.exists()


def _make(images: dict[str, str], home: Path) -> None:
    made = make_rig(images, NAME, home)
    _lend_venv(made.laptop)
    with ThreadPoolExecutor() as pool:
        list(pool.map(made.start, SHORT))


def _lend_venv(checkout: Path) -> None:
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    with (checkout / ".git" / "info" / "exclude").open("a", encoding="utf-8") as file:
        file.write(".venv\n")


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    print(up() if sys.argv[1:] == ["up"] else f"removed: {down()}")
