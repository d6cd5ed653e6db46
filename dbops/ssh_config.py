"""The way to a host, hop by hop, as OpenSSH would go: `ssh -G` resolves what ssh_config says.

Fabric's own reader of ssh_config knows neither Include nor IdentitiesOnly, HostKeyAlias,
UserKnownHostsFile or `ProxyJump none`; asking OpenSSH costs 8 ms and no network.
"""

from __future__ import annotations

import os.path
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dbops import runner
from dbops.commands.shell import by_kind
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
    said = _ask(host.address, _options(port=host.port, user=host.user, key=host.key))
    jumps = host.jump or _first(said, "proxyjump")
    return (*_through(host, jumps), _hop(host, host.address, said))


def _through(host: Host, jumps: str, past: frozenset[str] = frozenset()) -> tuple[Hop, ...]:
    """Return the hops of JUMPS, [user@]host[:port] and so on; the first has a way of its own."""
    if jumps in _NOTHING or jumps in past:
        return ()
    found = [_jump(host, each) for each in jumps.split(",")]
    before = _first(found[0][1], "proxyjump")
    hops = (_hop(host, address, said) for address, said in found)
    return (*_through(host, before, past | {jumps}), *hops)


def _jump(host: Host, jump: str) -> tuple[str, dict[str, list[str]]]:
    """Return the address of JUMP and what ssh says of it; HOST's own key serves it, too."""
    user, _, rest = jump.rpartition("@")
    address, _, port = rest.rpartition(":") if rest.count(":") == 1 else (rest, "", "")
    options = _options(port=int(port) if port else None, user=user, key=host.key)
    return address, _ask(address, options)


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
    return by_kind(answer.out)


def _first(said: Mapping[str, list[str]], keyword: str) -> str:
    return said.get(keyword, [""])[0]


def _hop(host: Host, asked: str, said: Mapping[str, list[str]]) -> Hop:
    address, port = _first(said, "hostname"), int(_first(said, "port"))
    name = _first(said, "hostkeyalias")
    agent = _first(said, "identityagent")
    files = _first(said, "userknownhostsfile") + " " + _first(said, "globalknownhostsfile")
    known_hosts = [host.known_hosts] if host.known_hosts else files.split()
    return Hop(
        address=address,
        port=port,
        user=_first(said, "user"),
        known_as=name or known_name(address, port),
        keys=tuple(each for each in _expanded(said.get("identityfile", [])) if Path(each).exists()),
        known_hosts=tuple(Path(each) for each in _expanded(known_hosts)),
        agent=_first(said, "identitiesonly") != "yes" and agent != "none",
        agent_socket="" if agent in {"none", "SSH_AUTH_SOCK"} else os.path.expanduser(agent),  # noqa: PTH111  never raises
        proxy_command=_proxy_command(asked, said),
    )


def _proxy_command(asked: str, said: Mapping[str, list[str]]) -> str:
    """Return ProxyCommand with its tokens filled in, which `ssh -G` leaves (ssh_config(5))."""
    found = _first(said, "proxycommand")
    names = {"%h": "hostname", "%p": "port", "%r": "user"}
    tokens = {token: _first(said, name) for token, name in names.items()}
    tokens |= {"%n": asked, "%%": "%"}
    filled = re.sub("%.", lambda each: tokens.get(each[0], each[0]), found)
    return "" if found in _NOTHING else filled


def _expanded(paths: list[str]) -> list[str]:
    return [os.path.expanduser(each) for each in paths]  # noqa: PTH111  never raises
