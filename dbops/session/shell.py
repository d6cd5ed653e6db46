"""One persistent `sh` on one channel of a connection: what is sent to it, and what comes back."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from paramiko import SSHException

from dbops import ssh_config
from dbops.commands import remote
from dbops.errors import Unreachable
from dbops.runner import Answer
from dbops.session.connection import CONNECT_SECONDS, LOST_AFTER_SECONDS, opened
from dbops.session.stream import Pulse, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fabric import Connection
    from paramiko import Channel, Transport

    from dbops.commands.shell import Question
    from dbops.environments.model import Environment
    from dbops.ssh_config import Hop

_CHUNK_BYTES = 1 << 16


class Shell:
    """The shell on an environment's host; connected when something is sent for the first time."""

    _channel: Channel  # there is none until something is sent

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._pending: list[tuple[Question, str]] = []
        self._answers: dict[Question, Answer] = {}
        self._out = Stream()
        self._error = Stream()
        self._numbers = iter(range(1, sys.maxsize))

    def close(self) -> None:
        """End the connection; what runs on the host detached goes on."""
        if "_connection" in self.__dict__:
            with suppress(Exception):
                self._connection.close()

    def _token(self) -> str:
        return f"dbops-{os.urandom(8).hex()}-{next(self._numbers)}"

    def _send(self, *questions: Question, after: str = "") -> None:
        asked = [(each, self._token()) for each in questions]
        self._write("".join([after, *(remote.framed_question(*each) for each in asked)]))
        self._pending += asked

    def _write(self, text: str) -> None:
        """Send TEXT to the shell, which is begun with it when there is none yet."""
        try:
            if "_channel" not in self.__dict__:
                text = self._begin(text)
            self._channel.sendall(text.encode())
        except (OSError, SSHException, EOFError) as error:
            raise self._lost(str(error) or "the host closed the connection") from error

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
            connection = opened(self.environment, hop, connection)
        return connection

    @cached_property
    def _transport(self) -> Transport:
        return self._connection.transport

    @cached_property
    def _pulse(self) -> Pulse:
        pulse = Pulse(self._transport)
        pulse.start()
        return pulse

    def _begin(self, text: str) -> str:
        """Begin the shell with TEXT, and return what of it is still to be sent.

        sshd lets nothing through to a program before that has begun, a round trip later; what its
        command says is there at once.
        """
        fits = len(text.encode()) <= remote.FIRST_BYTES
        first, rest = (text, "") if fits else ("", text)
        channel = self._transport.open_session(timeout=CONNECT_SECONDS)
        channel.exec_command(remote.shell(self.environment, first))
        channel.settimeout(0.2)
        self._channel = channel
        self._pulse  # noqa: B018  begins to beat
        return rest
