"""python -m app.core_api.live: exit 0 when the service beside it answers /live, else 1."""

from __future__ import annotations

import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException

from app.core_api import PORT


def is_live(port: int = PORT) -> bool:
    """Return whether the service on this machine's PORT answers /live within 3 seconds."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=3)) as connection:
        try:
            connection.request("GET", "/live")
            return connection.getresponse().status == 200  # noqa: PLR2004  HTTP says so
        except (OSError, HTTPException):
            return False


if __name__ == "__main__":
    sys.exit(not is_live())
