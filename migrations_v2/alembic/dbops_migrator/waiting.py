"""What happens while a statement runs: Ctrl-C cancels it, and those who block it are noted."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from select import select
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import POLL_OK, POLL_READ, set_wait_callback
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_LOOK, _LONGEST_LOOK = 0.1, 1.0

# pid 0 stands for a prepared transaction. The text of a query may hold personal data: not asked.
_BLOCKERS = """
SELECT b.pid, coalesce(nullif(a.application_name, ''), 'unnamed') AS name,
       coalesce(a.state, 'unknown') AS state,
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start)::int::text || ' s', 'unknown')
           AS age
FROM unnest(pg_blocking_pids(:pid)) AS b (pid) LEFT JOIN pg_stat_activity a USING (pid)
GROUP BY 1, 2, 3, 4 ORDER BY 1
"""


class Waiting:
    """psycopg2's wait callback for one migration connection.

    libpq blocks in C, where Python handles no signal; with a callback the waiting is done here.
    It also makes COPY through psycopg2 unavailable to revisions.

    Args:
        connection: the migration's connection.
        observer: another connection, in autocommit, that looks at it.
    """

    def __init__(self, connection: Connection, observer: Connection) -> None:
        self._driver: Any = connection.connection.driver_connection
        self._observer = observer
        self.interrupted = False
        self.blockers: tuple[str, ...] = ()
        event.listen(connection, "before_cursor_execute", self._refuse_after_interrupt)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Wait this way inside the block; opening a connection needs libpq's own way and limits."""
        set_wait_callback(self)
        try:
            yield
        finally:
            set_wait_callback(None)

    def __call__(self, driver: Any) -> None:  # psycopg2 publishes no types
        """Wait until the connection has its result."""
        pause = _FIRST_LOOK
        while True:
            try:
                state = driver.poll()
                if state == POLL_OK:
                    return
                if not _arrived(driver, state, pause) and driver is self._driver:
                    self._look()
                    pause = min(2 * pause, _LONGEST_LOOK)
            except KeyboardInterrupt:
                self._cancel()

    def _look(self) -> None:
        # a lost observer is found before the next revision, by the lock's own check
        with suppress(SQLAlchemyError):
            rows = self._observer.execute(text(_BLOCKERS), {"pid": self._driver.info.backend_pid})
            seen = tuple(f"pid {r.pid} ({r.name}, {r.state}, {r.age})" for r in rows)
            self.blockers = seen or self.blockers

    def _cancel(self) -> None:
        """Ask the server to cancel at the first Ctrl-C, drop the connection at the second."""
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        self._driver.cancel()

    def _refuse_after_interrupt(self, *_: object) -> None:
        if self.interrupted:  # the cancel came between two statements
            raise KeyboardInterrupt


def _arrived(driver: Any, state: int, seconds: float) -> bool:
    sockets = [driver.fileno()]
    reading, writing = (sockets, []) if state == POLL_READ else ([], sockets)
    return any(select(reading, writing, [], seconds))
