"""The one package that opens SSH: a connection through every hop, and one shell on the host.

All that is asked of a host goes through one persistent `sh` on one channel: a question costs one
round trip, and several questions that are sent together cost one in all. Strict host keys on every
hop; Fabric by itself accepts any.
"""

from __future__ import annotations

import base64
import os
import sys
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from paramiko import SSHException

from dbops import ssh_config
from dbops.commands import remote
from dbops.commands.shell import Question
from dbops.errors import Unreachable
from dbops.machine import Measured
from dbops.runner import Answer
from dbops.session.connection import CONNECT_SECONDS, LOST_AFTER_SECONDS, fingerprint, opened
from dbops.session.stream import Pulse, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fabric import Connection
    from paramiko import Channel, Transport

    from dbops.environments.model import Environment
    from dbops.ssh_config import Hop

_CHUNK_BYTES = 1 << 16


class Session:
    """A connection to an environment's host; made when the first question is asked."""

    _channel: Channel  # there is none until something is sent

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._pending: list[tuple[Question, str]] = []
        self._answers: dict[Question, Answer] = {}
        self._foreseen: tuple[Question, ...] = ()  # last
        self._again: tuple[Question, ...] = ()  # these are on their way, behind a script
        self._out = Stream()
        self._error = Stream()
        self._numbers = iter(range(1, sys.maxsize))

    # What a Machine answers

    def foresee(self, *questions: Question) -> None:
        """Send QUESTIONS without waiting; `read` picks the answers up."""
        self._answers.clear()
        if questions != self._again:
            self._send(*questions)
        self._foreseen, self._again = questions, ()

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

    def script(self, text: str, *, idle: bool = False, again: bool = False) -> Iterator[str]:
        """Run TEXT, a script, and yield its lines as they come; the last is its exit code alone.

        Args:
            text: shell text; what it writes to standard error comes, too.
            idle: also yield an empty line now and then while nothing comes.
            again: what was foreseen last will be foreseen again when TEXT has ended, so these
                questions travel with it; they are answered once it has ended.

        Raises:
            Unreachable: the connection was lost (exit 69).
        """
        while self._pending:
            self._receive()
        token = self._token()
        self._again = self._foreseen if again else ()
        self._send(*self._again, after=remote.framed(text, token))
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
        except (OSError, SSHException) as error:
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
