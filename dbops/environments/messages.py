"""The words for what pydantic found, with the value that stands there and what was meant."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from dbops.environments.document import Finding, Keys, Mark
from dbops.environments.model import EnvironmentsFile

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dataclass_type": "a mapping of keys",
    "dict_type": "a mapping of names",
}
_SECRET = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|(api|access|private)_?key|^pwd$", re.IGNORECASE
)
_LONGEST = 60


def finding(error: Mapping[str, Any], marks: Mapping[Keys, Mark]) -> Finding:
    """Return one entry of `ValidationError.errors()` as a finding in plain words.

    Args:
        error: the entry: type, loc, ctx and input.
        marks: the marks of the file, for the text a value was written as.
    """
    path = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == "unexpected_keyword_argument":
        return Finding(path, _unknown(path), of_key=True)
    if error["type"] == "missing":
        return Finding(path, "this key is missing")
    if error["type"] == "literal_error":
        return Finding(path, _choice(error["ctx"]["expected"], error["input"]))
    needs = error.get("ctx", {}).get("needs") or _NEEDS.get(error["type"])
    if needs is None:
        return Finding(path, str(error["msg"]).lower())
    return Finding(path, f"needs {needs}, got {_got(error, marks.get(path))}")


def suggestion(word: str, known: list[str]) -> str:
    """Return ` (did you mean "x"?)` for the entry of KNOWN that WORD looks like, or nothing."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""


def shown(value: object) -> str:
    """Return VALUE as it may be shown: short, on one line, without the password of a URL."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if not isinstance(value, str):
        return str(value).lower()
    text = re.sub(r"//[^/\s]*@", "//...@", value)
    return repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")


def _unknown(path: Keys) -> str:
    key = str(path[-1])
    if _SECRET.search(key):
        return "secrets never stand in this file; use an env file, passfile or key file"
    known = _keys_at(path[:-1])
    return "unknown key" + suggestion(key, known if len(path) > 1 else [*known, "defaults"])


def _choice(expected: str, value: object) -> str:
    allowed = re.findall(r"'([^']*)'", expected)
    return f"needs {expected}, got {shown(value)}{suggestion(str(value), allowed)}"


def _got(error: Mapping[str, Any], mark: Mark | None) -> str:
    value, plain = error["input"], mark.plain if mark else None
    if error["type"] == "string_type" and isinstance(value, int) and plain:
        return f'{plain} (quote it: "{plain}")'
    return shown(value)


def _keys_at(path: Keys) -> list[str]:
    """Return the keys that the model has below PATH."""
    kind: Any = EnvironmentsFile
    for part in path:
        kind = get_type_hints(kind)[str(part)] if is_dataclass(kind) else get_args(kind)[-1]
        if get_origin(kind) in (Union, UnionType):
            kind = get_args(kind)[0]
    return [field.name for field in fields(kind)]
