"""One migration at a time: a session-level advisory lock on a connection of its own."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import TYPE_CHECKING, Self

from sqlalchemy import Engine, Row, text
from sqlalchemy.exc import SQLAlchemyError

from dbops_migrator.failures import LOCKED, UNREACHABLE, Failure
from dbops_migrator.sessions import connect

if TYPE_CHECKING:
    from types import TracebackType

log = logging.getLogger("dbops_migrator")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 2.0
_SAY_EVERY = 5.0

# A bigint key is shown as two 32-bit halves, with objsubid 1.
_HOLDER = """
SELECT l.pid, a.application_name, coalesce(a.client_addr::text, 'local') AS client,
       to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') AS since
FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32 | l.objid::bigint) = :key
"""


def lock_key(database: str) -> int:
    """Return the key of the migration lock: 8 bytes of a SHA-256, as a signed bigint."""
    digest = hashlib.sha256(f"dbops:migrate:{database}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


class MigrationLock:
    """The lock of this database, held from `__enter__` to `__exit__` or to the end of its session.

    The connection stays idle in autocommit. A lock on the migration's own connection would open a
    transaction there, and break `autocommit_block()`; a waiting `pg_advisory_lock()` would hold a
    snapshot, for which CREATE INDEX CONCURRENTLY waits: a deadlock.

    Args:
        engine: where to connect.
        wait: how many seconds to wait for another holder.
    """

    def __init__(self, engine: Engine, wait: float) -> None:
        self.connection = connect(engine, autocommit=True)
        self._wait = wait
        self._key = lock_key(str(self.connection.scalar(text("SELECT current_database()"))))

    def __enter__(self) -> Self:
        """Take the lock, polling; exit code 75, naming the holder, when it takes too long."""
        start, said, pause = time.monotonic(), float("-inf"), _FIRST_PAUSE
        while not self._try():
            now = time.monotonic()
            if now - start >= self._wait:
                raise Failure(f"{self.holder()}; gave up after {self._wait:g} s", code=LOCKED)
            if now - said >= _SAY_EVERY:
                said = now
                log.info("waiting: %s", self.holder())
            time.sleep(min(pause, self._wait - (now - start)))
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()  # the lock goes with its session

    def _try(self) -> bool:
        query = text("SELECT pg_try_advisory_lock(:key)")
        return bool(self.connection.scalar(query, {"key": self._key}))

    def holder(self) -> str:
        """Return who holds the lock, for the operator."""
        row = self._row()
        if row is None:
            return "the migration lock was just released"
        return (
            f"the migration lock is held by pid {row.pid} ({row.application_name or 'unnamed'}, "
            f"client {row.client}, since {row.since or 'unknown'})"
        )

    def assert_held(self) -> None:
        """Raise `Failure` (exit code 69) when this session no longer holds the lock."""
        try:
            row = self._row()
            pid = self.connection.scalar(text("SELECT pg_backend_pid()"))
        except SQLAlchemyError:
            row, pid = None, -1
        if row is None or row.pid != pid:
            raise Failure(
                "the migration lock was lost; stopped before the next revision", code=UNREACHABLE
            )

    def _row(self) -> Row[tuple[int, str, str, str]] | None:
        return self.connection.execute(text(_HOLDER), {"key": self._key}).one_or_none()
