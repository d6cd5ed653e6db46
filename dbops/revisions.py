"""The revision files of an Alembic project, read as one history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops import revision_file
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
        Problem: a file is none that Alembic could use, two claim one id, or what a revision
            follows or depends on is missing (exit 1).
        UsageProblem: there is no such folder (exit 4).
    """
    if not versions.is_dir():
        raise UsageProblem(
            "the folder of revisions is missing",
            where=str(versions),
            why="migrations.ini in environments.yaml points beside it",
            next_command=f"correct migrations.ini, or mkdir {versions}",
        )
    found = [revision_file.read(path) for path in sorted(versions.glob("*.py")) if _is_file(path)]
    graph = Graph(found)
    for each in found:
        _check(each, graph)
    return graph


def _is_file(path: Path) -> bool:
    """Return whether Alembic reads PATH, too; an editor's lock, a dangling link, begins with .#."""
    return path.is_file() and not path.name.startswith((".", "__init__"))


def _check(revision: Revision, graph: Graph) -> None:
    other = graph[revision.id]
    if other is not revision:
        raise Problem(
            f"two files are revision {revision.id}",
            where=f"{revision.path.name}, {other.path.name}",
            why="a database that says it is at this id could be at either of them",
            next_command="remove the copy, or give the newer file an id of its own",
        )
    for parent in revision.parents:
        if parent not in graph:
            raise Problem(
                f"revision {revision.id} follows {parent}, which has no file",
                where=str(revision.path),
                why="the file was deleted or never committed, or baseline-advance was killed",
                next_command=f"git status {revision.path.parent}",
            )
    for needed in revision.needs:
        if needed not in graph.ancestors(revision.parents):
            raise Problem(
                f"revision {revision.id} depends on {needed}, which it does not follow",
                where=str(revision.path),
                why="an upgrade to it would not be sure to run the other one first",
                next_command="name it in down_revision, or drop depends_on",
            )
