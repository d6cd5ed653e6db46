"""Revisions and how they follow each other; what an earlier baseline stood for is known, too."""

from __future__ import annotations

import difflib
from functools import cached_property
from typing import TYPE_CHECKING

from dbops.environments.frozen import Frozen
from dbops.errors import Problem, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_FILES = "the revision files of this checkout"


class Revision(Frozen):
    """One revision file: its id, the ids it follows, its title and the file's sha256.

    `reversible` says that its downgrade takes back what its upgrade does, as far as its text shows;
    `has_downgrade`, that there is one at all.
    `replaces`, of a baseline that was moved forward, names the revisions whose files are archived,
    by the last commit that has them in use. `needs` is its depends_on.
    """

    id: str
    parents: tuple[str, ...]
    title: str
    path: Path
    sha256: str
    reversible: bool = False
    has_downgrade: bool = True
    replaces: tuple[tuple[str, tuple[str, ...]], ...] = ()
    needs: tuple[str, ...] = ()


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

    @cached_property
    def archived(self) -> Mapping[str, str]:
        """Return the commit that still upgrades from it, by each revision a baseline replaced."""
        replaced = (pair for each in self.revisions.values() for pair in each.replaces)
        return {revision: commit for commit, revisions in replaced for revision in revisions}

    @property
    def head(self) -> str:
        """Return the one head.

        Raises:
            Problem: there is none, or more than one (exit 1).
        """
        if len(self.heads) == 1:
            return self.heads[0]
        if not self.heads:
            raise Problem(
                "there are no revisions",
                where="the revision files of this checkout",
                why="the baseline's own file is missing, which everything follows",
                next_command="git status, then bring its file back",
            )
        raise Problem(
            f"{len(self.heads)} heads: {', '.join(self.heads)}",
            where=", ".join(self[head].path.name for head in self.heads),
            why="two revisions follow the same one, so the order of the upgrade is not decided",
            next_command=self._joined(),
        )

    def _joined(self) -> str:
        """Return the edit after which the branch of the newest head follows the oldest one."""
        *others, newest = self.heads
        # Several may have followed each other: what is moved is the first of them.
        first = self.between(others, newest)[0]
        return f"edit down_revision in {first.path.name} to {others[0]!r}"

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
                raise Problem(
                    f"revision {current} follows itself, through {missing[0]}",
                    where=revisions[current].path.name,
                    why="no order of an upgrade has each revision after those it follows",
                    next_command="correct down_revision in one of the two files",
                )
            else:
                opened.add(current)
                stack += sorted(missing, reverse=True)
