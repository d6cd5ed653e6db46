"""dbops.revision_log: what was run here, from which file, in the transaction of the version row."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Double, Text, column, table, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.runtime.migration import MigrationContext, MigrationInfo

    from dbops_migrator.settings import Settings

_DDL = Path(__file__).parent.parent / "revision_log.sql"
_TEXTS = ("operation", "revision", "previous", "file_sha256", "run_id", "actor")
_LOG = table(
    "revision_log",
    *(column(name, Text) for name in _TEXTS),  # --sql writes NULL for a column of known type only
    column("seconds", Double),
    schema="dbops",
)


class RevisionLog:
    """Writes the rows of one run.

    Args:
        settings: of this run.
        before: the version rows at its start; a purge deletes them before it asks.
        seconds: tells how long the running step took; None when it is not run here.
    """

    def __init__(
        self,
        settings: Settings,
        before: tuple[str, ...] = (),
        seconds: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._before = before
        self._seconds = seconds
        self._created = False

    def __call__(
        self, ctx: MigrationContext, step: MigrationInfo, *_: object, **__: object
    ) -> None:
        """Add one row; create the table first when it is missing. Alembic's `on_version_apply`.

        Args:
            ctx: where the step runs; with `--sql` the statements are written out.
            step: the revision applied, reverted or stamped.
        """
        self._ensure(ctx)
        ran = step.destination_revision_ids if step.is_stamp else step.up_revision_ids
        previous = self._before if step.is_stamp else step.source_revision_ids
        ctx.execute(
            _LOG.insert().values(
                operation="stamp" if step.is_stamp else ("downgrade", "upgrade")[step.is_upgrade],
                revision=",".join(ran) or None,
                previous=",".join(previous) or None,
                file_sha256=_sha256(ctx, ran),
                run_id=self._settings.run_id or None,
                actor=self._settings.actor or None,
                seconds=self._seconds(),
            )
        )

    def _ensure(self, context: MigrationContext) -> None:
        if self._created or (not context.as_sql and _exists(context)):
            return
        context.execute(text(_DDL.read_text(encoding="utf-8").strip().rstrip(";")))
        self._created = context.as_sql


def _exists(context: MigrationContext) -> bool:
    assert context.connection is not None  # noqa: S101  only --sql has none
    query = text("SELECT to_regclass('dbops.revision_log') IS NOT NULL")
    return bool(context.connection.scalar(query))


def _sha256(context: MigrationContext, revisions: tuple[str, ...]) -> str | None:
    if len(revisions) != 1 or context.script is None:
        return None
    script = context.script.get_revision(revisions[0])
    return hashlib.sha256(Path(script.path).read_bytes()).hexdigest() if script else None
