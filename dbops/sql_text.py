"""SQL scripts cut into statements, comments and psql commands, exactly where psql cuts them.

The rules are those of psql's own scanner (PostgreSQL manual, 4.1 "Lexical Structure", and "psql",
"Meta-Commands"). A semicolon ends a statement unless it stands in parentheses or in the `BEGIN
ATOMIC ... END` body of a routine; a backslash outside quotes begins a meta-command wherever it is;
`standard_conforming_strings` is on.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST = r"A-Za-z_\x80-\U0010ffff"  # of an identifier; PostgreSQL takes every byte above ASCII
_WORD = rf"[{_FIRST}][{_FIRST}0-9$]*+"
_TAG = rf"\$(?:[{_FIRST}][{_FIRST}0-9]*+)?\$"
_TO_END = r"--[^\n\r]*+"
_BLOCK_WORD = rf"(?i:begin|case|end)(?![{_FIRST}0-9$])"

# No possessive group holds a lookahead: Python 3.11.2 loses matches in those (measured).
_TOKEN = re.compile(
    rf"""
    (?P<plain>(?:
        [^{_FIRST}0-9'"$\-/\\;()]++
      | [0-9]++(?:{_WORD})?                 # 1e'a' is the junk 1e and a plain string
      | (?![eE]'|{_BLOCK_WORD}){_WORD}
      | -(?!-) | /(?!\*) | (?!{_TAG})\$
    )*)
    (?:
        (?P<comment>   {_TO_END} (?:\r?\n[ \t]*+{_TO_END})* )
      | (?P<remark>    /\* )
      | (?P<string>    '[^']*+' | [eE]'(?:[^'\\]++|\\.|'')*' )
      | (?P<name>      "[^"]*+" )
      | (?P<dollar>    {_TAG} )
      | (?P<open>      [eE]?' | " )
      | (?P<command>   \\[^\n]*+ )
      | (?P<parens>    [()] )
      | (?P<block>     {_BLOCK_WORD} )
      | (?P<semicolon> ; )
    )?
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_BLANKS = " \t\n\r\f\v"
_REMARK_EDGE = re.compile(r"/\*|\*/")
_SPACES = re.compile(r"""("[^"]*+")|\s{2,}|[\t\n\r\f\v]""", re.ASCII)
_ROUTINE = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?(?:function|procedure)\s", re.IGNORECASE | re.ASCII
)
_COPY_IN = re.compile(r"copy\b.*\bfrom stdin\b", re.IGNORECASE | re.ASCII)
_COPY_END = re.compile(r"^\\\.\r?$", re.MULTILINE)


class UnterminatedError(ValueError):
    """The script ends inside something.

    Attributes:
        inside: what it ends in, such as `a $body$ quote`.
        line: the line (from 1) on which that begins.
    """

    def __init__(self, inside: str, line: int) -> None:
        super().__init__(f"{inside} that begins on line {line} does not end")
        self.inside = inside
        self.line = line


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a script: its text, and where it stands (lines from 1, both included)."""

    text: str
    start: int
    first_line: int
    last_line: int

    @property
    def end(self) -> int:
        """Return the offset behind the last character."""
        return self.start + len(self.text)

    @property
    def lines(self) -> range:
        """Return the numbers of the lines it stands on."""
        return range(self.first_line, self.last_line + 1)


@dataclass(frozen=True, slots=True)
class Comment(Piece):
    """Comments outside statements; `--` lines that follow each other are one."""


@dataclass(frozen=True, slots=True)
class MetaCommand(Piece):
    r"""A psql command, from its backslash to the end of the line."""


@dataclass(frozen=True, slots=True)
class Statement(Piece):
    """A statement with its semicolon.

    `code` is the statement reduced to what decides: no comments, no semicolon, each string as `''`,
    each run of blanks as one space; the case is as written.
    """

    code: str


def split(text: str) -> Iterator[Piece]:
    """Return the pieces of a script in order; rows of COPY FROM stdin are skipped.

    Args:
        text: the script; lines end with a line feed.

    Raises:
        UnterminatedError: it ends inside a quote, a comment, a statement or COPY rows.
    """
    return _Splitter(text).pieces()


class _Splitter:
    def __init__(self, text: str) -> None:
        self.text = text
        self.breaks = [each.start() for each in re.finditer("\n", text)]
        self.pos = 0
        self._begin()

    def _begin(self) -> None:
        self.start = -1  # of the statement being read; none yet
        self.code: list[str] = []
        self.parens = 0
        self.blocks = 0
        self.is_routine: bool | None = None

    def pieces(self) -> Iterator[Piece]:
        while self.pos < len(self.text):
            if piece := self._next():
                yield piece
        if self.start >= 0:
            raise UnterminatedError("a statement", self._line(self.start))

    def _next(self) -> Piece | None:
        token: re.Match[str] = _TOKEN.match(self.text, self.pos)  # type: ignore[assignment]  # the last choice matches anything
        kind, at = token.lastgroup, token.end("plain")
        if self.start < 0:
            written = len(token["plain"].lstrip(_BLANKS))
            if written or kind not in {"plain", "comment", "remark", "command"}:
                self.start = at - written
        self.code.append(token["plain"])
        self.pos = token.end()
        return self._take(kind, at) if kind != "plain" else None

    def _take(self, kind: str | None, at: int) -> Piece | None:
        """Take the token that begins AT and ends at `pos`, or there begins a longer one."""
        match kind:
            case "comment" | "remark":
                return self._comment(at, depth=int(kind == "remark"))
            case "command":
                return MetaCommand(*self._span(at))
            case "semicolon":
                return self._semicolon()
            case "open":
                quote = "a quoted name" if self.text[at] == '"' else "a quoted string"
                raise UnterminatedError(quote, self._line(at))
            case "dollar":
                self._dollar(at)
            case "string":
                self.code.append("''")
            case _:
                self._word(self.text[at : self.pos])
        return None

    def _comment(self, at: int, *, depth: int) -> Comment | None:
        while depth:
            edge = _REMARK_EDGE.search(self.text, self.pos)
            if not edge:
                raise UnterminatedError("a comment", self._line(at))
            depth += 1 if edge[0] == "/*" else -1
            self.pos = edge.end()
        if self.start < 0:
            return Comment(*self._span(at))
        self.code.append(" ")
        return None

    def _dollar(self, at: int) -> None:
        tag = self.text[at : self.pos]
        end = self.text.find(tag, self.pos)
        if end < 0:
            raise UnterminatedError(f"a {tag} quote", self._line(at))
        self.pos = end + len(tag)
        self.code.append("''")

    def _word(self, word: str) -> None:
        """Count parentheses, and the blocks of a routine whose body is SQL, as psql does."""
        match word.lower():
            case "(":
                self.parens += 1
            case ")":
                self.parens = max(0, self.parens - 1)
            case ("begin" | "case" | "end") as edge if not self.parens and self._in_routine():
                if edge == "end":
                    self.blocks = max(0, self.blocks - 1)
                elif edge == "begin" or self.blocks:
                    self.blocks += 1
        self.code.append(word)

    def _in_routine(self) -> bool:
        if self.is_routine is None:
            self.is_routine = bool(_ROUTINE.match("".join(self.code)))
        return self.is_routine

    def _semicolon(self) -> Statement | None:
        if self.parens or self.blocks:
            self.code.append(";")
            return None
        code = _SPACES.sub(lambda each: each[1] or " ", "".join(self.code)).strip(" ")
        statement = Statement(*self._span(self.start), code)
        self._begin()
        if _COPY_IN.match(code):
            self._skip_rows(statement.last_line)
        return statement if code else None

    def _skip_rows(self, line: int) -> None:
        rows = self.text.find("\n", self.pos) + 1
        end = _COPY_END.search(self.text, rows) if rows else None
        if not end:
            raise UnterminatedError("the rows of a COPY", line)
        self.pos = end.end()

    def _span(self, start: int) -> tuple[str, int, int, int]:
        last = max(start, self.pos - 1)
        return self.text[start : self.pos], start, self._line(start), self._line(last)

    def _line(self, at: int) -> int:
        return bisect_left(self.breaks, at) + 1
