"""Compare two catalogues as psql printed them.

Run as `python -m dbops.catalogue EXPECTED FOUND [IGNORED ...]`. Ends with 0 when they are equal,
else with 1 and a line on standard error for each difference.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dbops.catalogue import differences, parse

SHOWN = 20


def main(expected: str, found: str, *ignored: str) -> None:
    """Compare the files EXPECTED and FOUND, less what matches a pattern of IGNORED.

    Raises:
        SystemExit: they differ (exit 1).
    """
    before, after = (
        parse(Path(each).read_text(encoding="utf-8")).without(ignored) for each in (expected, found)
    )
    lines = [f"{each.what:<10} {each.kind} {each.identity}" for each in differences(before, after)]
    if lines:
        more = [f"... {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        raise SystemExit("\n".join([*lines[:SHOWN], *more]))


if __name__ == "__main__":
    main(*sys.argv[1:])
