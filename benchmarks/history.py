"""A history that never rotted: the snapshot's statements as a chain of Alembic revisions.

Each statement runs once, in the order of the snapshot. A real history also alters and drops what it
made before, so this one is the least that a replay can cost.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.timing import once
from dbops.sql_text import Statement, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.workbench import Project

REVISIONS = 120
PLAIN = "plain.ini"
GUARDED = "guarded/alembic.ini"

_URL = re.compile(r"^sqlalchemy\.url = .*$", re.MULTILINE)
_REVISION = '''\
"""Change {number} of the schema."""

from alembic import op

revision = {revision!r}
down_revision = {parent!r}


def upgrade() -> None:
    # as pg_dump does: a function may stand before the tables it reads
    op.execute("SET LOCAL check_function_bodies = off")
{statements}
'''


def write(project: Project) -> None:
    """Write the history twice: beside the env.py of `alembic init`, and beside this project's.

    The first, PLAIN, replays in one transaction without lock, timeouts and records. The second,
    GUARDED, runs each revision as this project runs any: on its own, under the lock, recorded.
    """
    versions = project.directory / "plain" / "versions"
    once(project.alembic("init", "plain", config=PLAIN))
    ini = project.directory / PLAIN
    text = ini.read_text(encoding="utf-8")
    ini.write_text(_URL.sub("sqlalchemy.url = postgresql+psycopg2://", text), encoding="utf-8")
    _write_chain(project, versions)
    for each in project.target.graph.history:
        if each.id != project.target.environment.migrations.baseline:
            shutil.copy(each.path, versions)
    guarded = project.directory / Path(GUARDED).parent
    shutil.copytree(project.target.versions.parents[1], guarded)
    shutil.rmtree(guarded / "alembic" / "versions")
    shutil.copytree(versions, guarded / "alembic" / "versions")


def _write_chain(project: Project, versions: Path) -> None:
    """Write the chain; it ends in the baseline's id, which the later revisions follow."""
    statements = list(_statements(project.target.snapshot.path.read_text(encoding="utf-8")))
    names = [f"change_{number:03}" for number in range(1, REVISIONS)]
    names.append(project.target.environment.migrations.baseline)
    for index, name in enumerate(names):
        share = slice(*(len(statements) * edge // REVISIONS for edge in (index, index + 1)))
        text = _REVISION.format(
            number=index + 1,
            revision=name,
            parent=names[index - 1] if index else None,
            statements="\n".join(f"    op.execute({each!r})" for each in statements[share]),
        )
        (versions / f"{name}.py").write_text(text, encoding="utf-8")


def _statements(snapshot: str) -> Iterator[str]:
    """Yield what builds the schema, without the settings of the session that dumped it."""
    for each in split(snapshot):
        if isinstance(each, Statement) and not each.code.startswith(("SET ", "SELECT ")):
            # op.execute takes :name for a parameter
            yield each.text.replace(":", "\\:")
