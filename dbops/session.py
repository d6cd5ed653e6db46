"""The one module that opens SSH: a connection through every hop, and one shell on the host.

All that is asked of a host goes through one persistent `sh` on one channel: a question costs one
round trip, and several questions that are sent together cost one in all. Strict host keys on every
hop; Fabric by itself accepts any.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric import Connection
from fabric.config import Config
from paramiko import AuthenticationException, BadHostKeyException, ChannelException, SSHException
from paramiko.client import MissingHostKeyPolicy
from paramiko.hostkeys import HostKeys
from paramiko.ssh_exception import NoValidConnectionsError, PasswordRequiredException

from dbops import ssh_config
from dbops.commands import remote
from dbops.commands.shell import Question
from dbops.errors import Problem, Refused, Unreachable
from dbops.machine import Measured
from dbops.runner import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paramiko import Channel, PKey, SSHClient, Transport

    from dbops.environments.model import Environment
    from dbops.ssh_config import Hop

CONNECT_SECONDS = 15
PULSE_SECONDS = 5.0
LOST_AFTER_SECONDS = 25.0
_CHUNK_BYTES = 1 << 16


class Session:
    """A connection to an environment's host; made when the first question is asked."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._pending: list[tuple[Question, str]] = []
        self._answers: dict[Question, Answer] = {}
        self._out = _Stream()
        self._error = _Stream()
        self._numbers = iter(range(1, sys.maxsize))

    # What a Machine answers

    def foresee(self, *questions: Question) -> None:
        """Send QUESTIONS without waiting; `read` picks the answers up."""
        self._answers.clear()
        for each in questions:
            self._send(each)

    def read(self, words: Sequence[str], *, text: str | None = None) -> Answer:
        """Run WORDS, which change nothing, with TEXT on standard input.

        Raises:
            Unreachable: the host cannot be reached, or the connection was lost (exit 69).
        """
        question = Question(words=tuple(words), text=text)
        if question not in self._answers and question not in dict(self._pending):
            self._send(question)
        while question not in self._answers:
            self._receive()
        return self._answers.pop(question)

    def script(self, text: str, *, idle: bool = False) -> Iterator[str]:
        """Run TEXT, a script, and yield its lines as they come; the last is its exit code alone.

        Args:
            text: shell text; what it writes to standard error comes, too.
            idle: also yield an empty line now and then while nothing comes.

        Raises:
            Unreachable: the connection was lost (exit 69).
        """
        while self._pending:
            self._receive()
        token = self._token()
        self._write(remote.framed(text, token))
        yield from self._lines(token, idle=idle)

    def aside(self, text: str) -> str:
        """Run TEXT, a script, beside one that is being followed, and return what it prints.

        Raises:
            Unreachable: the connection was lost (exit 69).
        """
        beside = Session(self.environment)
        beside._connection, beside._pulse = self._connection, self._pulse
        *lines, _code = beside.script(text)
        beside._channel.close()
        return "\n".join(lines)

    def hand_over(self, words: Sequence[str]) -> int:
        """Run WORDS on this terminal, in the checkout on the host, and return the exit code."""
        at_terminal = bool(sys.stdin and sys.stdin.isatty())
        done = self._connection.run(
            remote.on_terminal(self.environment, words),
            pty=at_terminal,
            in_stream=None if at_terminal else False,
            warn=True,
        )
        return int(done.return_code)

    def fetch(self, url: str, timeout: float) -> str:
        """Ask URL on the host and return why the answer is not 200, empty when it is."""
        answer = self.read(["sh", "-c", remote.fetching(url, timeout)])
        return "" if answer.code == 0 else answer.out.strip() or "it does not answer"

    def text(self, path: Path) -> str | None:
        """Return what the small file PATH holds, None when there is none."""
        answer = self.read(["cat", "--", str(path)])
        return answer.out if answer.code == 0 else None

    def texts(self, directory: Path, pattern: str) -> dict[Path, str]:
        """Return the small files in DIRECTORY whose names match PATTERN."""
        answer = self.read(remote.reading(directory, pattern).words)
        return {Path(name): text for name, text in remote.read_files(answer.out)}

    def measure(self, path: Path) -> Measured | None:
        """Return the size and hash of the file PATH, None when it is no file."""
        answer = self.read(["sh", "-c", remote.measuring(path)])
        if answer.code:
            return None
        size, sha256, head, tail = answer.out.split("\n")[:4]
        return Measured(
            size=int(size),
            sha256=sha256,
            head=base64.b64decode(head),
            tail=base64.b64decode(tail),
        )

    @property
    def host_key(self) -> str:
        """Return the fingerprint of the host's key, as ssh prints it."""
        return fingerprint(self._transport.get_remote_server_key())

    def close(self) -> None:
        """End the connection; what runs on the host detached goes on."""
        if "_connection" in self.__dict__:
            with suppress(Exception):
                self._connection.close()

    # The shell

    def _token(self) -> str:
        return f"dbops-{os.urandom(8).hex()}-{next(self._numbers)}"

    def _send(self, question: Question) -> None:
        token = self._token()
        self._write(remote.framed_question(question, token))
        self._pending.append((question, token))

    def _write(self, text: str) -> None:
        try:
            self._channel.sendall(text.encode())
        except OSError as error:
            raise self._lost(str(error)) from error

    def _receive(self) -> None:
        question, token = self._pending[0]
        lines = list(self._lines(token))
        while (error := self._error.until(f"\n{token}\n")) is None:
            self._more(error=True)
        del self._pending[0]
        code = int(lines.pop())
        self._answers[question] = Answer(code=code, out="\n".join(lines), error=error)

    def _lines(self, token: str, *, idle: bool = False) -> Iterator[str]:
        """Yield what comes until the line of TOKEN, then the exit code it brings."""
        while True:
            while (line := self._out.until("\n")) is None:
                self._more()
                if idle:
                    yield ""
            if line.startswith(token):
                yield line.removeprefix(token).strip()
                return
            yield line

    def _more(self, *, error: bool = False) -> None:
        """Wait for bytes on standard output, or ERROR, and take what has come on the other.

        Raises:
            Unreachable: none come, and the host answers no pulse either (exit 69).
        """
        channel = self._channel
        ways = [
            (self._out, channel.recv_ready, channel.recv),
            (self._error, channel.recv_stderr_ready, channel.recv_stderr),
        ]
        (waited, _, receive), (other, is_ready, take) = reversed(ways) if error else ways
        if is_ready():
            other.feed(take(_CHUNK_BYTES))
        try:
            chunk = receive(_CHUNK_BYTES)
        except TimeoutError:
            silent = time.monotonic() - self._pulse.last
            if silent > LOST_AFTER_SECONDS or not self._transport.is_active():
                raise self._lost(f"nothing was heard of it for {silent:.0f} s") from None
            return
        if not chunk and not is_ready():
            raise self._lost("the host closed the connection")
        waited.feed(chunk)

    def _lost(self, why: str) -> Unreachable:
        self.close()
        return Unreachable(
            f"{self.environment.name}: the connection was lost",
            where=str(self._route[-1]),
            why=why,
            next_command=self.environment.command("attach"),
        )

    # The connection

    @cached_property
    def _route(self) -> tuple[Hop, ...]:
        if self.environment.host is None:
            message = f"{self.environment.name} has no host"
            raise ValueError(message)
        return ssh_config.route(self.environment.host)

    @cached_property
    def _connection(self) -> Connection:
        connection: Connection | None = None
        for hop in self._route:
            connection = _opened(self.environment, hop, connection)
        return connection

    @cached_property
    def _transport(self) -> Transport:
        return self._connection.transport

    @cached_property
    def _pulse(self) -> _Pulse:
        pulse = _Pulse(self._transport)
        pulse.start()
        return pulse

    @cached_property
    def _channel(self) -> Channel:
        try:
            channel = self._transport.open_session(timeout=CONNECT_SECONDS)
            channel.exec_command("exec sh")
        except SSHException as error:
            raise self._lost(str(error)) from error
        channel.settimeout(0.2)
        channel.sendall(remote.opening(self.environment).encode())
        self._pulse  # noqa: B018  begins to beat
        return channel


