"""Drift: what the schema of a database really is, beside what it should be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbops import catalogue
from dbops.errors import Problem, UsageProblem
from dbops.operations import require, scratch

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbops.catalogue import Catalogue, Difference
    from dbops.state import State
    from dbops.target import Target


def drift(
    target: Target,
    state: State,
    *,
    against: str | None,
    look: Callable[[str], tuple[Target, State]],
) -> dict[str, Any]:
    """Return how the live schema differs from what it should be, as data.

    Args:
        target: the environment.
        state: how it is now.
        against: another environment, or a file `export` wrote; baseline and revisions when None.
        look: probes another environment by its name.

    Raises:
        Problem: the database has no version, or the catalogue cannot be read (exit 1).
    """
    found = require.database(target, state)
    # Before anything is built beside it.
    now = scratch.live(target, state, cluster=against is not None)
    wanted, what = _wanted(target, state, against, look)
    differing = catalogue.differences(wanted, now)
    return {
        "environment": target.name,
        "against": what,
        "versions": list(found.versions),
        "objects": len(now.objects),
        "sha256": now.sha256,
        "differences": [described(each) for each in differing],
    }


def _wanted(
    target: Target,
    state: State,
    against: str | None,
    look: Callable[[str], tuple[Target, State]],
) -> tuple[Catalogue, str]:
    if against is None:
        version = _version(target, state)
        return scratch.expected(target, state, version), f"the files, at {version}"
    if Path(against).suffix or "/" in against:
        return _read(target, against)
    try:
        other, other_state = look(against)
    except UsageProblem as unknown:
        if Path(against).is_file():
            return _read(target, against)
        raise UsageProblem(
            f"{unknown.what}, and there is no such file",
            where=f"{unknown.where}, {Path.cwd()}",
            why=unknown.why,
            next_command=f"{unknown.next_command}, or --against FILE",
        ) from unknown
    require.database(other, other_state)
    return scratch.live(other, other_state, cluster=True), other.name


def _read(target: Target, file: str) -> tuple[Catalogue, str]:
    kept = catalogue.load(Path(file).expanduser())
    return kept.without(target.environment.drift.ignore), file


def _version(target: Target, state: State) -> str:
    """Return the revision the database says it is at: pending revisions are no drift."""
    found = require.database(target, state)
    version = require.known_version(target, found)
    if version is None:
        raise Problem(
            f"{target.name}: the database has no version",
            where=f"{target.environment.database.name}, alembic_version",
            why="nothing says which revision its schema should be",
            next_command=target.command("al-which"),
        )
    return version


def described(found: Difference) -> dict[str, Any]:
    """Return one difference as data."""
    return {
        "what": str(found.what),
        "kind": found.kind,
        "identity": found.identity,
        "severity": found.severity.name.lower(),
        "diff": found.diff,
        "repair": found.repair,
        "repair_order": found.repair_order,
        "consequences": [str(each) for each in found.consequences],
    }


def export(target: Target, state: State, file: Path) -> dict[str, Any]:
    """Write the catalogue of the live schema to FILE, for `--against` elsewhere or later.

    Raises:
        UsageProblem: the file cannot be written (exit 4).
    """
    require.database(target, state)
    now = scratch.live(target, state, cluster=True)
    try:
        file.write_text(catalogue.dump(now), encoding="utf-8")
    except OSError as error:
        raise UsageProblem(
            "the catalogue cannot be written",
            where=str(file),
            why=error.strerror or str(error),
            next_command=target.command("drift --export FILE") + ", in a directory that is there",
        ) from error
    return {"file": str(file), "objects": len(now.objects), "sha256": now.sha256}
