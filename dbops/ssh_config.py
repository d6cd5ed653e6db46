"""The way to a host, hop by hop, as OpenSSH would go: `ssh -G` resolves what ssh_config says.

Fabric's own reader of ssh_config knows neither Include nor IdentitiesOnly, HostKeyAlias,
UserKnownHostsFile or `ProxyJump none`; asking OpenSSH costs 8 ms and no network.
"""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import TYPE_CHECKING

from dbops import runner
from dbops.environments.frozen import Frozen
from dbops.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbops.environments.model import Host

SSH_PORT = 22
_NOTHING = {"none", "no", ""}


def known_name(address: str, port: int) -> str:
    """Return what known_hosts calls an sshd: the port belongs to it unless it is the usual one."""
    return address if port == SSH_PORT else f"[{address}]:{port}"


class Hop(Frozen):
    """One sshd on the way.

    Attributes:
        address: where it listens, as its TCP client names it.
        known_as: the name its key has in known_hosts, `[address]:port` when the port is not 22.
        keys: private key files that exist, in the order they are offered.
        known_hosts: files that may hold its public key.
        agent: whether the agent's keys are offered, too.
        agent_socket: the agent's socket; the shell's own when empty.
        proxy_command: a program that opens the connection instead, empty for none.
    """

    address: str
    port: int
    user: str
    known_as: str
    keys: tuple[str, ...]
    known_hosts: tuple[Path, ...]
    agent: bool
    agent_socket: str = ""
    proxy_command: str = ""

    def __str__(self) -> str:
        return f"{self.user}@{self.address}:{self.port}"


def route(host: Host) -> tuple[Hop, ...]:
    """Return the hops to HOST, outermost first, the host itself last.

    Raises:
        UsageProblem: ssh refuses its own configuration (exit 4).
    """
    options = _options(port=host.port, user=host.user, key=host.key)
    said = _ask(host.address, options)
    hop = _hop(host, said)
    jumps = host.jump or _first(said, "proxyjump")
    if jumps in _NOTHING:
        return (hop,)
    return (*(each for jump in jumps.split(",") for each in _through(host, jump)), hop)


def _through(host: Host, jump: str) -> tuple[Hop, ...]:
    """Return the hop JUMP, [user@]host[:port]; the host's own key and known_hosts serve it, too."""
    user, _, rest = jump.rpartition("@")
    address, _, port = rest.rpartition(":") if rest.count(":") == 1 else (rest, "", "")
    said = _ask(address, _options(port=int(port) if port else None, user=user, key=host.key))
    return (_hop(host, said),)


def _options(*, port: int | None, user: str | None, key: str | None) -> list[str]:
    given = {"-p": str(port) if port else "", "-l": user or "", "-i": key or ""}
    return [word for flag, value in given.items() if value for word in (flag, value)]


def _ask(address: str, options: list[str]) -> dict[str, list[str]]:
    """Return what OpenSSH would do, each keyword with its values in order."""
    answer = runner.read(["ssh", "-G", *options, "--", address])
    if answer.code:
        lines = answer.error.strip().splitlines() or ["ssh -G said nothing"]
        raise UsageProblem(
            f"ssh cannot resolve {address}",
            where="ssh_config",
            why=lines[-1],
            next_command=f"ssh -G {address}",
        )
    said: dict[str, list[str]] = {}
    for line in answer.out.splitlines():
        keyword, _, value = line.partition(" ")
        said.setdefault(keyword, []).append(value)
    return said


def _first(said: Mapping[str, list[str]], keyword: str) -> str:
    return said.get(keyword, [""])[0]


def _hop(host: Host, said: Mapping[str, list[str]]) -> Hop:
    address, port = _first(said, "hostname"), int(_first(said, "port"))
    name = _first(said, "hostkeyalias")
    agent = _first(said, "identityagent")
    files = _first(said, "userknownhostsfile") + " " + _first(said, "globalknownhostsfile")
    known_hosts = host.known_hosts.split("\0") if host.known_hosts else files.split()
    return Hop(
        address=address,
        port=port,
        user=_first(said, "user"),
        known_as=name or known_name(address, port),
        keys=tuple(each for each in _expanded(said.get("identityfile", [])) if Path(each).exists()),
        known_hosts=tuple(Path(each) for each in _expanded(known_hosts)),
        agent=_first(said, "identitiesonly") != "yes" and agent != "none",
        agent_socket="" if agent in {"none", "SSH_AUTH_SOCK"} else os.path.expanduser(agent),  # noqa: PTH111  never raises
        proxy_command="" if (found := _first(said, "proxycommand")) in _NOTHING else found,
    )


def _expanded(paths: list[str]) -> list[str]:
    return [os.path.expanduser(each) for each in paths]  # noqa: PTH111  never raises