class _Stream:
    """Bytes as they come, taken out as text up to a mark."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.searched = 0

    def feed(self, chunk: bytes) -> None:
        self.buffer += chunk

    def until(self, mark: str) -> str | None:
        """Return the text before MARK and take it out; None when MARK has not come yet."""
        wanted = mark.encode()
        at = self.buffer.find(wanted, self.searched)
        if at < 0:
            self.searched = max(0, len(self.buffer) - len(wanted))
            return None
        self.searched = 0
        text = self.buffer[:at].decode(errors="replace")
        del self.buffer[: at + len(wanted)]
        return text


class _Pulse(threading.Thread):
    """Asks the host for a sign of life: a dead link behind a jump host shows in no other way.

    TCP sees only the first hop, and paramiko's own keepalive waits for no answer.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(daemon=True)
        self.transport = transport
        self.last = time.monotonic()

    def run(self) -> None:
        """Ask every few seconds, as long as the connection is there."""
        while self.transport.is_active():
            self.transport.global_request("keepalive@openssh.com", wait=True)
            if self.transport.is_active():
                self.last = time.monotonic()
            time.sleep(PULSE_SECONDS)


def _opened(environment: Environment, hop: Hop, gateway: Connection | None) -> Connection:
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
    except (SSHException, OSError) as error:
        raise Unreachable(
            f"{environment.name}: {_what(error)}",
            where=str(hop),
            why=_reason(error),
            next_command=f"ssh {_ssh_words(hop)}",
        ) from error
    if gateway is None and not hop.proxy_command:
        _notice_a_dead_link(connection.transport.sock)
    return connection


