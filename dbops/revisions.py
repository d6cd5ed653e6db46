"""The revision files of an Alembic project, read with `ast`: quick, and no code is run."""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING

from dbops.errors import Problem, UsageProblem
from dbops.revision_graph import Graph, Revision

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ARCHIVE", "Graph", "Revision", "read"]

# The folder beside the revision files where those lie that a baseline stands for.
ARCHIVE = "archive"


def read(versions: Path) -> Graph:
    """Return the graph of the revision files in VERSIONS.

    Raises:
        Problem: a file cannot be parsed or computes its id, two claim one id, or a parent is
            missing (exit 1).
    """
    if not versions.is_dir():
        raise UsageProblem(
            "the folder of revisions is missing",
            where=str(versions),
            why="migrations.ini in environments.yaml points beside it",
        )
    # An editor's lock, a dangling link, begins with a dot; Alembic passes it over, too.
    files = (each for each in versions.glob("[!.]*.py") if each.is_file())
    found = [_revision(path) for path in sorted(files)]
    graph = Graph(each for each in found if each)
    _check([each for each in found if each], graph)
    return graph


def _revision(path: Path) -> Revision | None:
    source = path.read_bytes()
    try:
        module = ast.parse(source, filename=str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 1)
        raise Problem(
            "a revision file is not valid Python", where=f"{path}:{line}", why=str(error)
        ) from error
    values = _values(module)
    if "revision" not in values:
        return None
    return Revision(
        id=_identity(path, values["revision"]),
        parents=_parents(path, values["down_revision"]) if "down_revision" in values else (),
        title=(ast.get_docstring(module) or path.stem).splitlines()[0].strip(),
        path=path,
        sha256=hashlib.sha256(source).hexdigest(),
        reversible=_is_reversible(module),
        replaces=_replaces(path, values["replaces"]) if "replaces" in values else (),
    )


def _is_reversible(module: ast.Module) -> bool:
    does = {each.name: _doing(each) for each in module.body if isinstance(each, ast.FunctionDef)}
    if "upgrade" not in does or "downgrade" not in does:
        return False
    refuses = any(isinstance(each, ast.Raise) for each in does["downgrade"])
    return not refuses and bool(does["downgrade"] or not does["upgrade"])


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
    if isinstance(value := _literal(node), str):
        return value
    raise _not_plain(path, node, "revision", "'ID'")


def _parents(path: Path, node: ast.expr) -> tuple[str, ...]:
    value = _literal(node)
    if value is None:
        return ()
    parents = (value,) if isinstance(value, str) else value
    if isinstance(parents, (tuple, list)) and all(isinstance(each, str) for each in parents):
        return tuple(parents)
    raise _not_plain(path, node, "down_revision", "'ID', ('ID', 'ID') or None")


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


def _not_plain(path: Path, node: ast.expr, name: str, needed: str) -> Problem:
    return Problem(
        f"{name} is not written as plain text",
        where=f"{path}:{node.lineno}",
        why=f"revision files are read and not run: it needs {needed}",
    )


def _check(found: list[Revision], graph: Graph) -> None:
    for each in found:
        other = graph[each.id]
        if other is not each:
            raise Problem(
                f"two files are revision {each.id}", where=f"{each.path.name}, {other.path.name}"
            )
        for parent in each.parents:
            if parent not in graph:
                raise Problem(
                    f"revision {each.id} follows {parent}, which has no file",
                    where=str(each.path),
                    why="the file was deleted or never committed, or baseline-advance was killed",
                    next_command=f"git status {each.path.parent}",
                )
