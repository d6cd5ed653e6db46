"""One form for definitions that PostgreSQL prints in two; only for comparing them.

`status IN ('a', 'b')` of a varchar column is stored as an array that is cast and printed as
`ARRAY['a'::character varying, 'b'::character varying]::text[]`. Loading that casts each element
instead (transformArrayExpr in parse_expr.c), so that a schema and its own dump would differ. The
second form is the stable one.

It is the form of expressions alone: constants and the bodies of routines, which the server prints
between dollars, are what somebody wrote.
"""

from __future__ import annotations

import re

_BEGIN = "ARRAY["
_SUSPECT = re.compile(r"\]\)?::[^\s,()]*(?: varying)?\[\]")
# A dollar's tag is an identifier: $1 is a parameter.
_OPAQUE = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | (\$(?:[^\W\d]\w*)?\$).*?\1""", re.VERBOSE | re.DOTALL
)
_HIDDEN = re.compile(r'"(\d+)"')
_TYPE = r"""(?:(?:"\d+"|\w+)\.)?(?:"\d+"|[a-z]\w*(?:\ varying|\ precision)?(?:\(\d[\d,]*\))?)"""
_CAST = re.compile(rf"(\)?)::({_TYPE})\[\]", re.VERBOSE)
_CASTS = re.compile(rf"(?:::{_TYPE})+$", re.VERBOSE)
_CALLED = re.compile(r'[\w"]\($')
_INNERMOST = re.compile(r"[(\[][^()\[\]]*[)\]]")
_PIECE = re.compile(r"[\[\](),]|[^\[\](),]+")


def form(definition: str) -> str:
    """Return DEFINITION with the cast of an ARRAY[...] written at each of its elements."""
    if _BEGIN not in definition or not _SUSPECT.search(definition):
        return definition
    found = [each[0] for each in _OPAQUE.finditer(definition)]
    numbers = iter(range(len(found)))
    text = _OPAQUE.sub(lambda _: f'"{next(numbers)}"', definition)
    while (settled := _all_settled(text)) != text:
        text = settled
    return _HIDDEN.sub(lambda each: found[int(each[1])], text)


def _all_settled(text: str) -> str:
    at = text.rfind(_BEGIN)
    while at >= 0:
        text = _settled(text, at)
        at = text.rfind(_BEGIN, 0, at)
    return text


def _settled(text: str, at: int) -> str:
    """Move the cast behind the array that begins AT, if there is one, into the array."""
    elements, end = _elements(text, at + len(_BEGIN))
    cast = _CAST.match(text, end)
    wrapped = text[at - 1 : at] == "(" and not _CALLED.search(text[:at])
    if not cast or not any(elements) or (cast[1] and not wrapped):
        return text
    begin = at - 1 if cast[1] else at
    inside = _with_casts(elements, cast[2], parens=bool(cast[1]))
    return f"{text[:begin]}{inside}{text[cast.end() :]}"


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


def _with_casts(elements: list[str], to: str, *, parens: bool) -> str:
    return f"{_BEGIN}{', '.join(_with_cast(each, to, parens=parens) for each in elements)}]"


def _with_cast(element: str, to: str, *, parens: bool) -> str:
    if element.startswith(_BEGIN):
        elements, end = _elements(element, len(_BEGIN))
        if end == len(element) and any(elements):  # the cast goes down to the innermost
            return _with_casts(elements, to, parens=parens)
    bare = _HIDDEN.sub("", _CASTS.sub("", element))
    while (outside := _INNERMOST.sub("", bare)) != bare:
        bare = outside
    if parens or " " in bare:
        return f"({element})::{to}"
    return f"{element}::{to}"
