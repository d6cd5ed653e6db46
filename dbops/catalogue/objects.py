"""The objects of one database's schema, from the text that sql/queries/catalogue.sql prints."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from dbops.catalogue import normal
from dbops.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FORMAT = 3
_TITLE = "dbops catalogue"
_ROW_SIZES = (3, 5, 7)
_encode = json.JSONEncoder(ensure_ascii=False).encode


class Key(NamedTuple):
    """What an object is called, such as index mart.slip_day_idx; quoted as in SQL."""

    kind: str
    identity: str

    def __str__(self) -> str:
        return f"{self.kind} {self.identity}"


Row: TypeAlias = list[str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every object of a schema.

    Attributes:
        objects: the definition of each, as the server printed it.
        parents: what it cannot be there without, nearest first; those of a partition's column are
            the partition and the same column of the partitioned table.
    """

    objects: Mapping[Key, str]
    parents: Mapping[Key, tuple[Key, ...]]

    def digest(self, key: Key) -> str:
        """Return the sha256 of one object's definition in its stable form, as hexadecimal."""
        return hashlib.sha256(normal.form(self.objects[key]).encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Return the sha256 of the whole, as hexadecimal: equal when nothing differs."""
        stable = {each: normal.form(self.objects[each]) for each in self.objects}
        lines = _lines(Catalogue(stable, self.parents))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def without(self, patterns: Iterable[str]) -> Catalogue:
        """Return the catalogue less what matches one of PATTERNS, with all that belongs to it.

        Args:
            patterns: as in a shell (fnmatch, case matters), of an identity such as `scratch.*` or
                of the kind and the identity such as `comment *` and `index mart.tmp_*`.
        """
        wanted = tuple(patterns)
        if not wanted:
            return self
        out = {each for each in self.objects if _matches(each, wanted)}
        kept = {each for each in self.objects if not out.intersection(self.lineage(each))}
        return Catalogue(
            MappingProxyType({each: self.objects[each] for each in self.objects if each in kept}),
            MappingProxyType({each: self.parents[each] for each in self.parents if each in kept}),
        )

    def lineage(self, key: Key) -> Iterator[Key]:
        """Yield KEY, its first parent, that one's first parent and so on."""
        yield key
        while above := self.parents.get(key):
            key = above[0]
            yield key


def _matches(key: Key, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(key.identity, each) or fnmatchcase(str(key), each) for each in patterns)


class TornError(ValueError):
    """An object was changed or dropped while the catalogue was read."""


def parse(text: str) -> Catalogue:
    """Return the catalogue in TEXT, which psql printed for sql/queries/catalogue.sql.

    Raises:
        TornError: an object has no definition.
        ValueError: a line is no row of that query.
    """
    lines = text.split("\n")  # not splitlines, which also cuts at U+2028
    rows: list[Row] = json.loads(f"[{','.join(filter(None, lines))}]")
    strange = next((each for each in rows if not _is_row(each)), None)
    if strange is not None:
        raise _not_a_row(strange)
    objects: dict[Key, str] = {}
    parents: dict[Key, tuple[Key, ...]] = {}
    for kind, identity, definition, *above in rows:
        key = Key(kind, identity)
        objects[key] = definition
        if above:
            parents[key] = tuple(Key(*above[at : at + 2]) for at in range(0, len(above), 2))
    return Catalogue(MappingProxyType(objects), MappingProxyType(parents))


def _is_row(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) in _ROW_SIZES
        and all(isinstance(each, str) for each in row)
    )


def _not_a_row(row: object) -> ValueError:
    # pg_get_indexdef and its like look at now, not at the statement's snapshot, and give NULL for
    # what is gone.
    if isinstance(row, list) and len(row) in _ROW_SIZES and row[2] is None:
        return TornError(f"{row[0]} {row[1]} has no definition")
    return ValueError(f"{row!r} is no object")


def dump(catalogue: Catalogue) -> str:
    """Return CATALOGUE as lines of JSON, sorted: the same text for the same schema."""
    header = json.dumps({"title": _TITLE, "format": FORMAT, "sha256": catalogue.sha256})
    return "\n".join((header, *_lines(catalogue), ""))


def _lines(catalogue: Catalogue) -> Iterator[str]:
    for key, definition in sorted(catalogue.objects.items()):
        parents = (part for each in catalogue.parents.get(key, ()) for part in each)
        yield _encode([*key, definition, *parents])


def load(path: Path) -> Catalogue:
    """Return the catalogue that `dump` wrote to the file PATH.

    Raises:
        UsageProblem: it cannot be read, is no catalogue, is of another format or was changed
            (exit 4).
    """
    try:
        header, _, lines = path.read_text(encoding="utf-8").partition("\n")
        told = json.loads(header)
        if not isinstance(told, dict) or told.get("title") != _TITLE:
            raise _unusable(path, "its first line does not say that it is one")
        if told.get("format") != FORMAT:
            why = f"its format is {told.get('format')!r}, this version reads {FORMAT}"
            raise _unusable(path, why)
        found = parse(lines)
    except OSError as error:
        raise _unusable(path, (error.strerror or str(error)).lower()) from error
    except ValueError as error:
        raise _unusable(path, str(error)) from error
    if found.sha256 != told.get("sha256"):
        raise _unusable(path, "its objects are not those it was written with")
    return found


def _unusable(path: Path, why: str) -> UsageProblem:
    return UsageProblem(
        "this is no catalogue that can be compared with",
        where=str(path),
        why=why,
        next_command="export it again from the environment it is of",
    )
