"""A connection to one sshd on the way, whose host key known_hosts has, or none at all."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric import Connection
from fabric.config import Config
from paramiko import (
    Agent,
    AuthenticationException,
    BadHostKeyException,
    ChannelException,
    SSHException,
)
from paramiko.client import MissingHostKeyPolicy
from paramiko.ssh_exception import NoValidConnectionsError, PasswordRequiredException

from dbops import ssh_config
from dbops.errors import Problem, Refused, Unreachable
from dbops.session import known_hosts
from dbops.session.login import EagerTransport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paramiko import PKey, SSHClient

    from dbops.environments.model import Environment
    from dbops.ssh_config import Hop

CONNECT_SECONDS = 15
LOST_AFTER_SECONDS = 25.0
_AGENT = os.environ.get("SSH_AUTH_SOCK", "")  # the shell's own


def opened(environment: Environment, hop: Hop, gateway: Connection | None) -> Connection:
    """Return an open connection to HOP, whose key known_hosts has.

    Raises:
        Refused: its key is unknown, or another one than it was (exit 3).
        Unreachable: it does not answer, or does not let us in (exit 69).
    """
    connection = Connection(
        host=hop.address,
        user=hop.user,
        port=hop.port,
        gateway=gateway or hop.proxy_command or False,
        forward_agent=False,
        connect_timeout=CONNECT_SECONDS,
        config=Config(lazy=True, overrides={"load_ssh_configs": False}),
        connect_kwargs=_credentials(hop),
    )
    _trust_only_known_keys(connection.client, hop)
    try:
        connection.open()
    except Problem:
        raise
    except BadHostKeyException as error:
        raise _changed_key(environment, hop, error) from error
    except (SSHException, OSError, EOFError) as error:
        what = _what(error, is_it=_is_it(connection.client))
        connection.client.close()
        raise Unreachable(
            f"{environment.name}: {what}",
            where=str(hop),
            why=_reason(error),
            next_command=hop.ssh,
        ) from error
    # What a jump host is asked to open takes an hour otherwise (paramiko 5.1).
    connection.transport.channel_timeout = CONNECT_SECONDS
    if gateway is None and not hop.proxy_command:
        _notice_a_dead_link(connection.transport.sock)
    return connection


def _credentials(hop: Hop) -> dict[str, Any]:
    _choose_agent(hop.agent_socket or _AGENT)
    return {
        "pkey": _listed_in_agent(hop.keys) if hop.agent and hop.listed_only else None,
        "key_filename": list(hop.keys),
        "allow_agent": hop.agent and not hop.listed_only,
        "look_for_keys": False,
        "transport_factory": EagerTransport,
        "banner_timeout": CONNECT_SECONDS,
        "auth_timeout": CONNECT_SECONDS,
    }


def _choose_agent(socket: str) -> None:
    """Let the agent that listens at SOCKET be asked: paramiko knows the variable alone."""
    os.environ.pop("SSH_AUTH_SOCK", None)
    if socket:
        os.environ["SSH_AUTH_SOCK"] = socket


def _listed_in_agent(files: Iterable[str]) -> PKey | None:
    """Return the agent's key whose public half lies in one of FILES, or beside it as .pub."""
    public = {_blob(Path(each)) for file in files for each in (file, f"{file}.pub")}
    agent = Agent()
    found = next((each for each in agent.get_keys() if each.asbytes() in public), None)
    if found is None:
        agent.close()
    return found


def _blob(file: Path) -> bytes:
    """Return the key that FILE holds if it is a public one: its kind, base64, and a comment."""
    try:
        return base64.b64decode(file.read_text(encoding="utf-8").split()[1], validate=True)
    except (OSError, ValueError, IndexError):
        return b""


def _trust_only_known_keys(client: SSHClient, hop: Hop) -> None:
    connected_as = ssh_config.known_name(hop.address, hop.port)
    for kind, key in known_hosts.keys(hop.known_hosts, hop.known_as).items():
        client.get_host_keys().add(connected_as, kind, key)
    client.set_missing_host_key_policy(_RefuseUnknownKeys(hop))


class _RefuseUnknownKeys(MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko has no types
    def __init__(self, hop: Hop) -> None:
        self.hop = hop

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:
        del client, hostname
        raise Refused(
            f"the host key of {self.hop.known_as} is unknown",
            where=", ".join(map(str, self.hop.known_hosts)) or "no known_hosts file",
            why=f"it presents {fingerprint(key)}; nothing says that this is really it",
            next_command=f"compare it with the host's own, then {self.hop.ssh}",
        )


def _changed_key(environment: Environment, hop: Hop, error: BadHostKeyException) -> Refused:
    files = [each for each in hop.known_hosts if known_hosts.keys([each], hop.known_as)]
    file = shlex.quote(str(next(iter(files), hop.known_hosts[0])))
    return Refused(
        f"{environment.name}: the host key of {hop.known_as} has changed",
        where=", ".join(map(str, hop.known_hosts)),
        why=f"it presents {fingerprint(error.key)}, known is {fingerprint(error.expected_key)}",
        next_command="find out why; only then: "
        f"ssh-keygen -R {shlex.quote(hop.known_as)} -f {file}",
    )


def fingerprint(key: PKey) -> str:
    """Return KEY's fingerprint as `ssh-keygen -l` prints it."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def _is_it(client: SSHClient) -> bool:
    """Return whether the host has shown its key: what fails from then on is the login."""
    transport = client.get_transport()
    return transport is not None and bool(transport.initial_kex_done)


def _what(error: Exception, *, is_it: bool) -> str:
    if isinstance(error, PasswordRequiredException):
        return "the private key is encrypted"
    # paramiko reads a key file as each kind there is, and keeps the last complaint alone.
    if isinstance(error, AuthenticationException) or is_it:
        return "the host does not let us in"
    return "the host does not answer"


def _reason(error: Exception) -> str:
    if isinstance(error, NoValidConnectionsError):
        return "; ".join(sorted({each.strerror or str(each) for each in error.errors.values()}))
    if isinstance(error, PasswordRequiredException):
        return "its passphrase cannot be asked for here; ssh-add it first"
    if isinstance(error, ChannelException):
        return f"the jump host cannot reach it: {error.text}"
    if isinstance(error, socket.gaierror):
        return "no such name"
    if isinstance(error, EOFError):  # paramiko's own, which says nothing
        return "it closed the connection"
    return str(error) or type(error).__name__


def _notice_a_dead_link(found: Any) -> None:  # a socket, or what stands for one
    """Let the kernel end a connection whose other end is silent (tcp(7))."""
    wanted = {"TCP_USER_TIMEOUT": int(LOST_AFTER_SECONDS * 1000), "TCP_KEEPIDLE": 10}
    wanted |= {"TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_NODELAY": 1}
    if not isinstance(found, socket.socket):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in wanted.items():
        if hasattr(socket, name):  # macOS has others
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
