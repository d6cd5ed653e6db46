"""The statements that make a live object the expected one, where there is no choice.

Identities and definitions are SQL already, quoted by the server. Never dropped: what holds rows or
values. What the templates do not name needs a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbops.catalogue import normal, privileges
from dbops.catalogue.objects import Key
from dbops.catalogue.severity import ORDER
from dbops.catalogue.templates import COLUMN, TEMPLATES, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dbops.catalogue.objects import Catalogue

_OF_COLUMN = {"default", "column options", "storage", "compression", "statistics target"}
_RELATIONS = {"table", "view", "materialized view", "foreign table", "domain"}


@dataclass(frozen=True, slots=True)
class Found:
    """One object that differs, with what a statement about it needs to name.

    Attributes:
        key: its kind and identity.
        what: `missing`, `unexpected` or `changed`.
        before: the expected definition, empty when none is expected.
        after: the live one, empty when there is none.
        parents: its parents, nearest first.
        lineage: itself, its first parent, that one's and so on.
        follows: the kinds of what differs because it does.
    """

    key: Key
    what: str
    before: str
    after: str
    parents: tuple[Key, ...]
    lineage: tuple[Key, ...]
    follows: frozenset[str]

    @property
    def words(self) -> dict[str, str]:
        """Return what the templates fill in."""
        parent = self.parents[0].identity if self.parents else ""
        table = next((each.identity for each in self.lineage if each.kind in _RELATIONS), "")
        column = next((each.identity for each in self.lineage if each.kind == "column"), "")
        # A view's columns are no objects.
        if self.key.kind in _OF_COLUMN and self.parents[0].kind in _RELATIONS:
            column = self.key.identity
        beside = self.parents[-1].identity if self.parents else ""
        return {
            "identity": self.key.identity,
            "definition": self.before,
            "name": self.key.identity.removeprefix(f"{table}."),
            "table": table,
            "column": column.removeprefix(f"{table}."),
            "parent": parent,
            "beside": beside,
            "attached": self.before.replace(f"PARTITION OF {beside}", f"PARTITION {table}", 1),
            "target": privileges.target(self.key, self.parents, table),
        }


def statements(
    expected: Catalogue, live: Catalogue, what: str, keys: Sequence[Key], parts: Sequence[Key]
) -> str:
    """Return the statements for the first of KEYS and for what they would leave missing.

    Args:
        expected: the catalogue to get to.
        live: the one that is there.
        what: `missing`, `unexpected` or `changed`.
        keys: the object, then its consequences.
        parts: what belongs to the expected object and goes when it is made anew.

    Returns:
        Statements, one a line; empty when one of them is not certain.
    """
    follows = frozenset(each.kind for each in keys[1:])

    def found(key: Key, what: str = what) -> Found:
        side = expected if what == "missing" else live
        before = expected.objects.get(key, "")
        after = "" if what == "missing" else live.objects.get(key, "")
        lineage = tuple(side.lineage(key))
        return Found(key, what, before, after, side.parents.get(key, ()), lineage, follows)

    wanted = keys if what == "missing" else keys[:1]
    ranked = [found(each) for each in sorted(wanted, key=_rank) if not _is_implied(each)]
    said = _filled(ranked, keys[0]) or [_statement(each) for each in ranked]
    if any(_is_made_anew(each) for each in ranked):
        anew = (each for each in sorted(parts, key=_rank) if not _is_implied(each))
        said += [_statement(found(each, "missing")) for each in anew]
    return "\n".join(f"{each};" for each in said) if all(said) else ""


def _filled(ranked: Sequence[Found], column: Key) -> list[str]:
    """Return the statements for a missing column that must have a value and has a default.

    ADD COLUMN gives the default to the rows that are there, SET DEFAULT to new ones alone.

    Args:
        ranked: what is missing, in the order to make it in.
        column: the first of it.

    Returns:
        Statements; none when it is another kind of object, or a column that rows may lack.
    """
    there = {each.key: each for each in ranked}
    default, not_null = (Key(each, column.identity) for each in ("default", "not null"))
    if column.kind != "column" or not {default, not_null} <= there.keys():
        return []
    added = _statement(there[column])
    if not added or there[not_null].before.endswith(" NOT VALID"):
        return []
    added += f" DEFAULT {there[default].before} {there[not_null].before}"
    # The default may take its values from the column's own sequence, which is then there first.
    own = [each for each in ranked if each.key.kind == "sequence"]
    made = [each.before.partition(" OWNED BY ")[0] for each in own]
    owned = [f"ALTER SEQUENCE {each.key.identity} OWNED BY {column.identity}" for each in own]
    done = {column, default, not_null, *(each.key for each in own)}
    return [*made, added, *owned, *(_statement(each) for each in ranked if each.key not in done)]


def _is_implied(key: Key) -> bool:
    """Return whether it comes with what it belongs to; an extension's owner cannot be altered."""
    is_kept = key.kind == "owner" and key.identity.startswith("extension ")
    return is_kept or key.kind in {"result columns", "column order"}


