"""The order in which the repairs of several differences can be run, one after the other.

Definitions name what they use with its schema, so what has to be there first is in their text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dbops.catalogue.severity import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbops.catalogue.comparison import Difference

_PART = r'(?:"(?:[^"]|"")*"|[^\W\d]\w*)'
# What a routine needs when it is made; the body of one in SQL is looked at then.
_BODY = re.compile(r"(\n LANGUAGE (?!sql\b)[^$]*\nAS )(\$\w*\$).*?\2", re.DOTALL)
_QUALIFIED = re.compile(rf"({_PART}\.{_PART})(?:\.{_PART})?")


def numbers(found: Sequence[Difference]) -> list[int]:
    """Return where the repair of each of FOUND stands in that order, from 1; 0 without one.

    What is unexpected goes first, but not before what uses it; then each kind is made in its turn,
    but not before what it names.
    """
    repaired = sorted((each for each in found if each.repair), key=_rank)
    gone = [each for each in repaired if _goes(each)][::-1]
    nodes = [*gone, *(each for each in repaired if not _goes(each))]
    place = {id(nodes[each]): at for at, each in enumerate(_walked(_needs(nodes)), 1)}
    return [place.get(id(each), 0) for each in found]


def _goes(difference: Difference) -> bool:
    return difference.what == "unexpected"


def _rank(difference: Difference) -> tuple[int, str]:
    """A foreign key needs the unique constraint or index it refers to."""
    is_foreign_key = (difference.before or difference.after).startswith("FOREIGN KEY")
    kind = "invalid index" if is_foreign_key else difference.kind
    return ORDER[kind], difference.identity


def _needs(nodes: Sequence[Difference]) -> list[list[int]]:
    """Return for each of NODES the numbers of those that have to come before it."""
    called: Mapping[str, list[int]] = defaultdict(list)
    for number, each in enumerate(nodes):
        called[each.identity.partition("(")[0]].append(number)
    needs: list[list[int]] = [[] for _ in nodes]
    for number, each in enumerate(nodes):
        for used in (one for name in _named(each.after) for one in called.get(name, ())):
            if _goes(nodes[used]):
                needs[used].append(number)
        for used in (one for name in _named(each.repair) for one in called.get(name, ())):
            if not _goes(nodes[used]) and not _goes(each):
                needs[number].append(used)
    return needs


def _named(text: str) -> Iterator[str]:
    """Yield what TEXT names: an object of a schema, and a column with its table."""
    for each in _QUALIFIED.finditer(_BODY.sub("", text)):
        yield each[1]
        yield each[0]


def _walked(needs: Sequence[Sequence[int]]) -> list[int]:
    """Return all numbers, each behind those it needs; a circle is cut somewhere."""
    done: list[int] = []
    seen: set[int] = set()
    path = [(-1, iter(range(len(needs))))]
    while path:
        number, before = path[-1]
        following = next((each for each in before if each not in seen), None)
        if following is None:
            done.append(number)
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(needs[following])))
    return done[:-1]
