"""Backups on disk: a dump and, written last, the manifest that says what must be in it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbops.errors import Problem, Refused, UsageProblem

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.environments.model import Environment
    from dbops.machine import Machine

# A table as pg_dump's COPY names it: each part plain, or quoted with doubled quotes inside.
_PART = r'(?:"(?:[^"\x00]|"")+"|[a-z_][a-z0-9_$]*)'
_TABLE = re.compile(rf"{_PART}\.{_PART}")


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


def parse(path: Path, text: str) -> Manifest:
    """Return the manifest in TEXT, the content of the file PATH.

    Raises:
        Problem: it is no manifest, or not a whole one (exit 1).
    """
    try:
        facts = json.loads(text)
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
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise _unusable("a manifest cannot be read", path, str(error)) from error
    strange = next((table for table, _ in rows if not _TABLE.fullmatch(table)), None)
    if strange is not None:
        raise _unusable("a manifest names no table", path, repr(strange))
    return found


def _unusable(what: str, path: Path, why: str) -> Problem:
    following = "move it and its dump out of this directory, then type the same command again"
    return Problem(what, where=str(path), why=why, next_command=following)


def of(machine: Machine, dump: Path) -> Manifest | None:
    """Return the manifest beside DUMP on MACHINE, None when it has none."""
    if dump.suffix != ".dump":
        return None  # the manifest of this name is another file's
    path = dump.with_suffix(".json")
    text = machine.text(path)
    return None if text is None else parse(path, text)


def pattern(environment: str) -> str:
    """Return what the names of ENVIRONMENT's manifests match.

    Another environment's name may begin with this one's; no name holds a T or a Z.
    """
    return f"{environment}_????????T??????Z_*.json"


def every(machine: Machine, directory: Path, environment: str) -> list[Manifest]:
    """Return the manifests of ENVIRONMENT's backups in DIRECTORY on MACHINE, newest first."""
    found = machine.texts(directory, pattern(environment))
    return [parse(path, found[path]) for path in sorted(found, reverse=True)]


def damage(machine: Machine, manifest: Manifest) -> str:
    """Return how the dump on MACHINE differs from what was proven; empty when it does not."""
    found = machine.measure(manifest.dump)
    if found is None:
        return "the dump is missing"
    if found.size != manifest.size_bytes:
        return f"it has {found.size} bytes instead of {manifest.size_bytes}"
    return "" if found.sha256 == manifest.sha256 else "its sha256 is another one"


def check_usable(
    machine: Machine,
    manifest: Manifest,
    environment: Environment,
    *,
    origin: str | None,
    server: int,
) -> None:
    """Refuse a backup that is damaged, of another environment or of a newer server.

    Args:
        machine: where it is.
        manifest: the backup.
        environment: where it is to be restored.
        origin: the environment the operator named as its source, None when none was.
        server: the version of the server it is to be restored on.

    Raises:
        Refused: another environment's, or a newer major's (exit 3).
        Problem: the file is not what was proven (exit 1).
    """
    where = str(manifest.dump)
    if manifest.environment not in {environment.name, origin}:
        raise Refused(
            f"{environment.name}: the dump is of {manifest.environment}",
            where=where,
            why="a restore takes rows from the same environment unless the other one is named",
            next_command=environment.command(f"restore --dump {shlex.quote(where)}")
            + f" --from {manifest.environment}",
        )
    if manifest.server_version // 10000 > server // 10000:
        raise Refused(
            f"{environment.name}: the dump is of PostgreSQL {manifest.server_version // 10000}",
            where=where,
            why=f"the server is PostgreSQL {server // 10000}, which cannot read newer dumps",
            next_command="upgrade the server first",
        )
    found = damage(machine, manifest)
    if found:
        raise Problem(
            f"{environment.name}: the dump is damaged",
            where=where,
            why=found,
            next_command=environment.command("backups --verify"),
        )


def dump_file(machine: Machine, path: Path, environment: Environment) -> Path:
    """Return PATH, a dump on MACHINE in pg_dump's custom format meant for ENVIRONMENT.

    Raises:
        UsageProblem: it is missing, empty or of another format (exit 4).
    """
    found = machine.measure(path)
    why = ""
    if found is None:
        why = "no file is there"
    elif found.size == 0:
        why = "it is empty"
    elif not found.head.startswith(b"PGDMP"):  # the magic of the archives (pg_backup_archiver.c)
        why = "it does not begin as pg_dump's format does"
    if why:
        raise UsageProblem(
            "this is no dump",
            where=str(path),
            why=why,
            next_command=environment.command("backups"),
        )
    return path
