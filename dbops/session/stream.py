"""What comes over a channel, and whether the other end is still there."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paramiko import Transport

PULSE_SECONDS = 5.0


class Stream:
    """Bytes as they come, taken out as text up to a mark."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.searched = 0

    def feed(self, chunk: bytes) -> None:
        self.buffer += chunk

    def until(self, mark: str) -> str | None:
        """Return the text before MARK and take it out; None when MARK has not come yet."""
        wanted = mark.encode()
        at = self.buffer.find(wanted, self.searched)
        if at < 0:
            self.searched = max(0, len(self.buffer) - len(wanted))
            return None
        self.searched = 0
        text = self.buffer[:at].decode(errors="replace")
        del self.buffer[: at + len(wanted)]
        return text


class Pulse(threading.Thread):
    """Asks the host for a sign of life: a dead link behind a jump host shows in no other way.

    TCP sees only the first hop, and paramiko's own keepalive waits for no answer.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(daemon=True)
        self.transport = transport
        self.last = time.monotonic()

    def run(self) -> None:
        """Ask every few seconds, as long as the connection is there."""
        while self.transport.is_active():
            self.transport.global_request("keepalive@openssh.com", wait=True)
            if self.transport.is_active():
                self.last = time.monotonic()
            time.sleep(PULSE_SECONDS)

    def end_when_silent(self, seconds: float) -> None:
        """Close the connection once nothing was heard for SECONDS: a terminal looks at no clock."""

        def watch() -> None:
            while self.transport.is_active():
                time.sleep(1)
                if time.monotonic() - self.last > seconds:
                    self.transport.close()

        threading.Thread(target=watch, daemon=True).start()
