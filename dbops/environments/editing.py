"""One value of environments.yaml changed in its text: comments and order stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from dbops.environments.validation import validate
from dbops.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbops.environments.model import EnvironmentsFile


def with_baseline(file: Path, content: bytes, *, ini: str, old: str, new: str) -> bytes:
    """Return CONTENT with migrations.baseline changed from OLD to NEW wherever INI is used.

    Args:
        file: where CONTENT was read from, for the errors.
        content: the bytes of environments.yaml.
        ini: the Alembic project whose baseline moves, as migrations.ini has it.
        old: its baseline now.
        new: its baseline then.

    Raises:
        UsageProblem: no edit gives every environment of INI the new one and leaves the others
            alone (exit 4).
    """
    text = content.decode("utf-8-sig")
    mark = content[: len(content) - len(text.encode())]
    edits = sorted(_edits(yaml.compose(text, Loader=yaml.SafeLoader), old, new), reverse=True)
    for start, end, replacement in edits:
        text = text[:start] + replacement + text[end:]
    changed = mark + text.encode()
    if _baselines(validate(file, changed)) != _wanted(validate(file, content), ini, new):
        raise UsageProblem(
            "migrations.baseline cannot be changed by itself",
            where=str(file),
            why=f"the environments of {ini} do not get it from one place, or others get it, too",
            next_command=f"write `baseline: {old}` below migrations where it holds",
        )
    return changed


def _baselines(parsed: EnvironmentsFile) -> dict[str, str]:
    return {name: each.migrations.baseline for name, each in parsed.environments.items()}


def _wanted(parsed: EnvironmentsFile, ini: str, new: str) -> dict[str, str]:
    return {
        name: new if each.migrations.ini == ini else each.migrations.baseline
        for name, each in parsed.environments.items()
    }


def _edits(root: yaml.Node | None, old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and text of each value to replace, or of the one key to add."""
    sections = [_child(each, "migrations") for each in _settings(root)]
    found = [_child(each, "baseline") for each in sections if each]
    written = [each for each in found if isinstance(each, yaml.ScalarNode) and each.value == old]
    for each in written:
        # YAML 1.1 reads 20260101_000000000 as a number.
        yield each.start_mark.index, each.end_mark.index, f'"{new}"'
    first = sections[0] if sections else None
    if not written and isinstance(first, yaml.MappingNode) and first.value:
        yield _added(first, new)


def _added(section: yaml.MappingNode, new: str) -> tuple[int, int, str]:
    """Return the edit that puts the key before the first one of SECTION, in its own style."""
    start = section.value[0][0].start_mark
    follows = ", " if section.flow_style else "\n" + " " * start.column
    return start.index, start.index, f'baseline: "{new}"{follows}'


def _settings(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Yield `defaults`, then each environment."""
    defaults = _child(root, "defaults")
    if defaults:
        yield defaults
    environments = _child(root, "environments")
    if isinstance(environments, yaml.MappingNode):
        yield from (value for _, value in environments.value)


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)
