"""The one package that opens SSH: a connection through every hop, and one shell on the host.

All that is asked of a host goes through one persistent `sh` on one channel: a question costs one
round trip, and several questions that are sent together cost one in all. Strict host keys on every
hop; Fabric by itself accepts any.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dbops.commands import remote
from dbops.commands.shell import Question
from dbops.machine import Measured
from dbops.session.connection import LOST_AFTER_SECONDS, fingerprint
from dbops.session.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbops.environments.model import Environment
    from dbops.runner import Answer


class Session(Shell):
    """A host as a Machine: what is asked of an environment's host, and what runs there."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._foreseen: tuple[Question, ...] = ()  # last
        self._again: tuple[Question, ...] = ()  # these are on their way, behind a script

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
        """Run WORDS on this terminal, in the checkout on the host, and return the exit code.

        Raises:
            Unreachable: the connection was lost (exit 69).
        """
        self._pulse.end_when_silent(LOST_AFTER_SECONDS)
        at_terminal = bool(sys.stdin and sys.stdin.isatty())
        done = self._connection.run(
            remote.on_terminal(self.environment, words),
            pty=at_terminal,
            in_stream=None if at_terminal else False,
            warn=True,
        )
        if done.return_code < 0:  # paramiko's word for an end without an exit code
            raise self._lost("the host closed the connection, or nothing was heard of it")
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
