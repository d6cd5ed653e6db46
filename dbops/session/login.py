"""A login in one round trip: paramiko's own waits for leave to show its key, and then shows it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from paramiko import Message, SSHException, Transport
from paramiko.auth_handler import AuthHandler

if TYPE_CHECKING:
    from paramiko import PKey

_SERVICE = "ssh-userauth"


class EagerTransport(Transport):  # type: ignore[misc]  # paramiko has no types
    """Shows its key without waiting until the service for that is granted.

    A server that rejects the service must disconnect (RFC 4253, section 10), so nothing goes on
    that was not granted. The host's key is checked before, as ever.
    """

    def auth_publickey(
        self, username: str, key: PKey, event: threading.Event | None = None
    ) -> list[str]:
        """Log in as USERNAME with KEY, as paramiko's own does, but for the waiting."""
        if not (self.active and self.initial_kex_done):
            raise SSHException("No existing session")
        answered = event or threading.Event()
        self.auth_handler = _EagerHandler(self)
        self.auth_handler.auth_publickey(username, key, answered)
        return [] if event else list(self.auth_handler.wait_for_response(answered))


class _EagerHandler(AuthHandler):  # type: ignore[misc]  # paramiko has no types
    def _request_auth(self) -> None:
        super()._request_auth()
        granted = Message()
        granted.add_string(_SERVICE)
        granted.rewind()
        try:
            super()._parse_service_accept(granted)  # sends the key and its signature
        except EOFError as error:
            raise SSHException("the server closed the connection") from error

    def _parse_service_accept(self, message: Message) -> None:
        """Take note of the grant, which was not waited for."""
