"""The statements that make an object, take it away or change it, by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMN = "ALTER TABLE {table} ALTER COLUMN {column} "
_CONSTRAINT = "CONSTRAINT {name}"


class Template(NamedTuple):
    """The statements for each thing that can happen; None where a person has to decide.

    ANEW says that the changed object is dropped and made again, with all that belongs to it.
    """

    missing: str | None = None
    unexpected: str | None = None
    changed: str | None = None
    anew: bool = False


def _made(drop: str | None = None, *, anew: bool = False) -> Template:
    """Return the template of objects whose definition is the statement that makes them."""
    changed = f"{drop}; {{definition}}" if anew and drop else None
    return Template("{definition}", drop, changed, anew=anew)


def _set(to: str, back: str | None) -> Template:
    return Template(to, back, to)


TEMPLATES: Mapping[str, Template] = {
    **dict.fromkeys(("schema", "extension", "sequence", "enum", "domain", "range"), _made()),
    **dict.fromkeys(("composite type", "server", "foreign-data wrapper"), _made()),
    "collation": _made("DROP COLLATION {identity}"),
    "text search dictionary": _made("DROP TEXT SEARCH DICTIONARY {identity}"),
    "function": _made("DROP FUNCTION {identity}"),
    "procedure": _made("DROP PROCEDURE {identity}"),
    "aggregate": _made("DROP AGGREGATE {identity}", anew=True),
    "operator": _made("DROP OPERATOR {identity}"),
    "cast": _made("DROP CAST {identity}", anew=True),
    "view": _made("DROP VIEW {identity}"),
    "materialized view": _made("DROP MATERIALIZED VIEW {identity}"),
    "index": _made("DROP INDEX {identity}", anew=True),
    "statistics": _made("DROP STATISTICS {identity}", anew=True),
    "event trigger": _made("DROP EVENT TRIGGER {identity}", anew=True),
    "trigger": _made("DROP TRIGGER {name} ON {table}", anew=True),
    "rule": _made("DROP RULE {name} ON {table}", anew=True),
    "policy": _made("DROP POLICY {name} ON {table}", anew=True),
    "publication": _made("DROP PUBLICATION {identity}"),
    "publication table": Template(
        "ALTER PUBLICATION {parent} ADD {definition}",
        "ALTER PUBLICATION {parent} DROP TABLE ONLY {beside}",
    ),
    "column": Template("ALTER TABLE {table} ADD COLUMN {name} {definition}"),
    "default": _set(f"{COLUMN}SET DEFAULT {{definition}}", f"{COLUMN}DROP DEFAULT"),
    "not null": Template(f"{COLUMN}SET NOT NULL", f"{COLUMN}DROP NOT NULL"),
    # DROP IDENTITY would drop the sequence, and with it the number that comes next.
    "identity": Template(None, None, f"{COLUMN}SET {{definition}}"),
    "storage": _set(f"{COLUMN}SET STORAGE {{definition}}", None),
    "compression": _set(
        f"{COLUMN}SET COMPRESSION {{definition}}", f"{COLUMN}SET COMPRESSION default"
    ),
    "constraint": Template(
        f"ALTER TABLE {{table}} ADD {_CONSTRAINT} {{definition}}",
        f"ALTER TABLE {{table}} DROP {_CONSTRAINT}",
        f"ALTER TABLE {{table}} DROP {_CONSTRAINT}, ADD {_CONSTRAINT} {{definition}}",
        anew=True,
    ),
    "domain constraint": Template(
        f"ALTER DOMAIN {{table}} ADD {_CONSTRAINT} {{definition}}",
        f"ALTER DOMAIN {{table}} DROP {_CONSTRAINT}",
        f"ALTER DOMAIN {{table}} DROP {_CONSTRAINT};"
        f" ALTER DOMAIN {{table}} ADD {_CONSTRAINT} {{definition}}",
        anew=True,
    ),
    "trigger state": _set(
        "ALTER TABLE {table} {definition} TRIGGER {name}",
        "ALTER TABLE {table} ENABLE TRIGGER {name}",
    ),
    "rule state": _set(
        "ALTER TABLE {table} {definition} RULE {name}", "ALTER TABLE {table} ENABLE RULE {name}"
    ),
    "event trigger state": _set(
        "ALTER EVENT TRIGGER {identity} {definition}", "ALTER EVENT TRIGGER {identity} ENABLE"
    ),
    "clustering": _set(
        "ALTER TABLE {table} {definition}", "ALTER TABLE {table} SET WITHOUT CLUSTER"
    ),
    "replica identity": _set(
        "ALTER TABLE {table} REPLICA IDENTITY {definition}",
        "ALTER TABLE {table} REPLICA IDENTITY DEFAULT",
    ),
    "partition": Template(
        "ALTER TABLE {beside} ATTACH {attached}", "ALTER TABLE {beside} DETACH PARTITION {table}"
    ),
    "inheritance": Template(
        "ALTER TABLE {table} {definition}", "ALTER TABLE {table} NO {definition}"
    ),
    "invalid index": Template(unexpected="REINDEX INDEX CONCURRENTLY {identity}"),
    "unpopulated view": Template(unexpected="REFRESH MATERIALIZED VIEW {identity}"),
    "comment": _set("COMMENT ON {target} IS {definition}", "COMMENT ON {target} IS NULL"),
    "owner": _set("ALTER {target} OWNER TO {definition}", None),
}
