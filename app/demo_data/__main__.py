"""`python -m app.demo_data`: fill the empty tables of the database that the environment names."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from datetime import date
from time import monotonic

from sqlalchemy import text

from app.demo_data.holidays import FIRST_YEAR, LAST_YEAR
from app.demo_data.loading import Demand, load
from app.infra.db.connection import connect
from app.refusal import USAGE, Refusal, exit_code, say

_MOST_YEARS = 20
_LARGEST_SCALE = 200


def main() -> None:
    """Load the data in one transaction and say how much it became.

    Raises:
        Refusal: arguments out of range (exit 4), tables that hold rows (exit 3), no schema
            (exit 1), no connection (exit 69).
    """
    arguments = _parser().parse_args()
    demand = _demand(arguments.years, arguments.until, arguments.seed, arguments.scale)
    started = monotonic()
    with connect("sanbou_app demo_data") as connection, connection.begin():
        loaded = load(connection, demand)
        size = connection.scalar(
            text("SELECT pg_size_pretty(pg_database_size(current_database()))")
        )
    rows, seconds = sum(loaded.values()), monotonic() - started
    say(f"loaded {rows:,} rows into {len(loaded)} tables in {seconds:.1f} s; database size {size}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.demo_data", description=__doc__)
    parser.add_argument("--years", type=int, default=3, help="years of slips (default: 3)")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        default=date(2025, 11, 30),
        help="last day with slips (default: 2025-11-30)",
    )
    parser.add_argument("--seed", type=int, default=20251212, help="source of all chance")
    parser.add_argument(
        "--scale", type=float, default=1, help="times the slips of a usual company (default: 1)"
    )
    return parser


def _demand(years: int, until: date, seed: int, scale: float) -> Demand:
    if not 1 <= years <= _MOST_YEARS:
        raise _out_of_range("--years", f"{years} is not between 1 and {_MOST_YEARS}")
    if not 0 < scale <= _LARGEST_SCALE:
        raise _out_of_range("--scale", f"{scale:g} is not above 0 and up to {_LARGEST_SCALE}")
    # The calendar reaches a fiscal year to each side, where holidays must be known too.
    if until.year - years <= FIRST_YEAR or until.year >= LAST_YEAR:
        raise _out_of_range("--until", f"holidays are known from {FIRST_YEAR} to {LAST_YEAR}")
    same_day = until + dt.timedelta(days=1)
    month = date(same_day.year - years, same_day.month, 1)  # 29 February may not be in that year
    return Demand(month + dt.timedelta(days=same_day.day - 1), until, seed, scale)


def _out_of_range(where: str, why: str) -> Refusal:
    return Refusal(
        "the demo data cannot be made",
        where=where,
        why=why,
        next_command="python -m app.demo_data --help",
        code=USAGE,
    )


if __name__ == "__main__":
    sys.exit(exit_code(main))
