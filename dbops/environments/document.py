"""environments.yaml as plain data, with the place in the file of every key and value.

YAML 1.1 reads `no` as false, `22:30` as 1350 and `0123` as 83. Such words are findings here, never
values: whoever wrote them meant text, or has to write the number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

Keys = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"
# Aliases of aliases grow exponentially; no honest file comes near this number of values.
_MOST_VALUES = 50_000
_MEANINGS = {"bool": "true or false", "int": "a number in another form", "float": "a number"}


class Mark(NamedTuple):
    """Where something stands: line and column from 1, its path there, and its unquoted text."""

    line: int
    column: int
    path: Keys = ()
    plain: str | None = None


class Finding(NamedTuple):
    """One thing that is wrong with a value, or its key: at its mark, or at its path's mark."""

    path: Keys
    what: str
    mark: Mark | None = None
    of_key: bool = False


@dataclass
class Document:
    """The data of one file, the mark of each path in it, and what is wrong with its YAML."""

    data: Any = None
    marks: dict[Keys, Mark] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    values: int = 0

    def read(
        self,
        node: yaml.Node,
        path: Keys = (),
        above: tuple[int, ...] = (),
        key: yaml.Node | None = None,
    ) -> Any:
        """Return NODE as str, int, bool, None, list or dict; mark it, at its KEY if it has one.

        Args:
            node: what the YAML parser composed.
            path: the keys and positions that lead to it.
            above: the identities of the nodes it stands in; an alias may name one of them.
            key: the node of its key in the mapping above.

        Raises:
            yaml.MarkedYAMLError: a value cannot be represented, or there are too many.
        """
        self._count(node)
        self.marks[path] = _mark(key or node, path, node)
        if id(node) in above:
            self._add(node, path, "an alias that stands inside what it names")
        elif node.tag == _TAG + "map" and isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, (*above, id(node)))
        elif node.tag == _TAG + "seq" and isinstance(node, yaml.SequenceNode):
            below = (*above, id(node))
            return [self.read(item, (*path, at), below) for at, item in enumerate(node.value)]
        elif isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        else:
            self._add(node, path, f"the tag {node.tag!r} is not used here")
        return None

    def _mapping(self, node: yaml.MappingNode, path: Keys, above: tuple[int, ...]) -> Any:
        data = self._merged(node, path, above)
        seen: set[str] = set()
        for key, value in node.value:
            name = self._key(key, path)
            if name in seen:
                self._add(key, (*path, name), "this key stands here twice", of_key=True)
            elif name is not None:
                seen.add(name)
                data[name] = self.read(value, (*path, name), above, key)
        return data

    def _merged(self, node: yaml.MappingNode, path: Keys, above: tuple[int, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for base in reversed(_merges(node)):
            self._count(base)
            if isinstance(base, yaml.MappingNode) and id(base) not in above:
                data |= self._mapping(base, path, (*above, id(base)))
            else:
                self._add(base, (*path, "<<"), "only another mapping can be merged")
        return data

    def _key(self, node: yaml.Node, path: Keys) -> str | None:
        if node.tag == _TAG + "merge":
            return None
        if not isinstance(node, yaml.ScalarNode):
            self._add(node, path, "a key is one word of text")
            return None
        name = str(node.value)
        if not isinstance(self._scalar(node, (*path, name)), str):
            self._add(node, (*path, name), f'a key is text: quote it: "{name}"')
        return name

    def _scalar(self, node: yaml.ScalarNode, path: Keys) -> str | int | bool | None:
        text, kind = str(node.value), node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool" and text in ("true", "false"):
            return text == "true"
        if kind == "int" and re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text):
            return int(text)
        if kind in _MEANINGS:
            self._add(node, path, f'YAML reads {text} as {_MEANINGS[kind]}; quote text: "{text}"')
        elif kind not in ("str", "timestamp", "value"):
            self._add(node, path, f"the tag {kind!r} is not used here")
        return _characters(text, node)

    def _add(self, node: yaml.Node, path: Keys, what: str, *, of_key: bool = False) -> None:
        self.findings.append(Finding(path, what, _mark(node, path, node), of_key))

    def _count(self, node: yaml.Node) -> None:
        self.values += 1
        if self.values > _MOST_VALUES:
            raise yaml.MarkedYAMLError(
                problem=f"more than {_MOST_VALUES} values", problem_mark=node.start_mark
            )


def _mark(place: yaml.Node, path: Keys, node: yaml.Node) -> Mark:
    is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
    start = place.start_mark
    return Mark(start.line + 1, start.column + 1, path, str(node.value) if is_plain else None)


def _merges(node: yaml.MappingNode) -> list[yaml.Node]:
    bases: list[yaml.Node] = []
    for key, value in node.value:
        if key.tag == _TAG + "merge":
            bases += value.value if isinstance(value, yaml.SequenceNode) else [value]
    return bases


def _characters(text: str, node: yaml.Node) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # YAML's "\\ud83d" is half of a character
        raise yaml.MarkedYAMLError(
            problem="half of a character (a lone surrogate)", problem_mark=node.start_mark
        ) from None
    return text
