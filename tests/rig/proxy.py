"""A TCP proxy that keeps every byte back, as a long line does."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Coroutine

CHUNK = 65536


class DelayProxy:
    """Between a free port of 127.0.0.1 and PORT; a round trip through it takes DELAY_SECONDS.

    Each direction holds its chunks back for half of it, without limiting how much is on its way,
    and a connection is there one round trip after it was asked for.

    Attributes:
        port: where to connect to.
        connections: how many connections were accepted.
        trips: how often something was sent a round trip or more after what was counted before: as
            often as the near side can have waited for an answer, at most.
    """

    def __init__(self, port: int, delay_seconds: float) -> None:
        self.target, self.delay_seconds = port, delay_seconds
        self.port = self.connections = self.trips = 0
        self._counted = float("-inf")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._held: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._await(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=30)

    async def _close(self) -> None:
        self._server.close()
        for task in self._held:
            task.cancel()
        await asyncio.gather(*self._held, return_exceptions=True)

    async def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._count()
        task = asyncio.ensure_future(self._join(near, back))
        self._held.add(task)
        task.add_done_callback(self._held.discard)

    async def _join(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        half = self.delay_seconds / 2
        try:
            await asyncio.sleep(half)
            far, forth = await asyncio.open_connection("127.0.0.1", self.target)
            try:
                async with asyncio.TaskGroup() as both:
                    # The far side may speak at once; the near one, when it hears of the connection.
                    both.create_task(self._carry(near, forth, after=half))
                    both.create_task(self._carry(far, back))
            finally:
                forth.close()
        except* OSError:
            back.transport.abort()  # one side was reset; so is the other
        finally:
            back.close()

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, after: float = 0
    ) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        await asyncio.sleep(after)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._deliver(line, sink))
                chunk = b"more"
                while chunk:
                    chunk = await source.read(CHUNK)
                    if after and chunk:  # it comes from the near side
                        self._count()
                    line.put_nowait((self._loop.time() + self.delay_seconds / 2, chunk))
        except* OSError:
            sink.transport.abort()
            raise

    def _count(self) -> None:
        now = self._loop.time()
        if now >= self._counted + 0.9 * self.delay_seconds:  # timers are not exact
            self.trips, self._counted = self.trips + 1, now

    async def _deliver(
        self, line: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> None:
        while True:
            due, chunk = await line.get()
            await asyncio.sleep(due - self._loop.time())
            if not chunk:
                sink.write_eof()
                return
            sink.write(chunk)
            await sink.drain()
