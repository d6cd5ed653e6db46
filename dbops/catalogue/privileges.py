"""The statements that give and take back what a grant, a default or a membership says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbops.catalogue.objects import Key

_OPTION = " WITH GRANT OPTION"
_KEYWORDS = {
    "enum": "TYPE",
    "range": "TYPE",
    "composite type": "TYPE",
    "base type": "TYPE",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
}
# GRANT has one word for what holds rows, and one for every type.
_GRANTED = {
    "view": "TABLE",
    "materialized view": "TABLE",
    "foreign table": "TABLE",
    "aggregate": "FUNCTION",
    "server": "FOREIGN SERVER",
    "domain": "TYPE",
}
_ON_TABLE = {"constraint", "trigger", "rule", "policy"}
_DEFAULT = re.compile(
    r"(?P<whose>FOR ROLE .*?) (?P<on>ON (?:TABLES|SEQUENCES|FUNCTIONS|TYPES|SCHEMAS|LARGE OBJECTS))"
    r" (?P<way>TO|FROM) (?P<role>.*)"
)


def target(key: Key, parents: tuple[Key, ...], table: str) -> str:
    """Return what COMMENT ON and ALTER ... OWNER call the object that KEY is about.

    Empty for the database, whose name is not part of its schema, and for a column's NOT NULL, whose
    name may not be.

    Args:
        key: an owner or a comment.
        parents: its parents; the first is what it is about, a column of a view aside.
        table: the table that object is part of, if it is part of one.
    """
    if not parents or parents[0].kind in {"database", "not null"}:
        return ""
    if key.identity.startswith("column "):
        return f"COLUMN {key.identity.removeprefix('column ')}"
    if key.identity.startswith("index "):  # a constraint's, too
        return f"INDEX {key.identity.removeprefix('index ')}"
    kind, identity = parents[0]
    if kind == "domain constraint":
        return f"CONSTRAINT {identity.removeprefix(f'{table}.')} ON DOMAIN {table}"
    if kind in _ON_TABLE:
        return f"{kind.upper()} {identity.removeprefix(f'{table}.')} ON {table}"
    return f"{_KEYWORDS.get(kind, kind.upper())} {identity}"


def grant(key: Key, before: str, after: str, parents: tuple[Key, ...]) -> str:
    """Return what gives the privileges in BEFORE and takes those only in AFTER."""
    return _both(_split(before), _split(after), _place(key, parents, " to "))


def revoke(key: Key, before: str, after: str, parents: tuple[Key, ...]) -> str:
    """Return what takes the privileges in BEFORE, built in, and gives those only in AFTER."""
    return _both(_split(after), _split(before), _place(key, parents, " from "))


def default(key: Key, before: str, after: str) -> str:
    """Return the ALTER DEFAULT PRIVILEGES that makes AFTER what BEFORE says."""
    part = _DEFAULT.fullmatch(key.identity)
    if not part:
        return ""
    sides = (_split(before), _split(after))
    given, taken = sides if part["way"] == "TO" else sides[::-1]
    head = f"ALTER DEFAULT PRIVILEGES {part['whose']} "
    return _both(given, taken, (part["on"], part["role"]), head)


def membership(before: str, after: str, parents: tuple[Key, ...]) -> str:
    """Return what makes the first of PARENTS a member of the second, or no more one."""
    member, role = (each.identity for each in parents)
    if ";" in before + after:  # granted by several roles
        return ""
    if after and not before:
        return f"REVOKE {role} FROM {member}"
    if "INHERIT" in before:
        return f"GRANT {role} TO {member} WITH {before}"
    if after and "FALSE" in before:
        return f"REVOKE ADMIN OPTION FOR {role} FROM {member}"
    return f"GRANT {role} TO {member}" + (" WITH ADMIN OPTION" if "TRUE" in before else "")


def _split(privileges: str) -> list[str]:
    return privileges.split(", ") if privileges else []


def _place(key: Key, parents: tuple[Key, ...], word: str) -> tuple[str, str]:
    """Return what the privileges are on, and whose they are; empty where that is not certain."""
    kind, identity = parents[0]
    role = key.identity.removeprefix(f"{kind} {identity}{word}")
    if kind == "database" or role == key.identity:
        return "", ""
    if kind == "column":
        return _columns(parents[0]), role
    if kind == "aggregate":  # GRANT knows no (*)
        identity = identity.replace("(*)", "()")
    name = _GRANTED.get(kind) or _KEYWORDS.get(kind, kind.upper())
    return f"ON {name} {identity}", role


def _columns(column: Key) -> str:
    """Return the words for privileges on one COLUMN: its name goes behind each privilege."""
    part = re.fullmatch(r'(?P<table>.*)\.(?P<name>"(?:[^"]|"")*"|[^".]*)', column.identity)
    return f"({part['name']}) ON TABLE {part['table']}" if part else ""


def _both(given: list[str], taken: list[str], place: tuple[str, str], head: str = "") -> str:
    on, role = place
    more = [each for each in given if each not in taken]
    less = [each for each in taken if each not in given]
    names = {each.removesuffix(_OPTION) for each in more}
    if not on or any("GRANTED BY" in each for each in more + less):
        return ""
    if names & {each.removesuffix(_OPTION) for each in less}:
        return ""
    said = []
    for option in ("", _OPTION):
        chosen = [
            each.removesuffix(_OPTION) for each in more if each.endswith(_OPTION) == bool(option)
        ]
        if chosen:
            said.append(f"{head}GRANT {_list(chosen, on)} TO {role}{option}")
    if less:
        said.append(
            f"{head}REVOKE {_list([each.removesuffix(_OPTION) for each in less], on)} FROM {role}"
        )
    return ";\n".join(said)


def _list(privileges: list[str], on: str) -> str:
    """Return the privileges and what they are on; a column's name is repeated for each."""
    column, _, rest = on.rpartition(") ON ") if on.startswith("(") else ("", "", on)
    if column:
        return ", ".join(f"{each} {column})" for each in privileges) + f" ON {rest}"
    return f"{', '.join(privileges)} {on}"
