"""One revision file, read with `ast`: quick, and no code is run."""

from __future__ import annotations

import ast
import hashlib
import re
from typing import TYPE_CHECKING

from dbops.errors import Problem
from dbops.revision_graph import Revision

if TYPE_CHECKING:
    from pathlib import Path

# alembic_version.version_num is varchar(32); `@`, `-`, `+` and `:` are Alembic's own signs.
_ID = re.compile(r"[^\s@+:-]{1,32}")


def read(path: Path) -> Revision:
    """Return the revision whose file PATH is.

    Raises:
        Problem: it cannot be parsed, has no id or parent, computes them, or its id is one that
            alembic_version cannot hold (exit 1).
    """
    source = path.read_bytes()
    module = _parsed(path, source)
    values = _values(module)
    for name in ("revision", "down_revision"):
        if name not in values:
            raise _missing(path, name)
    return Revision(
        id=_identity(path, values["revision"]),
        parents=_ids(path, values, "down_revision"),
        title=(ast.get_docstring(module) or path.stem).splitlines()[0].strip(),
        path=path,
        sha256=hashlib.sha256(source).hexdigest(),
        reversible=_is_reversible(module),
        has_downgrade="downgrade" in _functions(module),
        replaces=_replaces(path, values["replaces"]) if "replaces" in values else (),
        needs=_ids(path, values, "depends_on") if "depends_on" in values else (),
    )


def _parsed(path: Path, source: bytes) -> ast.Module:
    try:
        return ast.parse(source, filename=str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 1)
        raise Problem(
            "a revision file is not valid Python",
            where=f"{path}:{line}",
            why=str(error),
            next_command="correct it, or move a file that is no revision out of the folder",
        ) from error


def _is_reversible(module: ast.Module) -> bool:
    does = _functions(module)
    if "upgrade" not in does or "downgrade" not in does:
        return False
    refuses = any(isinstance(each, ast.Raise) for each in does["downgrade"])
    return not refuses and bool(does["downgrade"] or not does["upgrade"])


def _functions(module: ast.Module) -> dict[str, list[ast.stmt]]:
    return {each.name: _doing(each) for each in module.body if isinstance(each, ast.FunctionDef)}


def _doing(function: ast.FunctionDef) -> list[ast.stmt]:
    """Return FUNCTION's statements less its docstring, `pass`, `...` and `return`."""
    idle = (ast.Pass, ast.Return, ast.Constant)
    return [e for e in function.body if not isinstance(getattr(e, "value", None) or e, idle)]


def _values(module: ast.Module) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for node in module.body:
        if isinstance(node, ast.Assign):
            names = [each.id for each in node.targets if isinstance(each, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        if node.value:
            found.update(dict.fromkeys(names, node.value))
    return found


def _identity(path: Path, node: ast.expr) -> str:
    value = _literal(node)
    if not isinstance(value, str):
        raise _not_plain(path, node, "revision", "'ID'")
    if not _ID.fullmatch(value):
        raise Problem(
            f"{value!r} cannot be the id of a revision",
            where=f"{path}:{node.lineno}",
            why="alembic_version holds 1 to 32 characters; blanks, @, -, + and : have a meaning",
            next_command="inv al-rev --message '...' writes a file with a new id",
        )
    return value


def _ids(path: Path, values: dict[str, ast.expr], name: str) -> tuple[str, ...]:
    value = _literal(values[name])
    if value is None:
        return ()
    ids = (value,) if isinstance(value, str) else value
    if isinstance(ids, (tuple, list)) and all(isinstance(each, str) for each in ids):
        return tuple(ids)
    raise _not_plain(path, values[name], name, "'ID', ('ID', 'ID') or None")


def _replaces(path: Path, node: ast.expr) -> tuple[tuple[str, tuple[str, ...]], ...]:
    value = _literal(node)
    if isinstance(value, dict):
        pairs = tuple(value.items())
        if all(isinstance(each, (str, tuple)) for pair in pairs for each in pair):
            return pairs
    raise _not_plain(path, node, "replaces", "{'COMMIT': ('ID', 'ID')}")


def _literal(node: ast.expr) -> object:
    """Return the value NODE spells out; Ellipsis, which no revision needs, for a computed one."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ...


def _missing(path: Path, name: str) -> Problem:
    return Problem(
        f"a revision file does not say its {name}",
        where=str(path),
        why=f"files are read and not run: it needs a line of its own, {name} = ...",
        next_command="correct it, or move a file that is no revision out of the folder",
    )


def _not_plain(path: Path, node: ast.expr, name: str, needed: str) -> Problem:
    return Problem(
        f"{name} is not written as plain text",
        where=f"{path}:{node.lineno}",
        why=f"revision files are read and not run: it needs {needed}",
        next_command=f"spell {name} out in that line",
    )