def _rank(key: Key) -> tuple[int, str]:
    return ORDER[key.kind], key.identity


def _statement(found: Found) -> str:
    if len(found.parents) > 1 and found.parents[1].kind == found.key.kind:
        return ""  # a partition's: it comes and goes with that of the partitioned table
    if said := _special(found):
        return said
    template = getattr(TEMPLATES.get(found.key.kind, Template()), found.what)
    words = found.words
    if " ON ONLY " in found.before:
        return ""  # the index of a partitioned table, whose partitions have theirs
    used = re.findall(r"{(\w+)}", template or "")
    return template.format(**words) if template and all(words[each] for each in used) else ""


def _special(found: Found) -> str:
    special = _SPECIAL.get(found.key.kind)
    return special(found) if special else ""


def _is_made_anew(found: Found) -> bool:
    """Return whether it is dropped and made again, and what belongs to it goes along."""
    template = TEMPLATES.get(found.key.kind, Template())
    return found.what == "changed" and template.anew and not _special(found)


def _enum(found: Found) -> str:
    """Add the values that are missing between those that are there in the same order."""
    # A backslash makes it E'...'.
    before, after = (re.findall(r"E?'(?:[^']|'')*'", each) for each in (found.before, found.after))
    if found.what != "changed" or [each for each in before if each in after] != after:
        return ""
    added = []
    for at, value in enumerate(before):
        if value not in after:
            place = f"AFTER {before[at - 1]}" if at else f"BEFORE {after[0]}" if after else ""
            added.append(f"ALTER TYPE {found.key.identity} ADD VALUE {value} {place}".rstrip())
    return ";\n".join(added)


def _routine(found: Found) -> str:
    """CREATE OR REPLACE may change neither arguments nor what is returned."""
    heads = {normal.form(each.split("\n LANGUAGE ", 1)[0]) for each in (found.before, found.after)}
    return found.before if found.what == "changed" and len(heads) == 1 else ""


def _view(found: Found) -> str:
    """CREATE OR REPLACE may not change the columns."""
    if found.what != "changed" or "result columns" in found.follows:
        return ""
    return found.before.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)


def _constraint(found: Found) -> str:
    not_valid = normal.form(f"{found.before} NOT VALID")
    if found.what == "changed" and normal.form(found.after) == not_valid:
        return "ALTER TABLE {table} VALIDATE CONSTRAINT {name}".format(**found.words)
    return ""


