"""A whole environments.yaml validated at once: either it is right, or every error is told."""

from __future__ import annotations

import json
import os.path
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from dbops.environments import messages, rules, syntax
from dbops.environments.document import Document, Finding, Keys, Mark
from dbops.environments.model import EnvironmentsFile
from dbops.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Marks = dict[Keys, Mark]


def validate(file: Path, content: bytes) -> EnvironmentsFile:
    """Return what CONTENT says.

    Args:
        file: where it was read from, for the errors.
        content: its bytes.

    Raises:
        UsageProblem: every error, each with its file:line:col and path (exit 4).
    """
    document = syntax.parse(content)
    if not document.marks:
        raise _problem(file, _located(document.findings, document))
    merge_defaults(document)
    parsed, refused = _typed(document)
    ruled_out = _of_environments(rules.broken(document.data), document.marks)
    findings = [*document.findings, *ruled_out, *refused]
    if parsed is None or findings:
        raise _problem(file, _located(findings, document))
    return parsed


@cache
def adapter() -> TypeAdapter[EnvironmentsFile]:
    """Return pydantic's view of the model."""
    return TypeAdapter(EnvironmentsFile)


def merge_defaults(document: Document) -> None:
    """Merge `defaults:` into every environment of DOCUMENT, mappings key by key, lists whole."""
    data = document.data
    defaults = data.pop("defaults", None) if isinstance(data, dict) else None
    if defaults is None or not isinstance(data.get("environments"), dict):
        return
    if not isinstance(defaults, dict):
        what = f"needs a mapping of keys, got {messages.shown(defaults)}"
        document.findings.append(Finding(("defaults",), what))
        return
    for name, settings in data["environments"].items():
        data["environments"][name] = _merged(defaults, {} if settings is None else settings)
        for path, mark in list(document.marks.items()):
            if path[:1] == ("defaults",) and len(path) > 1:
                document.marks.setdefault(("environments", name, *path[1:]), mark)


def _merged(base: Any, own: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    return base | {key: _merged(base.get(key), value) for key, value in own.items()}


def _typed(document: Document) -> tuple[EnvironmentsFile | None, list[Finding]]:
    # pydantic: strict mode takes a list for a tuple, and a mapping for a dataclass, only from JSON.
    try:
        return adapter().validate_json(json.dumps(document.data)), []
    except ValidationError as error:
        return None, [messages.finding(entry, document.marks) for entry in error.errors()]


def _located(findings: list[Finding], document: Document) -> list[tuple[Mark, str]]:
    """Return one sentence per key and per value with its mark, in the order of the file."""
    told: dict[tuple[Keys, bool], tuple[Mark, str]] = {}
    for finding in findings:
        mark = finding.mark or _nearest(finding.path, document.marks, inherits=True)
        told.setdefault((mark.path, finding.of_key), (mark, _sentence(mark, finding.what)))
    return sorted(told.values(), key=lambda item: item[0][:2])


def _of_environments(findings: Iterable[Finding], marks: Marks) -> list[Finding]:
    """Return FINDINGS marked in the environment that breaks the rule, never in the defaults."""
    return [
        finding._replace(mark=_nearest(finding.path, marks, inherits=False)) for finding in findings
    ]


def _nearest(path: Keys, marks: Marks, *, inherits: bool) -> Mark:
    """Return the mark of PATH, or of the nearest mapping above it that misses it.

    A value that INHERITS from the defaults is marked there, with its path there; a missing one is
    missing from the environment.
    """
    for length in range(len(path), -1, -1):
        mark = marks.get(path[:length])
        is_own = mark is not None and mark.path == path[:length]
        if mark and (is_own or (inherits and length == len(path))):
            return mark._replace(path=mark.path + path[length:])
    return Mark(1, 1, path)


def _sentence(mark: Mark, what: str) -> str:
    path = "".join(
        f"[{part}]" if isinstance(part, int) else f".{_word(part)}" for part in mark.path
    )
    return f"{path.removeprefix('.')}: {what}" if path else what


def _word(part: str) -> str:
    return part if part.isidentifier() and part.isascii() else messages.shown(part)


def _problem(file: Path, located: list[tuple[Mark, str]]) -> UsageProblem:
    name = display(file)
    (first, what), *others = located
    lines = [f"{name}:{mark.line}:{mark.column}: {text}" for mark, text in others]
    return UsageProblem(
        what,
        where=f"{name}:{first.line}:{first.column}",
        why="\n       ".join([f"{len(lines)} more in this file", *lines])
        if lines
        else "the whole file is checked before any command runs",
        next_command="correct the file, then run the same command again",
    )


def display(file: Path) -> str:
    """Return FILE as a person in the current directory would type it."""
    try:
        relative = os.path.relpath(file)
    except (OSError, ValueError):  # the current directory is gone
        return str(file)
    return str(file) if relative.startswith("..") else relative
