"""A canonical schema dump taken apart into its objects.

Run as `python -m dbops.schema_text DUMP TARGET` it writes the canonical form of a pg_dump output.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dbops import snapshot

# pg_dump heads each object: -- Name: mv_daily; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
_HEAD = re.compile(
    r"^--\n-- Name: (?P<name>[^\n]*?); Type: (?P<type>[^;\n]*); Schema: (?P<schema>[^;\n]*)"
    r";[^\n]*\n--\n",
    re.MULTILINE,
)


def objects(dump_text: str) -> dict[str, str]:
    """Return the definition of every object in DUMP_TEXT by "TYPE schema.name"."""
    heads = list(_HEAD.finditer(dump_text))
    ends = [each.start() for each in heads[1:]] + [len(dump_text)]
    return {
        _identity(head): dump_text[head.end() : end].strip()
        for head, end in zip(heads, ends, strict=True)
    }


def _identity(head: re.Match[str]) -> str:
    schema = "" if head["schema"] == "-" else f"{head['schema']}."
    return f"{head['type']} {schema}{head['name']}"


def main(source: str, target: str) -> None:
    """Write the canonical form of the dump in SOURCE to TARGET."""
    # As bytes: a carriage return inside a function body is part of it.
    text = Path(source).read_bytes().decode()
    Path(target).write_bytes(snapshot.canonical(text, title="the application").encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
