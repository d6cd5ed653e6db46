"""The revision files of an Alembic project, read with `ast`: quick, and no code is run."""

from __future__ import annotations

import ast
import difflib
import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

from dbops.environments.frozen import Frozen
from dbops.errors import Problem, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_FILES = "the revision files of this checkout"


class Revision(Frozen):
    """One revision file: its id, the ids it follows, its title and the file's sha256."""

    id: str
    parents: tuple[str, ...]
    title: str
    path: Path
    sha256: str


class Graph:
    """All revisions of a project and how they follow each other."""

    def __init__(self, revisions: Iterable[Revision]) -> None:
        self.revisions: Mapping[str, Revision] = {each.id: each for each in revisions}

    def __contains__(self, revision: str) -> bool:
        return revision in self.revisions

    def __getitem__(self, revision: str) -> Revision:
        return self.revisions[revision]

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Return the ids nothing follows, sorted."""
        followed = {parent for each in self.revisions.values() for parent in each.parents}
        return tuple(sorted(self.revisions.keys() - followed))

    @property
    def head(self) -> str:
        """Return the one head.

        Raises:
            Problem: there is none, or more than one (exit 1).
        """
        if len(self.heads) == 1:
            return self.heads[0]
        if not self.heads:
            raise Problem("there are no revisions", next_command="inv al-rev --message '...'")
        raise Problem(
            f"{len(self.heads)} heads: {', '.join(self.heads)}",
            where=", ".join(self[head].path.name for head in self.heads),
            why="two revisions follow the same one, so the order of the upgrade is not decided",
            next_command=f"edit down_revision of the newer one to {self.heads[0]!r}",
        )

    @cached_property
    def history(self) -> tuple[Revision, ...]:
        """Return every revision, each after those it follows; ties in order of id."""
        return tuple(self[each] for each in _ordered(self.revisions))

    def ancestors(self, revisions: Iterable[str]) -> set[str]:
        """Return REVISIONS and everything they follow."""
        found: set[str] = set()
        waiting = [each for each in revisions if each in self]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += self[current].parents
        return found

    def between(self, applied: Iterable[str], target: str) -> tuple[Revision, ...]:
        """Return what an upgrade from APPLIED to TARGET would run, in order."""
        wanted = self.ancestors([target]) - self.ancestors(applied)
        return tuple(each for each in self.history if each.id in wanted)

    def resolve(self, given: str) -> str:
        """Return the id GIVEN names: an id, an unambiguous beginning of one, or `head`.

        Raises:
            UsageProblem: nothing, or more than one revision, is named so (exit 4).
        """
        if given in {"head", "heads"}:
            return self.head
        if given in self:
            return given
        found = sorted(each for each in self.revisions if given and each.startswith(given))
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageProblem(
                f"{given!r} begins {len(found)} revisions",
                where=_FILES,
                why=f"they are {', '.join(found)}",
                next_command="type more of the one that is meant",
            )
        raise self._unknown(given)

    def _unknown(self, given: str) -> UsageProblem:
        close = difflib.get_close_matches(given, self.revisions, n=1, cutoff=0.6)
        return UsageProblem(
            f"no revision is called {given!r}",
            where=_FILES,
            why=f"did you mean {close[0]}?" if close else f"the newest is {', '.join(self.heads)}",
            next_command="inv al-hist --env local_dev",
        )


def _ordered(revisions: Mapping[str, Revision]) -> Iterator[str]:
    opened: set[str] = set()
    done: set[str] = set()
    for start in sorted(revisions):
        stack = [start]
        while stack:
            current = stack[-1]
            missing = [p for p in revisions[current].parents if p not in done]
            if not missing:
                stack.pop()
                if current not in done:
                    done.add(current)
                    yield current
            elif current in opened:
                raise Problem(f"revision {current} follows itself, through {missing[0]}")
            else:
                opened.add(current)
                stack += sorted(missing, reverse=True)


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
    found = [_revision(path) for path in sorted(versions.glob("*.py"))]
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
    )


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
                    why="the file was deleted or never committed",
                )
