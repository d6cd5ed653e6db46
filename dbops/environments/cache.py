"""A validated file, kept as JSON beside it so that most commands need no YAML and no pydantic.

An entry is named after the file's bytes and after the source of this package, so neither a changed
file nor a changed rule ever meets an old one; its first line is the hash of the rest. Whatever goes
wrong here only costs the time to validate again, so nothing is reported.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from dbops.environments import model

_SOURCES = Path(__file__).parent
_CLASS = "@class"  # no key of the model and no name of an environment


def read(file: Path, content: bytes) -> model.EnvironmentsFile | None:
    """Return what CONTENT of FILE was validated into before, or None."""
    try:
        digest, _, body = entry(file, content).read_bytes().partition(b"\n")
        if digest.decode() == hashlib.sha256(body).hexdigest():
            parsed: model.EnvironmentsFile = json.loads(body, object_hook=_object)
            return parsed
    except (OSError, ValueError):
        pass
    return None


def write(file: Path, content: bytes, parsed: model.EnvironmentsFile) -> None:
    """Keep PARSED as what CONTENT of FILE says, and drop the entries of its older contents."""
    kept = entry(file, content)
    body = json.dumps(parsed, default=_plain).encode()
    scratch = kept.with_name(f".{kept.name}.{os.getpid()}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        scratch.replace(kept)
        _prune(file, kept)
    except OSError:
        with suppress(OSError):  # a full disk leaves half a file
            scratch.unlink()


def entry(file: Path, content: bytes) -> Path:
    """Return where CONTENT of FILE is or would be kept."""
    digest = hashlib.sha256(content)
    for name in sorted(os.listdir(_SOURCES)):  # noqa: PTH208 -- half the time of Path.iterdir
        if name.endswith(".py"):
            digest.update((_SOURCES / name).read_bytes())
    return file.parent / ".dbops" / "cache" / f"{file.stem}-{digest.hexdigest()[:16]}.json"


def _plain(section: Any) -> dict[str, object]:  # any dataclass of the model
    values = {field.name: getattr(section, field.name) for field in fields(section)}
    return {_CLASS: type(section).__name__} | values


def _object(plain: dict[str, Any]) -> Any:
    if _CLASS not in plain:
        return plain
    kind = getattr(model, plain.pop(_CLASS))
    return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in plain.items()})


def _prune(file: Path, kept: Path) -> None:
    entries = re.compile(rf"{re.escape(file.stem)}-[0-9a-f]{{16}}\.json")
    for other in kept.parent.iterdir():
        if other != kept and entries.fullmatch(other.name):
            other.unlink(missing_ok=True)
