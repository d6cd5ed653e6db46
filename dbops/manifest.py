"""Backups on disk: a dump and, written last, the manifest that says what must be in it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbops.errors import Problem, Refused, UsageProblem

if TYPE_CHECKING:
    from pathlib import Path

# A table as pg_dump's COPY names it: each part plain, or quoted with doubled quotes inside.
_PART = r'(?:"(?:[^"\x00]|"")+"|[a-z_][a-z0-9_$]*)'
_TABLE = re.compile(rf"{_PART}\.{_PART}")
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a proven dump holds.

    Attributes:
        dump: the dump's file.
        environment: the environment it was taken of.
        taken_at: in UTC, YYYYMMDDTHHMMSSZ.
        revision: the revision read from the dump itself; empty when it holds none.
        server_version: of the server it was taken from, 170010 for 17.10.
        size_bytes: of the dump.
        sha256: of the dump.
        rows: how many rows of each table are in the dump.
    """

    dump: Path
    environment: str
    taken_at: str
    revision: str
    server_version: int
    size_bytes: int
    sha256: str
    rows: tuple[tuple[str, int], ...]


def read(path: Path) -> Manifest:
    """Return the manifest in the file PATH.

    Raises:
        Problem: it is no manifest, or not a whole one (exit 1).
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple((str(table), int(count)) for table, count in facts["rows"].items())
        found = Manifest(
            dump=path.with_name(path.stem + ".dump"),
            environment=facts["environment"],
            taken_at=facts["taken_at"],
            revision=facts["revision"],
            server_version=facts["server_version"],
            size_bytes=facts["bytes"],
            sha256=facts["sha256"],
            rows=rows,
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise _unusable("a manifest cannot be read", path, str(error)) from error
    strange = next((table for table, _ in rows if not _TABLE.fullmatch(table)), None)
    if strange is not None:
        raise _unusable("a manifest names no table", path, repr(strange))
    return found


def _unusable(what: str, path: Path, why: str) -> Problem:
    following = "move it and its dump out of this directory, then type the same command again"
    return Problem(what, where=str(path), why=why, next_command=following)


def of(dump: Path) -> Manifest | None:
    """Return the manifest beside DUMP, None when it has none."""
    path = dump.with_suffix(".json")
    return read(path) if path.exists() else None


def every(directory: Path, environment: str) -> list[Manifest]:
    """Return the manifests of ENVIRONMENT's backups in DIRECTORY, newest first."""
    # Another environment's name may begin with this one's; no name holds a T or a Z.
    paths = sorted(directory.glob(f"{environment}_????????T??????Z_*.json"), reverse=True)
    return [read(each) for each in paths]


def damage(manifest: Manifest) -> str:
    """Return how the dump differs from what was proven; empty when it does not."""
    if not manifest.dump.exists():
        return "the dump is missing"
    size = manifest.dump.stat().st_size
    if size != manifest.size_bytes:
        return f"it has {size} bytes instead of {manifest.size_bytes}"
    digest = hashlib.sha256()
    with manifest.dump.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return "" if digest.hexdigest() == manifest.sha256 else "its sha256 is another one"


def check_usable(manifest: Manifest, environment: str, *, origin: str | None, server: int) -> None:
    """Refuse a backup that is damaged, of another environment or of a newer server.

    Args:
        manifest: the backup.
        environment: where it is to be restored.
        origin: the environment the operator named as its source, None when none was.
        server: the version of the server it is to be restored on.

    Raises:
        Refused: another environment's, or a newer major's (exit 3).
        Problem: the file is not what was proven (exit 1).
    """
    where = str(manifest.dump)
    if manifest.environment not in {environment, origin}:
        raise Refused(
            f"{environment}: the dump is of {manifest.environment}",
            where=where,
            why="a restore takes rows from the same environment unless the other one is named",
            next_command=f"inv restore --env {environment} --dump ... --from "
            f"{manifest.environment}",
        )
    if manifest.server_version // 10000 > server // 10000:
        raise Refused(
            f"{environment}: the dump is of PostgreSQL {manifest.server_version // 10000}",
            where=where,
            why=f"the server is PostgreSQL {server // 10000}, which cannot read newer dumps",
            next_command="upgrade the server first",
        )
    found = damage(manifest)
    if found:
        raise Problem(
            f"{environment}: the dump is damaged",
            where=where,
            why=found,
            next_command=f"inv backups --env {environment} --verify",
        )


def dump_file(path: Path, environment: str) -> Path:
    """Return PATH, a dump in pg_dump's custom format meant for ENVIRONMENT.

    Raises:
        UsageProblem: it is missing, empty or of another format (exit 4).
    """
    why = ""
    if not path.is_file():
        why = "there is no such file"
    elif path.stat().st_size == 0:
        why = "it is empty"
    else:
        with path.open("rb") as file:
            # The magic of pg_dump's custom and tar-less archives (pg_backup_archiver.c).
            why = "" if file.read(5) == b"PGDMP" else "it does not begin as pg_dump's format does"
    if why:
        following = f"inv backups --env {environment}"
        raise UsageProblem("this is no dump", where=str(path), why=why, next_command=following)
    return path
