"""The same six steps by plain Fabric, pyinfra and Ansible, each in an environment of its own.

Host keys are checked strictly by all of them, and each run logs in anew.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.remote_line import PYTHON
from benchmarks.remote_steps import STEP
from benchmarks.timing import Command, once
from benchmarks.workbench import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.remote_line import Line

STEPS = 6
VENVS = ROOT / ".dbops" / "benchmarks"
# pyinfra 3 does without paramiko 5, which Fabric takes.
REQUIREMENTS = {
    "fabric": f"fabric=={version('fabric')}",
    "pyinfra": "pyinfra==3.10.0",
    "ansible": "ansible-core==2.19.14",
}
_FABRIC = """\
from fabric import Connection
from paramiko import RejectPolicy

keys = {{"key_filename": {key!r}, "look_for_keys": False, "allow_agent": False}}
with Connection("127.0.0.1", user="deploy", port={port}, connect_kwargs=keys) as connection:
    connection.client.load_host_keys({known_hosts!r})
    connection.client.set_missing_host_key_policy(RejectPolicy())
    for _ in range({steps}):
        connection.run({step!r}, hide=True, in_stream=False)
"""
_PYINFRA_HOSTS = """\
options = {{
    "ssh_port": {port},
    "ssh_user": "deploy",
    "ssh_key": {key!r},
    "ssh_known_hosts_file": {known_hosts!r},
    "ssh_strict_host_key_checking": "yes",
}}
hosts = [("127.0.0.1", options)]
"""
_PYINFRA = """\
from pyinfra.operations import server

for number in range({steps}):
    server.shell(name=f"step {{number}}", commands=[{step!r}])
"""
_ANSIBLE_HOSTS = """\
all:
  hosts:
    vm:
      ansible_host: 127.0.0.1
      ansible_port: {port}
      ansible_user: deploy
      ansible_ssh_private_key_file: {key}
      ansible_python_interpreter: /usr/bin/{python}
      ansible_ssh_common_args: >-
        -F none -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes
        -o UserKnownHostsFile={known_hosts} -o GlobalKnownHostsFile=none
"""
_ANSIBLE = "- hosts: vm\n  gather_facts: false\n  tasks:\n"
_ANSIBLE_STEP = "    - ansible.builtin.command: {step}\n"


class Tools:
    """The other tools, installed, with what each needs to reach one end of a LINE."""

    def __init__(self, line: Line, port: int, folder: Path) -> None:
        self.line, self.folder = line, folder
        facts: dict[str, Any] = {"port": port, "steps": STEPS, "step": STEP, "python": PYTHON}
        facts |= {"key": str(line.key), "known_hosts": str(line.known_hosts)}
        playbook = _ANSIBLE + STEPS * _ANSIBLE_STEP
        files = {
            "by_fabric.py": _FABRIC,
            "hosts.py": _PYINFRA_HOSTS,
            "by_pyinfra.py": _PYINFRA,
            "hosts.yml": _ANSIBLE_HOSTS,
            "playbook.yml": playbook,
        }
        for name, text in files.items():
            (folder / name).write_text(text.format(**facts), encoding="utf-8")

    def commands(self) -> dict[str, Command]:
        """Return the command of each tool, by what it is called."""
        fabric = (_program("fabric", "python"), str(self.folder / "by_fabric.py"))
        pyinfra = (_program("pyinfra", "pyinfra"), "-y", *self._paths("hosts.py", "by_pyinfra.py"))
        return {
            "Fabric's `c.run`, one by one": self.line.command(*fabric),
            "pyinfra": self.line.command(*pyinfra),
            "ansible-core": self._ansible(pipelining=False),
            "ansible-core, pipelining on": self._ansible(pipelining=True),
        }

    def log_out(self) -> None:
        """End what Ansible keeps open for a minute: its next run must log in, as the others do."""
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _ansible(self, *, pipelining: bool) -> Command:
        program = (_program("ansible", "ansible-playbook"), "--inventory")
        return self.line.command(
            *program,
            *self._paths("hosts.yml", "playbook.yml"),
            ANSIBLE_HOME=str(self.folder / "ansible"),
            ANSIBLE_SSH_CONTROL_PATH_DIR=str(self._sockets),
            ANSIBLE_PIPELINING=str(pipelining),
            LC_ALL="C.UTF-8",
        )

    @property
    def _sockets(self) -> Path:
        return self.folder / "sockets"

    def _paths(self, *names: str) -> tuple[str, ...]:
        return tuple(str(self.folder / name) for name in names)


def install() -> None:
    """Install the tools where they are not installed in their versions yet.

    Raises:
        RuntimeError: pip failed; the message is what it said.
    """
    for name, requirement in REQUIREMENTS.items():
        venv = VENVS / requirement
        if not (venv / "complete").exists():
            pip = (_program(name, "pip"), "install", "--quiet", requirement)
            for words in ((sys.executable, "-m", "venv", "--clear", str(venv)), pip):
                once(Command(words, ROOT, os.environ))
            (venv / "complete").touch()


def _program(tool: str, name: str) -> str:
    return str(VENVS / REQUIREMENTS[tool] / "bin" / name)
