"""A canonical schema dump taken apart into its objects.

Run as `python -m dbops.schema_text DUMP TARGET` it writes the canonical form of a pg_dump output.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dbops import snapshot
from dbops.snapshot_text import END

# pg_dump heads each object: -- Name: mv_daily; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
_HEAD = re.compile(
    r"^--\n-- Name: (?P<name>[^\n]*?); Type: (?P<type>[^;\n]*); Schema: (?P<schema>[^;\n]*)"
    r";[^\n]*?(?:; Tablespace: (?P<tablespace>[^\n]*))?\n--\n",
    re.MULTILINE,
)
# What it sets after an object is meant for those that follow.
_SETTINGS = re.compile(
    r"(?:\s*^SET default_(?:tablespace|table_access_method) = .*;$)+\s*\Z", re.MULTILINE
)
_METHOD = re.compile(r"SET default_table_access_method = (.*);")


def objects(dump_text: str) -> dict[str, str]:
    """Return the definition of every object in DUMP_TEXT by "TYPE schema.name"."""
    text = dump_text.rpartition(f"\n--\n{END}\n")[0] or dump_text
    heads = list(_HEAD.finditer(text))
    ends = [each.start() for each in heads[1:]] + [len(text)]
    found: dict[str, str] = {}
    method = "heap"
    for head, end in zip(heads, ends, strict=True):
        body, settings = _parted(text[head.end() : end])
        found[_identity(head)] = _storage(head, method) + body
        method = next(reversed(_METHOD.findall(settings)), method)
    return found


def _parted(text: str) -> tuple[str, str]:
    settings = _SETTINGS.search(text)
    end = settings.start() if settings else len(text)
    return text[:end].strip(), text[end:]


def _storage(head: re.Match[str], method: str) -> str:
    """Return where and how the object is stored, as far as that is not the usual."""
    told = f"-- tablespace {head['tablespace']}\n" if head["tablespace"] else ""
    if head["type"] in {"TABLE", "MATERIALIZED VIEW"} and method != "heap":
        told += f"-- access method {method}\n"
    return told


def _identity(head: re.Match[str]) -> str:
    schema = "" if head["schema"] == "-" else f"{head['schema']}."
    return f"{head['type']} {schema}{head['name']}"


def canonical(dump_text: str) -> str:
    """Return DUMP_TEXT, as pg_dump printed it, in the form the snapshot is committed in."""
    return snapshot.canonical(dump_text, title="the application")


def main(source: str, target: str) -> None:
    """Write the canonical form of the dump in SOURCE to TARGET."""
    # As bytes: a carriage return inside a function body is part of it.
    text = Path(source).read_bytes().decode()
    Path(target).write_bytes(canonical(text).encode())


def differences(expected: dict[str, str], live: dict[str, str]) -> list[str]:
    """Return one line an object that is missing, unexpected or changed."""
    missing = [f"missing     {each}" for each in expected if each not in live]
    unexpected = [f"unexpected  {each}" for each in live if each not in expected]
    changed = [
        f"changed     {each}" for each in expected if each in live and expected[each] != live[each]
    ]
    return sorted([*missing, *unexpected, *changed])


if __name__ == "__main__":
    main(*sys.argv[1:])
