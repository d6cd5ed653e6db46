"""A host whose key is not the known one is not spoken to, and an unknown name is not looked up."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from paramiko import Ed25519Key, RSAKey
from watching import refused

from dbops.errors import ExitCode
from dbops.session.connection import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from rig.keys import Key
    from rig.vm_rig import Rig

NAMES = {"vm_prod": "vm-prod", "jump": "[127.0.0.1]:{port}"}
LISTEN = """\
import sys

def listen(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        with open({seen!r}, "a") as file:
            print(event, *arguments[1:], file=file)

sys.addaudithook(listen)
"""


def name(rig: Rig, host: str) -> str:
    """Return what known_hosts calls a host."""
    return NAMES[host].format(port=rig.port)


def shown(key: Key) -> str:
    """Return a key's fingerprint as people compare it."""
    return fingerprint(Ed25519Key(data=base64.b64decode(key.public.split()[1])))


def let_in(rig: Rig) -> list[str]:
    """Return the lines by which a VM's sshd says whom it let in."""
    return rig.on("vm_prod", "grep Accepted /var/log/sshd.log", user="root").stdout.splitlines()


@pytest.mark.parametrize("host", ["vm_prod", "jump"])
def test_an_unknown_host_key_is_refused_with_its_fingerprint(rig: Rig, host: str):
    file = rig.laptop_machine.known_hosts
    known = file.read_text(encoding="utf-8")
    lines = known.splitlines(keepends=True)
    others = [each for each in lines if not each.startswith(f"{name(rig, host)} ")]
    file.write_text("".join(others), encoding="utf-8")
    try:
        told = rig.laptop_run("-H", "prod", "ps")
    finally:
        file.write_text(known, encoding="utf-8")
    assert len(others) == len(lines) - 1
    said = refused(told, ExitCode.REFUSED, f"the host key of {name(rig, host)} is unknown")
    assert f"it presents {shown(rig.host_keys[host])};" in said
    assert f"where: {file}\n" in said
    way = "" if host == "jump" else f"-J deploy@127.0.0.1:{rig.port} "
    assert f"then ssh {way}-i " in said
    assert f"-o UserKnownHostsFile={file} deploy@" in said


@pytest.mark.parametrize("words", [("ps",), ("deploy", "--confirm", "vm_prod")])
@pytest.mark.parametrize("host", ["vm_prod", "jump"])
def test_a_changed_host_key_is_refused_with_both_fingerprints(
    rig: Rig, host: str, words: tuple[str, ...]
):
    other = rig.replace_host_key(host)
    before = let_in(rig)
    try:
        told = rig.laptop_run("-H", "prod", *words)
    finally:
        rig.restore_host_key(host)
    assert let_in(rig) == before
    changed = f"vm_prod: the host key of {name(rig, host)} has changed"
    said = refused(told, ExitCode.REFUSED, changed)
    assert f"it presents {shown(other)}, known is {shown(rig.host_keys[host])}" in said


def test_the_remedy_that_is_named_for_a_changed_key_is_one(rig: Rig):
    file = rig.laptop_machine.known_hosts
    known = file.read_text(encoding="utf-8")
    rig.replace_host_key("vm_prod")
    try:
        told = rig.laptop_run("-H", "prod", "ps").stderr
        remedy = told.partition("only then: ")[2].strip()
        done = rig.laptop_machine.run("sh", "-c", remedy)
        again = rig.laptop_run("-H", "prod", "ps")
    finally:
        rig.restore_host_key("vm_prod")
        file.write_text(known, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    refused(again, ExitCode.REFUSED, "the host key of vm-prod is unknown")


def test_a_key_of_another_kind_that_known_hosts_has_does_not_count(rig: Rig):
    file = rig.laptop_machine.known_hosts
    known = file.read_text(encoding="utf-8")
    kind, key = "ssh-rsa", RSAKey.generate(2048).get_base64()
    one = f"vm-prod {rig.host_keys['vm_prod'].public}"
    assert one in known
    file.write_text(known.replace(one, f"vm-prod {kind} {key}"), encoding="utf-8")
    try:
        told = rig.laptop_run("-H", "prod", "ps")
    finally:
        file.write_text(known, encoding="utf-8")
    refused(told, ExitCode.REFUSED, "the host key of vm-prod")


def test_with_the_known_keys_the_host_answers(rig: Rig):
    told = rig.laptop_run("-H", "prod", "ps", "--json")
    assert told.returncode == 0, told.stderr
    assert '"status": "absent"' in told.stdout
    assert len(let_in(rig)) > 0


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("-H", "prodd"), "did you mean vm_prod?"),
        (("-H", "deploy@127.0.0.1"), "is not an environment"),
        (("-H", "stg,prodd"), "did you mean vm_prod?"),
        (("-H", "dev"), "local_dev has no host"),
    ],
)
def test_a_host_that_environments_yaml_does_not_have_opens_no_socket(
    rig: Rig, tmp_path: Path, words: tuple[str, ...], answer: str
):
    seen = tmp_path / "seen"
    hook = tmp_path / "sitecustomize.py"
    hook.write_text(LISTEN.format(seen=str(seen)), encoding="utf-8")
    told = rig.laptop_run(*words, "deploy", PYTHONPATH=str(tmp_path))
    refused(told, ExitCode.USAGE, answer)
    assert not seen.exists()
    rig.laptop_run("-H", "prod", "ps", PYTHONPATH=str(tmp_path))
    assert str(rig.port) in seen.read_text(encoding="utf-8")
