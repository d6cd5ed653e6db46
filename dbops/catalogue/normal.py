"""One form for definitions that PostgreSQL prints in two.

`status IN ('a', 'b')` of a varchar column is stored as an array that is cast and printed as
`ARRAY['a'::character varying, 'b'::character varying]::text[]`. Loading that casts each element
instead (transformArrayExpr in parse_expr.c), so that a schema and its own dump would differ. The
second form is the stable one.
"""

from __future__ import annotations

import re

_BEGIN = "ARRAY["
_SUSPECT = re.compile(r"\]\)?::[^\s,()]*(?: varying)?\[\]")
_TYPE = r"""(?:(?:"[^"]+"|\w+)\.)?(?:"[^"]+"|[a-z]\w*(?:\ varying|\ precision)?(?:\(\d[\d,]*\))?)"""
_CAST = re.compile(rf"(\)?)::({_TYPE})\[\]", re.VERBOSE)
_CASTS = re.compile(rf"(?:::{_TYPE})+$", re.VERBOSE)
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"[^"]*["]""")
_INNERMOST = re.compile(r"[(\[][^()\[\]]*[)\]]")
_PIECE = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|[\[\](),]|[^'"\[\](),]+""")


def form(definition: str) -> str:
    """Return DEFINITION with the cast of an ARRAY[...] written at each of its elements."""
    if _BEGIN not in definition or not _SUSPECT.search(definition):
        return definition
    at = definition.rfind(_BEGIN)
    while at >= 0:
        definition = _settled(definition, at)
        at = definition.rfind(_BEGIN, 0, at)
    return definition


def _settled(text: str, at: int) -> str:
    """Move the cast behind the array that begins AT, if there is one, into the array."""
    elements, end = _elements(text, at + len(_BEGIN))
    cast = _CAST.match(text, end)
    wrapped = text[at - 1 : at] == "("
    if not cast or (cast[1] and not wrapped):
        return text
    begin = at - 1 if cast[1] else at
    inside = ", ".join(_with_cast(each, cast[2], parens=bool(cast[1])) for each in elements)
    return f"{text[:begin]}{_BEGIN}{inside}]{text[cast.end() :]}"


def _elements(text: str, at: int) -> tuple[list[str], int]:
    """Return the elements of the array whose inside begins AT, and where it ends."""
    found, depth = [""], 0
    for piece in _PIECE.finditer(text, at):
        depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(piece[0], 0)
        if depth < 0:
            return [each.strip() for each in found], piece.end()
        if piece[0] == "," and not depth:
            found.append("")
        else:
            found[-1] += piece[0]
    return [], at


def _with_cast(element: str, to: str, *, parens: bool) -> str:
    bare = _QUOTED.sub("", _CASTS.sub("", element))
    while (outside := _INNERMOST.sub("", bare)) != bare:
        bare = outside
    if parens or " " in bare:
        return f"({element})::{to}"
    return f"{element}::{to}"
