"""The heads of the mounted revision files, read with `ast`: no code is run."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMES = ("revision", "down_revision")


class UnreadableRevisions(Exception):  # noqa: N818  an answer of the service, not a defect
    """The revision files cannot be read; the message says which one."""


def read_heads(versions: Path) -> tuple[str, ...]:
    """Return the revisions in the directory VERSIONS that nothing follows, sorted.

    A file is parsed again only when its size or time of change differs from the last time.

    Raises:
        UnreadableRevisions: the directory is missing, or a file is not a revision file.
    """
    try:
        headers = [_header_of(path) for path in versions.iterdir() if path.suffix == ".py"]
    except OSError as error:
        raise UnreadableRevisions(f"the revision files cannot be read: {error.strerror}") from error
    followed = {parent for header in headers for parent in _words(header.get("down_revision"))}
    revisions = {revision for header in headers for revision in _words(header.get("revision"))}
    return tuple(sorted(revisions - followed))


def _header_of(path: Path) -> dict[str, object]:
    status = path.stat()
    try:
        return _header(path, status.st_mtime_ns, status.st_size)
    except (SyntaxError, ValueError) as error:
        raise UnreadableRevisions(f"{path.name} is not a revision file") from error


@lru_cache(maxsize=4096)
def _header(path: Path, _changed: int, _size: int) -> dict[str, object]:
    return dict(_assignments(ast.parse(path.read_bytes())))


def _assignments(module: ast.Module) -> Iterator[tuple[str, object]]:
    for node in module.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and target.id in _NAMES and node.value:
                yield target.id, ast.literal_eval(node.value)


def _words(value: object) -> tuple[str, ...]:
    if value is None or isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()
