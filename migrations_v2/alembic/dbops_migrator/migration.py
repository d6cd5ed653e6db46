"""One run of upgrade, downgrade or stamp on a connection, under the lock."""

from __future__ import annotations

import logging
import secrets
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import context
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dbops_migrator import indexes
from dbops_migrator.failures import (
    FAILED,
    INTERRUPTED,
    LOCKED,
    UNREACHABLE,
    Failure,
    code_of,
    described,
    described_own,
    place_in,
    sqlstate,
)
from dbops_migrator.revision_log import RevisionLog
from dbops_migrator.steps import Steps, revision_of
from dbops_migrator.waiting import Waiting

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo

    from dbops_migrator.lock import MigrationLock
    from dbops_migrator.settings import Settings

log = logging.getLogger("dbops_migrator")

_LOST_A_LOCK = ("55P03", "40P01")
_NOT_ALLOWED = "42501"
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_PART = "part of it is committed"
_LOOK = f"{_PART}: look before it is run again"
_UNKNOWN = "whether it was applied is in the database: inv al-cur"
_DONE = {True: "upgraded to", False: "downgraded below"}


class Migration:
    """Runs Alembic's steps with retries, and says what became of each.

    Args:
        connection: acts as the owner role.
        lock: held until the run is over; its connection observes this one.
        settings: of this run.
    """

    def __init__(self, connection: Connection, lock: MigrationLock, settings: Settings) -> None:
        self._connection = connection
        self._lock = lock
        self._settings = settings
        self._waiting = Waiting(connection, lock.connection)
        self._tries = 0
        self._committing = self._part_committed = False
        # only a configured context knows the command's own function
        context.configure(connection=connection, version_table_schema="public")
        self._versions = Path(context.script.dir, "versions").resolve()
        self._steps = Steps(context.get_context().opts["fn"], settings, self._before, self._after)
        heads = context.get_context().get_current_heads()
        self._log = RevisionLog(settings, heads, lambda: self._steps.seconds)
        connection.rollback()
        event.listen(connection, "commit", self._note_commit)
        event.listen(connection, "begin", self._note_begin)

    def run(self) -> None:
        """Run to the end; raise `Failure` when a revision fails or leaves an invalid index."""
        broken = indexes.invalid_indexes(self._lock.connection)
        indexes.warn(broken)
        left: frozenset[str] = frozenset()
        try:
            with self._waiting.installed():
                self._run_with_retries()
        finally:
            with suppress(SQLAlchemyError):  # the server may be gone, which is then what is raised
                left = indexes.invalid_indexes(self._lock.connection) - broken
            indexes.warn(left)
        if left:
            raise Failure(f"this run left an invalid index: {', '.join(sorted(left))}")
        if not self._steps.count:
            log.info("nothing to do: already at %s", _now_at())

    def _run_with_retries(self) -> None:
        while True:
            try:
                return self._attempt()
            except (DBAPIError, KeyboardInterrupt) as error:
                self._tries += 1
                if not self._may_retry(error):
                    raise self._failure(error) from error
                self._connection.rollback()
                self._pause(error)
            except Exception as error:
                place = place_in(self._versions, error)
                if not place:
                    raise
                raise self._own_failure(error, place) from error

    def _attempt(self) -> None:
        self._waiting.blockers = ()
        self._committing = self._part_committed = False
        # a stamp is one transaction even when it purges or moves several heads
        is_stamp = self._settings.command == "stamp"
        with self._connection.begin() if is_stamp else nullcontext():
            context.configure(
                connection=self._connection,
                fn=self._steps,
                version_table_schema="public",
                transaction_per_migration=True,
                on_version_apply=self._log,
            )
            context.run_migrations()
        if self._connection.in_transaction():  # ensure_version creates the table in no step
            self._connection.commit()

    def _before(self) -> None:
        self._committing = self._part_committed = False
        if self._waiting.interrupted:
            raise KeyboardInterrupt
        self._lock.assert_held()

    def _after(self, step: MigrationInfo, seconds: float) -> None:
        self._tries = 0
        done = "stamped" if step.is_stamp else _DONE[step.is_upgrade]
        doc = "" if step.is_stamp else getattr(step.up_revision, "doc", "").rstrip(".")
        log.info("%s %s (%.2f s) %s", done, revision_of(step), seconds, doc)

    def _note_commit(self, _connection: Connection) -> None:
        self._committing = True  # SQLAlchemy says so before the COMMIT, which may yet fail

    def _note_begin(self, _connection: Connection) -> None:
        # what follows a COMMIT within a step: an autocommit_block, or a revision that commits
        self._part_committed |= self._committing
        self._committing = False

    def _may_retry(self, error: BaseException) -> bool:
        return (
            isinstance(error, DBAPIError)
            and sqlstate(error) in _LOST_A_LOCK
            and self._settings.command != "stamp"
            and self._steps.running is not None
            and not self._part_committed
            and self._tries < self._settings.lock_tries
        )

    def _pause(self, error: BaseException) -> None:
        assert isinstance(error, DBAPIError)  # noqa: S101  for the type checker
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self._tries - 1))
        seconds = secrets.SystemRandom().uniform(0, longest)  # full jitter
        log.info(
            "%s lost a lock (%s), blocked by %s; try %d of %d in %.1f s",
            self._name(),
            sqlstate(error),
            self._blockers(),
            self._tries + 1,
            self._settings.lock_tries,
            seconds,
        )
        time.sleep(seconds)

    def _failure(self, error: BaseException) -> Failure:
        after = self._outcome(error)
        interrupted = isinstance(error, KeyboardInterrupt) or self._waiting.interrupted
        if interrupted or not isinstance(error, DBAPIError):
            return Failure(f"interrupted in {self._name()}; {after}", code=INTERRUPTED)
        what, *hint = described(error)
        if sqlstate(error) in _LOST_A_LOCK:
            hint = [f"blocked by {self._blockers()}; {after}"]
            code = FAILED if self._part_committed else LOCKED
            return Failure(f"{self._name()}: {what} (try {self._tries})", *hint, code=code)
        if sqlstate(error) == _NOT_ALLOWED and not hint:
            hint.append("hint: give the roles their privileges: inv db-bootstrap-roles")
        if code_of(error) == UNREACHABLE:  # a lost COMMIT may have been done
            hint = [_UNKNOWN]
        elif self._part_committed:
            hint.append(_LOOK)
        return Failure(f"{self._name()}: {what}", *hint, code=code_of(error))

    def _own_failure(self, error: Exception, place: str) -> Failure:
        if self._waiting.interrupted:
            return self._failure(KeyboardInterrupt())
        what, *hint = described_own(error, place)
        if self._part_committed or self._committing:  # a COMMIT that fails is the driver's error
            hint.append(_LOOK)
        elif isinstance(error, NotImplementedError) and self._settings.command == "downgrade":
            hint.append("hint: a backup from before it takes the database back: inv restore")
        return Failure(f"{self._name()}: {what}", *hint)

    def _outcome(self, error: BaseException) -> str:
        if self._part_committed:
            return _PART
        # a second Ctrl-C does not wait for what becomes of a COMMIT
        unknown = self._committing and not isinstance(error, DBAPIError)
        return _UNKNOWN if unknown else "it was rolled back"

    def _name(self) -> str:
        running = self._steps.running
        return f"revision {revision_of(running)}" if running else self._settings.command

    def _blockers(self) -> str:
        return ", ".join(self._waiting.blockers) or "a session that is gone"


def _now_at() -> str:
    return ", ".join(context.get_context().get_current_heads()) or "base"
