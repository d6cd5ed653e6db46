"""The HTTP side: GET /live and GET /health, in JSON, one log line a request."""

from __future__ import annotations

import json
import sys
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.core_api.health import HasRevisions, examine
from app.refusal import say

if TYPE_CHECKING:
    from pathlib import Path


class Server(ThreadingHTTPServer):
    """A thread a request; none of them keeps the process from ending.

    Args:
        address: the address and port to listen on.
        database: what /health asks.
        versions: the directory of the revision files.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], database: HasRevisions, versions: Path) -> None:
        self.examine = partial(examine, database, versions)
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away; everything else is a bug and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    timeout = 10  # seconds a client may be silent

    def do_GET(self) -> None:
        """Answer /live, /health, or 404."""
        if self._route() == "/live":
            self._answer(HTTPStatus.OK, {"live": True})
        elif self._route() == "/health":
            health = self.server.examine()
            status = HTTPStatus.SERVICE_UNAVAILABLE if health.reason else HTTPStatus.OK
            self._answer(status, health.as_json())
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "there are /live and /health"})

    def version_string(self) -> str:
        """Name the service in the Server header, and no versions."""
        return "core_api"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002  the base class names them
        """Write the request's line without its query, which may hold what no log should."""
        status = code.value if isinstance(code, HTTPStatus) else code
        say(f"{self.client_address[0]} {self.command or '-'} {self._route() or '-'} {status}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it
        """Write nothing: `log_request` writes the one line, and this would repeat the query."""

    def _route(self) -> str:
        path = urlsplit(getattr(self, "path", "")).path
        return path.encode("unicode_escape").decode("ascii")

    def _answer(self, status: HTTPStatus, members: dict[str, object]) -> None:
        body = json.dumps(members).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
