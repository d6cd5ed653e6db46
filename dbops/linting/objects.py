"""The views and indexes there are before a revision, as the snapshot and earlier revisions say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbops.environments.frozen import Frozen
from dbops.linting import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbops.sql_text import Statement


class _View(Frozen):
    code: str


class Objects:
    """Views by name with what they read, and the indexes of each relation."""

    def __init__(self) -> None:
        self._views: dict[str, _View] = {}
        self._indexes: dict[str, list[str]] = {}

    def take(self, statements: Iterable[Statement]) -> None:
        """Follow STATEMENTS: what they create is there afterwards, what they drop is not."""
        for each in statements:
            about = names.read(each.code)
            if about and about.verb == "create":
                self._views[about.names[0]] = _View(code=names.plain(each.code))
            elif about and about.verb == "index":
                self._indexes.setdefault(about.names[0], []).append(about.index)
            elif about and about.verb == "drop":
                self._drop(about)

    def _drop(self, about: names.Relations) -> None:
        for name in (*about.names, *(self.readers(about.names) if about.is_marked else ())):
            self._views.pop(name, None)
            self._indexes.pop(name, None)

    def indexes(self, name: str) -> tuple[str, ...]:
        """Return the names of the indexes of the relation NAME."""
        return tuple(each for each in self._indexes.get(name, ()) if each)

    def readers(self, relations: Iterable[str]) -> tuple[str, ...]:
        """Return the views that read one of RELATIONS, directly or through others, sorted."""
        start = set(relations)
        found: set[str] = set()
        new = start
        while new:
            pattern = re.compile("|".join(map(_mention, sorted(new))))
            new = {
                name
                for name, view in self._views.items()
                if name not in found | start and pattern.search(view.code)
            }
            found |= new
        return tuple(sorted(found))


def _mention(name: str) -> str:
    schema, _, relation = name.partition(".")
    prefix = f"{re.escape(schema)}\\."
    optional = f"(?:{prefix})?" if schema == "public" else prefix
    return rf'(?<![\w$."]){optional}{re.escape(relation)}(?![\w$."])'
