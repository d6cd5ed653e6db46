"""Which revisions write rows, as far as their text shows; the truth is in a database."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from dbops.sql_text import Statement, UnterminatedError, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WRITING = re.compile(
    r"(?:insert into|merge into|copy|update|delete from)\b|with\b.*\b(?:insert|update|delete)\b"
    r"|create (?:unlogged )?table\b.* as (?:select|table|values|with)\b",
    re.IGNORECASE | re.DOTALL,
)


def written_by(revision: Path) -> bool:
    """Return whether the upgrade of the revision file REVISION has statements that write rows."""
    module = ast.parse(revision.read_bytes())
    return any(_writes(node) for node in _upward(module))


def _upward(node: ast.AST) -> Iterator[ast.AST]:
    """Yield everything in NODE but its downgrade."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.FunctionDef) and child.name == "downgrade"):
            yield child
            yield from _upward(child)


def _writes(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "bulk_insert"
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and any(_WRITING.match(each) for each in _statements(node.value))
    )


def _statements(text: str) -> list[str]:
    """Return the statements of TEXT without strings and comments; itself when it is cut."""
    try:
        return [each.code for each in split(f"{text};") if isinstance(each, Statement)]
    except UnterminatedError:
        return [text.strip()]