def _credentials(hop: Hop) -> dict[str, Any]:
    if hop.agent_socket:
        os.environ["SSH_AUTH_SOCK"] = hop.agent_socket  # paramiko knows no other way
    return {
        "key_filename": list(hop.keys),
        "allow_agent": hop.agent,
        "look_for_keys": False,
        "banner_timeout": CONNECT_SECONDS,
        "auth_timeout": CONNECT_SECONDS,
    }


def _trust_only_known_keys(client: SSHClient, hop: Hop) -> None:
    known = HostKeys()
    for file in hop.known_hosts:
        if file.is_file():
            known.load(str(file))
    connected_as = hop.address if hop.port == 22 else f"[{hop.address}]:{hop.port}"  # noqa: PLR2004
    for kind, key in dict(known.lookup(hop.known_as) or {}).items():
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
            next_command=f"compare it with the host's own, then ssh {_ssh_words(self.hop)}",
        )


def _changed_key(environment: Environment, hop: Hop, error: BadHostKeyException) -> Refused:
    return Refused(
        f"{environment.name}: the host key of {hop.known_as} has changed",
        where=", ".join(map(str, hop.known_hosts)),
        why=f"it presents {fingerprint(error.key)}, known is {fingerprint(error.expected_key)}",
        next_command="find out why; only then: "
        f"ssh-keygen -R {shlex.quote(hop.known_as)} -f {hop.known_hosts[0]}",
    )


def fingerprint(key: PKey) -> str:
    """Return KEY's fingerprint as `ssh-keygen -l` prints it."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def _ssh_words(hop: Hop) -> str:
    port = f"-p {hop.port} " if hop.port != 22 else ""  # noqa: PLR2004
    return f"{port}{hop.user}@{hop.address}"


def _what(error: Exception) -> str:
    if isinstance(error, PasswordRequiredException):
        return "the private key is encrypted"
    if isinstance(error, AuthenticationException):
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
    return str(error) or type(error).__name__


def _notice_a_dead_link(found: Any) -> None:  # noqa: ANN401  a socket, or what stands for one
    """Let the kernel end a connection whose other end is silent (tcp(7))."""
    wanted = {"TCP_USER_TIMEOUT": int(LOST_AFTER_SECONDS * 1000), "TCP_KEEPIDLE": 10}
    wanted |= {"TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_NODELAY": 1}
    if not isinstance(found, socket.socket):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in wanted.items():
        if hasattr(socket, name):  # macOS has others
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
