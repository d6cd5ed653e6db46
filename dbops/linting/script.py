"""The SQL of one revision, as the server would see it, and which line of Python wrote what."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from dbops import sql_text
from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from dbops.revisions import Revision

_TELLING = 6  # letters a line of SQL needs to be looked for in the file


class Written(Frozen):
    """What one call of a revision wrote: its line in the file, and the SQL without the last `;`."""

    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Script:
    """What one revision runs on its way up.

    Attributes:
        written: what its upgrade wrote, in order; COMMIT and BEGIN around an autocommit block too.
        timeouts: the session's timeouts by name, as PostgreSQL writes them.
        failure: why nothing, or not everything, was written; empty when all was.
        failed_line: the line of the revision file that failed.
    """

    revision: Revision
    written: tuple[Written, ...] = ()
    timeouts: tuple[tuple[str, str], ...] = ()
    failure: str = ""
    failed_line: int = 1

    @cached_property
    def source(self) -> str:
        """Return the revision file's text."""
        return self.revision.path.read_text(encoding="utf-8")

    @cached_property
    def text(self) -> str:
        """Return the SQL in its transaction, with the timeouts that are in force."""
        return "".join(f"{each}\n" for each in (*self._head, *self._bodies, "COMMIT;"))

    @cached_property
    def statements(self) -> tuple[sql_text.Statement, ...]:
        """Return the statements of the text; their lines are those of the text.

        Raises:
            UnterminatedError: it ends inside a quote, a comment or a statement.
        """
        pieces = sql_text.split(self.text)
        return tuple(each for each in pieces if isinstance(each, sql_text.Statement))

    def source_line(self, line: int) -> int:
        """Return the line of the revision file that LINE of the text comes from.

        That is the line with the same words where there is one, else the call that wrote it.
        """
        wrote = self._writer(line)
        words = "".join(self.text.splitlines()[line - 1 : line]).strip()
        if len(words) < _TELLING:
            return wrote.line
        lines = self.source.expandtabs(4).splitlines()
        same = [number for number, each in enumerate(lines, start=1) if words in each]
        return next((each for each in same if each >= wrote.line), (same or [wrote.line])[0])

    def writer_text(self, line: int) -> str:
        """Return all the SQL that was written together with LINE of the text."""
        return self._writer(line).text

    def _writer(self, line: int) -> Written:
        at = bisect_right(self._starts, line) - 1
        return self.written[at] if 0 <= at < len(self.written) else Written(text="", line=1)

    @cached_property
    def _head(self) -> tuple[str, ...]:
        on = ((name, value) for name, value in self.timeouts if re.search("[1-9]", value))
        return (*(f"SET {name} = '{value}';" for name, value in on), "BEGIN;")

    @cached_property
    def _bodies(self) -> tuple[str, ...]:
        # On a line of its own: a statement may end with a comment.
        return tuple(f"{each.text}\n;" for each in self.written)

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        sizes = (each.count("\n") + 1 for each in self._bodies)
        return tuple(accumulate(sizes, initial=len(self._head) + 1))
