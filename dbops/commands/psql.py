"""psql beside a database: what it runs, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbops.commands import sql
from dbops.commands.shell import Question, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbops.commands.backend import Backend

_TOGETHER = 200
_SAFE = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")


def command(backend: Backend, *arguments: str, database: str | None = None) -> list[str]:
    """Return the words of a psql that reads no start-up file and stops at the first error."""
    return backend.tool("psql", *_SAFE, *arguments, database=database)


def execute(
    backend: Backend, *statements: str, database: str | None = None, one: bool = True
) -> str:
    """Return the shell text that runs STATEMENTS, in ONE transaction or each in its own."""
    commands = [f"--command={each}" for each in statements]
    together = ["--single-transaction"] if one else []
    return words(*command(backend, *together, *commands, database=database))


def ask(backend: Backend, statement: str, database: str | None = None) -> str:
    """Return the shell text that prints the one value STATEMENT gives."""
    answer = ("--no-align", "--tuples-only", f"--command={statement}")
    return words(*command(backend, *answer, database=database))


def ask_all(backend: Backend, statements: Sequence[str], database: str | None = None) -> str:
    """Return the shell text that prints the rows of all STATEMENTS, each a SELECT of one text.

    They may take as long as they need.
    """
    # One argument holds 128 KiB at most (execve(2)). One statement in each: before 15, psql shows
    # the last result alone of several (release notes of 15, E.5.3.9).
    several = (statements[at : at + _TOGETHER] for at in range(0, len(statements), _TOGETHER))
    each = [f"--command={' UNION ALL '.join(some)}" for some in several] or ["--command="]
    options = ("--no-align", "--tuples-only", f"--command={sql.UNLIMITED}")
    return words(*command(backend, *options, *each, database=database))


def asks(backend: Backend, file: Path, *arguments: str, database: str | None = None) -> Question:
    """Return the read-only query in FILE as a question: one value a line, tabs between."""
    options = ("--no-align", "--tuples-only", "--field-separator=\t", *arguments)
    # By standard input: the file need not lie where psql runs, and nothing is written.
    asked = command(backend, *options, "--file=-", database=database)
    return Question(words=tuple(asked), text=file.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class File:
    """A file of SQL on this machine, as a shell word that may hold a variable of the script."""

    word: str


def transaction(
    backend: Backend,
    *parts: File | str,
    variables: Sequence[str] = (),
    database: str | None = None,
) -> str:
    """Return the shell text that runs PARTS, files and statements, in one transaction.

    Args:
        backend: reaches the database.
        parts: what to run, in this order.
        variables: words that set psql's variables.
        database: another database than the environment's own.
    """
    brought = backend.bring(*(each.word for each in parts if isinstance(each, File)))
    paths = iter(brought.paths)
    start = command(
        backend, "--single-transaction", "--output=/dev/null", *variables, database=database
    )
    options = [
        f"--file={next(paths)}" if isinstance(each, File) else words(f"--command={each}")
        for each in parts
    ]
    return brought.around(" ".join([words(*start), *options]))
