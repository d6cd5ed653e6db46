"""A VM that is reached directly and through a jump host, both near and 100 ms away.

It is the rig's vm_stg (docs/rig.md), deployed to and at its head. The rig lets nobody in but
through the jump host, so the direct way is a tunnel through it, which no delay touches; a delay
lies before the tunnel, or before the jump host.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.timing import Command, once
from benchmarks.workbench import ROOT

sys.path.append(str(ROOT / "tests"))
from rig.machine import UnavailableError as UnavailableError  # type: ignore[import-not-found]  # noqa: PLC0414
from rig.machine import must, script
from rig.proxy import DelayProxy  # type: ignore[import-not-found]  # tests/ is put on the path
from rig.vm_rig import make_rig  # type: ignore[import-not-found]  # tests/ is put on the path

if TYPE_CHECKING:
    from collections.abc import Iterator

RTT_SECONDS = 0.1
PYTHON = "python3.13"  # of the image of core_api
ENDS = {"near": 0.0, "far": RTT_SECONDS}  # seconds of a round trip
WAYS = {"direct": "direct", "jump": "through a jump host"}
_TUNNEL_SECONDS = 30
_FIRST = "20251212_100000000"
_REVISION = '''"""Add a table.

Revision ID: {revision}
Revises: {down}
"""

from alembic import op

revision = "{revision}"
down_revision = "{down}"


def upgrade() -> None:
    op.execute("CREATE TABLE public.made_by_{revision} (a int)")


def downgrade() -> None:
    op.execute("DROP TABLE public.made_by_{revision}")
'''


@dataclass
class Line:
    """The laptop, and the ways from it to the VM.

    Attributes:
        rig: the rig's machines.
        ports: where each way begins on 127.0.0.1, by its name and its end, near or far.
    """

    rig: Any
    ports: dict[tuple[str, str], int]
    revision: str = _FIRST
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def fab(self, *words: str, way: str, end: str) -> Command:
        """Return `fab -H stg WORDS` as the laptop runs it, over one of the ways."""
        return self.python(
            *self.rig.laptop_machine.command("-H", "stg", *words)[1:], way=way, end=end
        )

    def python(self, *words: str, way: str, end: str) -> Command:
        """Return a Python program of this project; it finds the VM over one of the ways."""
        variables = {"DBOPS_ENVIRONMENTS": str(self._file(way, end=end)), "PYTHONPATH": str(ROOT)}
        return self.command(sys.executable, *words, **variables)

    def command(self, *words: str, **variables: str) -> Command:
        """Return a command in the laptop's checkout, which has no variable of this shell's."""
        laptop = self.rig.laptop_machine
        return Command(words, self.rig.laptop, laptop.variables(**variables))

    def push_revision(self) -> None:
        """Push one more revision, for the next deploy."""
        down, self.revision = self.revision, f"20260101_{next(self._numbers):09d}"
        path = f"migrations_v2/alembic/versions/{self.revision}_add_a_table.py"
        text = _REVISION.format(revision=self.revision, down=down)
        self.rig.commit({path: text}, "Add a table")

    def write_environments(self) -> None:
        """Write an environments.yaml for each way, and have the laptop know the keys there."""
        source = (self.rig.laptop / "environments.yaml").read_text(encoding="utf-8")
        jump = f"jump: deploy@127.0.0.1:{self.rig.port}"
        for (way, end), port in self.ports.items():
            text = source.replace(jump, f"jump: deploy@127.0.0.1:{port}")
            if way == "direct":
                here = source.replace("address: vm-stg", "address: 127.0.0.1", 1)
                text = here.replace(jump, f"port: {port}", 1)
            self._file(way, end=end).write_text(text, encoding="utf-8")
            key = self.rig.host_keys["vm_stg" if way == "direct" else "jump"]
            with self.known_hosts.open("a", encoding="utf-8") as file:
                file.write(key.known(f"[127.0.0.1]:{port}"))

    @property
    def known_hosts(self) -> Path:
        """Return the laptop's known_hosts, which has the key of every way's first machine."""
        found: Path = self.rig.laptop_machine.known_hosts
        return found

    @property
    def key(self) -> Path:
        """Return the laptop's private key."""
        found: Path = self.rig.laptop_machine.key
        return found

    def lend_python(self) -> None:
        """Give the VM, which has none, the Python that Ansible's modules run on."""
        lender = must("create", f"--label={self.rig.label}", self.rig.images["BASE_IMAGE"])
        vm = self.rig.machines["vm_stg"].container
        for path in (Path(f"/usr/bin/{PYTHON}"), Path(f"/usr/lib/{PYTHON}")):
            with tempfile.TemporaryDirectory() as scratch:
                must("cp", f"{lender}:{path}", scratch)
                must("cp", f"{scratch}/{path.name}", f"{vm}:{path.parent}")

    def _file(self, way: str, *, end: str) -> Path:
        found: Path = self.rig.laptop / f"environments.{way}-{end}.yaml"
        return found


@contextmanager
def line() -> Iterator[Line]:
    """Make a rig, deploy to its staging VM, and give the ways to it.

    Raises:
        rig.machine.UnavailableError: this machine cannot have one.
        RuntimeError: a machine could not be made, or a command failed.
    """
    rig = make_rig(script("engine.sh") | script("vm_images.sh"))
    with ExitStack() as stack:
        stack.callback(rig.remove)
        starts = {"direct": stack.enter_context(_tunnel(rig)), "jump": rig.port}
        ports = {
            (way, end): stack.enter_context(DelayProxy(starts[way], delay)).port
            for way in WAYS
            for end, delay in ENDS.items()
        }
        found = Line(rig, ports)
        found.write_environments()
        for verb in ("enroll", "deploy"):
            once(found.fab(verb, way="jump", end="near"))
        yield found


@contextmanager
def _tunnel(rig: Any) -> Iterator[int]:  # the rig's modules are no package
    """Listen on a free port, which it gives, for the VM's sshd behind the jump host."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    ssh = ("ssh", "-F", str(rig.laptop_machine.ssh_config), "-o", "ExitOnForwardFailure=yes")
    words = (*ssh, "-N", "-L", f"127.0.0.1:{port}:vm-stg:22", "jump")
    child = Command(words, rig.laptop, rig.laptop_machine.variables()).start()
    try:
        _wait_for(port)
        yield port
    finally:
        child.terminate()
        child.wait()


def _wait_for(port: int) -> None:
    """Return once something listens on PORT.

    Raises:
        RuntimeError: nothing does.
    """
    deadline = time.monotonic() + _TUNNEL_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("no tunnel through the jump host")
