"""python -m app.core_api [--host ADDRESS] [--port PORT]: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from app.core_api import PORT
from app.core_api.database import Database
from app.core_api.server import Server
from app.refusal import FAILED, Refusal, exit_code, say

if TYPE_CHECKING:
    from types import FrameType

VERSIONS = Path(__file__).resolve().parents[2] / "migrations_v2" / "alembic" / "versions"


def main() -> None:
    """Serve.

    Raises:
        Refusal: the database is not named (exit 4), or the port cannot be had (exit 1).
    """
    options = _options().parse_args()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    database = Database.from_variables(os.environ)
    with _server((options.host, options.port), database) as server:
        say(f"core_api: listening on {options.host} port {server.server_port}")
        server.serve_forever()


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.core_api", description=__doc__)
    # In a container the published port alone leads here, and that is on the host's loopback.
    parser.add_argument("--host", default="0.0.0.0", help="the address to listen on")  # noqa: S104  in a container
    parser.add_argument("--port", default=PORT, type=int, help="the port; 0 for a free one")
    return parser


def _server(address: tuple[str, int], database: Database) -> Server:
    try:
        return Server(address, database, VERSIONS)
    except (OSError, OverflowError) as error:
        raise Refusal(
            "the port cannot be had",
            where=f"{address[0]} port {address[1]}",
            why=str(error),
            code=FAILED,
        ) from error


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(exit_code(main))
