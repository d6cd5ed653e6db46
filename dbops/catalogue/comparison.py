"""Two catalogues compared: each object that differs once, what follows from it within it."""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from dbops.catalogue import normal, ordering, repair, severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbops.catalogue.objects import Catalogue, Key
    from dbops.catalogue.severity import Severity


class What(StrEnum):
    """What happened to an object, seen from the schema that was expected."""

    MISSING = "missing"
    UNEXPECTED = "unexpected"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One object that is not as expected.

    Attributes:
        kind: of the object.
        identity: its name, quoted as in SQL.
        what: what happened to it.
        before: the expected definition; empty when none is expected.
        after: the live definition; empty when there is none.
        severity: the worst of its own and its consequences'.
        consequences: the objects that differ because this one does, such as a missing table's
            columns; they are no differences of their own.
        repair: the statements that make the live object the expected one, where the definitions
            leave no choice; empty where they do. Rows in the table may still refuse them.
        repair_order: where its repair stands, from 1, when all are run one after the other; 0
            without one.
    """

    kind: str
    identity: str
    what: What
    before: str
    after: str
    severity: Severity
    consequences: tuple[Key, ...] = ()
    repair: str = ""
    repair_order: int = 0

    @property
    def diff(self) -> str:
        """Return how the definition differs, as a unified diff without file names."""
        lines = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="")
        return "\n".join(list(lines)[3:])


def differences(expected: Catalogue, live: Catalogue) -> list[Difference]:
    """Return how LIVE differs from EXPECTED, the worst first; empty when it does not.

    Roles belong to the cluster and are in a catalogue when something names them, so one that is
    in one catalogue only is no difference; what names it is, and so is what it is a member of.
    """
    return _Comparison(expected, live).differences()


class _Comparison:
    def __init__(self, expected: Catalogue, live: Catalogue) -> None:
        self.expected = expected
        self.live = live
        self.found = dict(self._found())
        self.parts: Mapping[Key, list[Key]] = defaultdict(list)
        for key, parents in expected.parents.items():
            self.parts[parents[0]].append(key)

    def differences(self) -> list[Difference]:
        below: Mapping[Key, list[Key]] = defaultdict(list)
        tops: list[Key] = []
        for key in self.found:
            top = self._origin(key)
            (tops if top == key else below[top]).append(key)
        found = [self._difference(key, tuple(sorted(below[key]))) for key in tops]
        numbered = (
            replace(each, repair_order=number)
            for each, number in zip(found, ordering.numbers(found), strict=True)
        )
        return sorted(numbered, key=lambda each: (each.severity, each.kind, each.identity))

    def _found(self) -> Iterator[tuple[Key, What]]:
        before, after = self.expected.objects, self.live.objects
        for key in before.keys() | after.keys():
            if before.get(key) == after.get(key) or self._is_of_unshared_role(key):
                continue
            if key not in after:
                yield key, What.MISSING
            elif key not in before:
                yield key, What.UNEXPECTED
            elif not _says_the_same(key.kind, before[key], after[key]):
                yield key, What.CHANGED

    def _is_of_unshared_role(self, key: Key) -> bool:
        if key.kind == "membership":
            return False
        side = self.expected if key in self.expected.objects else self.live
        roles = [each for each in (key, *side.parents.get(key, ())) if each.kind == "role"]
        return any((each in self.expected.objects) != (each in self.live.objects) for each in roles)

    def _side(self, key: Key) -> Catalogue:
        return self.expected if self.found[key] == What.MISSING else self.live

    def _origin(self, key: Key) -> Key:
        """Return the difference that KEY's difference follows from; KEY itself when from none."""
        for parent in self._side(key).parents.get(key, ()):
            if self._follows(key, parent):
                return self._origin(parent)
        return key

    def _follows(self, key: Key, parent: Key) -> bool:
        if self.found.get(parent) != self.found[key]:
            return False
        if self.found[key] != What.CHANGED or key.kind == "result columns":
            return True
        # A partition follows the partitioned table.
        return key.kind == parent.kind and self._forms(key) == self._forms(parent)

    def _forms(self, key: Key) -> list[str]:
        return [normal.form(each) for each in self._definitions(key)]

    def _definitions(self, key: Key) -> tuple[str, str]:
        return self.expected.objects.get(key, ""), self.live.objects.get(key, "")

    def _difference(self, key: Key, below: tuple[Key, ...]) -> Difference:
        before, after = self._definitions(key)
        what = self.found[key]
        return Difference(
            kind=key.kind,
            identity=key.identity,
            what=what,
            before=before,
            after=after,
            severity=min(self._severity(each) for each in (key, *below)),
            consequences=below,
            repair=repair.statements(
                self.expected, self.live, what.value, (key, *below), self.parts.get(key, ())
            ),
        )

    def _severity(self, key: Key) -> Severity:
        before, after = self._definitions(key)
        return severity.of(key.kind, self.found[key].value, before or after)


def _says_the_same(kind: str, before: str, after: str) -> bool:
    if kind == "column order":
        return _is_same_order(before, after)
    if kind == "grant":
        return _privileges(before) == _privileges(after)
    return normal.form(before) == normal.form(after)


def _privileges(definition: str) -> set[str]:
    """Return what may be done: a privilege that several roles granted is the same privilege."""
    found = {each.partition(" GRANTED BY ")[0] for each in definition.split(", ")}
    return {each for each in found if f"{each} WITH GRANT OPTION" not in found}


def _is_same_order(before: str, after: str) -> bool:
    """Return whether the columns both have stand in the same order; added ones are no disorder."""
    left, right = before.split("\n"), after.split("\n")
    return [each for each in left if each in set(right)] == [
        each for each in right if each in set(left)
    ]
