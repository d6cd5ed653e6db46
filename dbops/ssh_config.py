"""The way to a host, hop by hop, as OpenSSH would go: `ssh -G` resolves what ssh_config says.

Fabric's own reader of ssh_config knows neither Include nor IdentitiesOnly, HostKeyAlias,
UserKnownHostsFile or `ProxyJump none`; asking OpenSSH costs 8 ms and no network.
"""

from __future__ import annotations

import getpass
import os.path
import re
import shlex
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
        ssh: what a person types to log in there in the same way.
        agent: whether the agent's keys are offered, too.
        listed_only: of those of the agent, only the ones that IdentityFile names.
        agent_socket: the agent's socket; the shell's own when empty.
        proxy_command: a program that opens the connection instead, empty for none.
    """

    address: str
    port: int
    user: str
    known_as: str
    keys: tuple[str, ...]
    known_hosts: tuple[Path, ...]
    ssh: str
    agent: bool
    listed_only: bool = False
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
    return (*_through(host, jumps), _hop(host, host.address, said, host.jump or ""))


def _through(host: Host, jumps: str, past: frozenset[str] = frozenset()) -> tuple[Hop, ...]:
    """Return the hops of JUMPS, [user@]host[:port] and so on; the first has a way of its own."""
    if jumps in _NOTHING or jumps in past:
        return ()
    names = jumps.split(",")
    found = [_jump(host, each) for each in names]
    before = _first(found[0][1], "proxyjump")
    hops = (
        _hop(host, address, said, ",".join(names[:number]))
        for number, (address, said) in enumerate(found)
    )
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
        raise UsageProblem(
            f"ssh cannot resolve {address}",
            where="ssh_config",
            why=answer.last_line,
            next_command=f"ssh -G {address}",
        )
    return by_kind(answer.out)


def _first(said: Mapping[str, list[str]], keyword: str) -> str:
    return said.get(keyword, [""])[0]


def _hop(host: Host, asked: str, said: Mapping[str, list[str]], before: str) -> Hop:
    """Return the hop that is ASKED for; BEFORE are the jumps to it that environments.yaml names."""
    address, port = _first(said, "hostname"), int(_first(said, "port"))
    name = _first(said, "hostkeyalias")
    agent = _first(said, "identityagent")
    files = _first(said, "userknownhostsfile") + " " + _first(said, "globalknownhostsfile")
    keys = _expanded([_filled(each, asked, said) for each in said.get("identityfile", [])])
    known_hosts = [host.known_hosts] if host.known_hosts else files.split()
    return Hop(
        address=address,
        port=port,
        user=_first(said, "user"),
        known_as=name or known_name(address, port),
        keys=tuple(each for each in keys if Path(each).exists()),
        known_hosts=tuple(Path(each) for each in _expanded(known_hosts)),
        ssh=_typed(host, f"{_first(said, 'user')}@{asked}", port, before),
        agent=agent != "none",
        listed_only=_first(said, "identitiesonly") == "yes",
        agent_socket="" if agent in {"none", "SSH_AUTH_SOCK"} else os.path.expanduser(agent),  # noqa: PTH111  never raises
        proxy_command=_proxy_command(asked, said),
    )


def _typed(host: Host, there: str, port: int, before: str) -> str:
    """Return the ssh command for THERE, with what environments.yaml says and ssh_config may not."""
    given = {"-J": before, "-i": host.key or "", "-p": "" if port == SSH_PORT else str(port)}
    given |= {"-o": f"UserKnownHostsFile={host.known_hosts}"} if host.known_hosts else {}
    options = [word for flag, value in given.items() if value for word in (flag, value)]
    return shlex.join(["ssh", *options, there])


def _proxy_command(asked: str, said: Mapping[str, list[str]]) -> str:
    found = _first(said, "proxycommand")
    return "" if found in _NOTHING else _filled(found, asked, said)


def _filled(text: str, asked: str, said: Mapping[str, list[str]]) -> str:
    """Return TEXT with its tokens filled in, which `ssh -G` leaves (ssh_config(5), TOKENS)."""
    names = {"%h": "hostname", "%p": "port", "%r": "user"}
    tokens = {token: _first(said, name) for token, name in names.items()}
    tokens |= {"%n": asked, "%u": getpass.getuser(), "%d": str(Path.home()), "%%": "%"}
    return re.sub("%.", lambda each: tokens.get(each[0], each[0]), text)


def _expanded(paths: list[str]) -> list[str]:
    return [os.path.expanduser(each) for each in paths]  # noqa: PTH111  never raises
