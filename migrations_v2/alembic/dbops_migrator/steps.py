"""The revisions of one run, and the timeouts of each."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import func, select

if TYPE_CHECKING:
    from dbops_migrator.settings import Settings

# RevisionStep and StampStep of alembic share `info`, which their base class does not declare
Plan = Callable[[tuple[str, ...], MigrationContext], Iterable[Any]]


class Steps:
    """Alembic's own plan, made once, and handed out with a word before and after each revision.

    Alembic asks a function for the steps and runs each in its transaction before it asks for the
    next. A plan kept across attempts means that `upgrade +2` is still two revisions when the second
    of them is tried again.

    Args:
        plan: the command's function; a configured context has it in `opts["fn"]`.
        settings: of this run.
        before: called with the migration context before each step, outside its transaction.
        after: called with each step and its seconds when it is committed.
    """

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        before: Callable[[], None] = lambda: None,
        after: Callable[[MigrationInfo, float], None] = lambda _step, _seconds: None,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._before = before
        self._after = after
        self._pending: deque[Any] | None = None
        self._start = 0.0
        self.count = 0
        self.running: MigrationInfo | None = None

    @property
    def seconds(self) -> float:
        """How long the running revision has been running."""
        return time.monotonic() - self._start

    def __call__(self, heads: tuple[str, ...], context: MigrationContext) -> Iterator[Any]:
        """Hand out what is left to do; Alembic calls this at each attempt."""
        if self._pending is None:
            self._pending = deque(self._plan(heads, context))
            self.count = len(self._pending)
        while self._pending:
            self.running = step = self._pending[0].info
            self._before()
            _set_timeouts(context, step, self._settings)
            self._start = time.monotonic()
            yield self._pending[0]
            self._pending.popleft()
            self._after(step, self.seconds)
            self.running = None


def revision_of(step: MigrationInfo) -> str:
    """Return the revision a step applies, reverts or stamps, as the operator knows it."""
    ids = step.destination_revision_ids if step.is_stamp else step.up_revision_ids
    return ", ".join(ids) or "base"


def _set_timeouts(context: MigrationContext, step: MigrationInfo, settings: Settings) -> None:
    """Set the run's timeouts, or those the revision file asks for.

    For the session: SET LOCAL would end with the transaction that an autocommit_block commits.
    """
    module = None if step.is_stamp else getattr(step.up_revision, "module", None)
    for name in ("lock_timeout", "statement_timeout"):
        value = getattr(module, name, getattr(settings, name))
        context.execute(select(func.set_config(name, str(value), False)))  # noqa: FBT003  set_config takes no names