def _not_null(found: Found) -> str:
    """Since PostgreSQL 18 it has a name, and may be valid for new rows only."""
    words = found.words
    name, _, options = found.before.partition("NOT NULL")
    if found.what == "missing" and found.before != "NOT NULL":
        return f"ALTER TABLE {words['table']} ADD {name}NOT NULL {words['column']}{options}"
    if found.what != "changed":
        return ""
    if found.after == f"{found.before} NOT VALID":
        return f"{COLUMN.format(**words)}SET NOT NULL"
    live, _, live_options = found.after.partition("NOT NULL")
    if not (name and live) or options != live_options:
        return ""  # a name that PostgreSQL made up is not in the definition
    new = name.removeprefix("CONSTRAINT ")
    return f"ALTER TABLE {words['table']} RENAME {live}TO {new}".rstrip()


def _sequence(found: Found) -> str:
    if found.what != "changed" or not found.before.startswith("CREATE SEQUENCE"):
        return ""
    altered, _, owner = found.before.replace("CREATE", "ALTER", 1).partition(" OWNED BY ")
    cycle = "" if altered.endswith(" CYCLE") else " NO CYCLE"
    logged = ""
    if found.after.startswith("CREATE UNLOGGED"):
        logged = f";\nALTER SEQUENCE {found.key.identity} SET LOGGED"
    # 0A000: "cannot change ownership of identity sequence"
    owned = "" if found.parents[0].kind == "identity" else f" OWNED BY {owner or 'NONE'}"
    return f"{altered}{cycle}{owned}{logged}"


def _role(found: Found) -> str:
    """What is not said stays as it is, so that no end has to be said."""
    altered = f"ALTER ROLE {found.key.identity} {found.before}"
    is_ended = " VALID UNTIL " in found.after and " VALID UNTIL " not in found.before
    return f"{altered} VALID UNTIL 'infinity'" if is_ended else altered


def _row_security(found: Found) -> str:
    flags = found.before.split(", ") if found.before else ["DISABLE"]
    forced = "FORCE" if "FORCE" in flags else "NO FORCE"
    table = found.words["table"]
    return f"ALTER TABLE {table} {flags[0]} ROW LEVEL SECURITY, {forced} ROW LEVEL SECURITY"


def _parameters(found: Found) -> str:
    """Set the parameters that differ and reset those that are not expected."""
    before, after = (each.split(", ") if each else [] for each in (found.before, found.after))
    kept = {each.partition("=")[0] for each in before}
    gone = [each.partition("=")[0] for each in after if each.partition("=")[0] not in kept]
    new = [each for each in before if each not in after]
    words = found.words
    place = f"ALTER COLUMN {words['column']} " if words["column"] else ""
    kind = "INDEX" if found.key.identity.startswith("index ") else "TABLE"
    name = found.key.identity.removeprefix("index ") if kind == "INDEX" else words["table"]
    parts = [f"SET ({', '.join(new)})"] * bool(new) + [f"RESET ({', '.join(gone)})"] * bool(gone)
    said = ", ".join(f"{place}{each}" for each in parts)
    return f"ALTER {kind} {name} {said}" if said else ""


def _statistics_target(found: Found) -> str:
    value = found.before or "-1"
    if found.words["column"]:
        return f"{COLUMN.format(**found.words)}SET STATISTICS {value}"
    if found.parents[0].kind == "statistics":
        return f"ALTER STATISTICS {found.key.identity} SET STATISTICS {value}"
    return ""


_SPECIAL: Mapping[str, Callable[[Found], str]] = {
    "enum": _enum,
    "function": _routine,
    "procedure": _routine,
    "view": _view,
    "constraint": _constraint,
    "not null": _not_null,
    "sequence": _sequence,
    "role": _role,
    "row security": _row_security,
    "storage parameters": _parameters,
    "column options": _parameters,
    "statistics target": _statistics_target,
    "grant": lambda found: privileges.grant(found.key, found.before, found.after, found.parents),
    "revoke": lambda found: privileges.revoke(found.key, found.before, found.after, found.parents),
    "default privileges": lambda found: privileges.default(found.key, found.before, found.after),
    "membership": lambda found: privileges.membership(found.before, found.after, found.parents),
}
