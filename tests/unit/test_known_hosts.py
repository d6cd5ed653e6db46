"""known_hosts as OpenSSH reads it: names, hashes, revoked keys, and lines nobody can read."""

from __future__ import annotations

import subprocess

import pytest
from paramiko.hostkeys import HostKeys

from dbops.session import known_hosts

HOST = "stg.example.com"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two public keys of one kind and one of another, as known_hosts has them."""
    folder = tmp_path_factory.mktemp("keys")
    found = []
    for number, kind in enumerate(("ed25519", "ed25519", "ecdsa")):
        file = folder / str(number)
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", file], check=True)
        found.append(" ".join(file.with_suffix(".pub").read_text().split()[:2]))
    return found


@pytest.fixture
def told(tmp_path):
    """What files of such lines say of the host, each key as its line has it."""

    def read(*lines, name=HOST):
        file = tmp_path / "known_hosts"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found = known_hosts.keys([tmp_path / "missing", file], name)
        return [f"{kind} {key.get_base64()}" for kind, key in found.items()]

    return read


def test_the_keys_of_a_host_are_found_by_its_name_its_port_and_its_hash(told, made):
    first, _, other = made
    assert told(f"{HOST} {first} comment", f"x,{HOST} {other}") == [first, other]
    assert told(f"[{HOST}]:2222 {first}", name=f"[{HOST}]:2222") == [first]
    assert told(f"[{HOST}]:2222 {first}") == []
    assert told(f"{HostKeys.hash_host(HOST)} {first}") == [first]


def test_of_two_keys_of_one_kind_the_first_counts(told, made):
    assert told(f"{HOST} {made[0]}", f"{HOST} {made[1]}") == [made[0]]


def test_lines_that_cannot_be_read_spoil_no_other(told, made):
    broken = ["# a comment", "", "half a line", f"{HOST} ssh-ed25519 AAA!", f"{HOST} ssh-x AAAA"]
    authority = f"@cert-authority *.example.com {made[1]}"
    assert told(*broken, authority, f"{HOST} {made[0]}") == [made[0]]
    assert told(f"@cert-authority {HOST} {made[0]}") == []


def test_a_revoked_key_is_none_wherever_the_line_stands(told, made):
    assert told(f"{HOST} {made[0]}", f"@revoked * {made[0]}") == []
    assert told(f"@revoked {HOST} {made[0]}", f"{HOST} {made[1]}") == [made[1]]
