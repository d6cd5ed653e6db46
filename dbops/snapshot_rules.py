"""What a statement of a schema snapshot does: may it be loaded, is it left out, what does it make.

Patterns over `sql_text.Statement.code`, where neither strings nor comments can mislead them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dbops.sql_text import Statement

# Every byte above ASCII is a letter to PostgreSQL. Named as what is not ASCII: of a range up to
# U+10FFFF, `re` folds each of a million characters when the case is ignored, in each pattern.
_LETTER = r"(?:[A-Za-z_]|[^\x00-\x7f])"
_NAME = rf'(?:"(?:[^"]|"")+"|{_LETTER}(?:{_LETTER}|[0-9$])*)'
_NAMES = rf"{_NAME}(?: ?, ?{_NAME})*"
_QUALIFIED = rf"(?:{_NAME} ?\. ?)?{_NAME}"
_VERSION_TABLE = r'(?:"?public"? ?\. ?)?"?alembic_version"?(?![\w$])'


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.ASCII)


_REFUSED = (
    (
        _pattern(
            r"(?:begin|start transaction|commit|end|rollback|abort|savepoint|release"
            r"|prepare transaction)\b"
        ),
        "a load is one transaction, which this would end or split",
    ),
    (
        _pattern(
            r"(?:create|drop|alter|comment on) database\b"
            r"|(?:grant|revoke|security label)\b.*? on database\b"
        ),
        "a snapshot fills the database it is given and leaves that database itself alone",
    ),
    (
        _pattern(
            r"create (?:unique )?index concurrently\b|reindex\b.* concurrently\b"
            r"|reindex (?:\([^)]*\) ?)?(?:schema|database|system)\b"
            rf"|alter table (?:if exists )?{_QUALIFIED} detach partition {_QUALIFIED} concurrently$"
            r"|vacuum\b|alter system\b|create tablespace\b|discard all$|cluster$"
        ),
        "it cannot run inside a transaction (SQLSTATE 25001)",
    ),
    (
        _pattern(r"drop\b(?: materialized view| foreign table| \w+)?"),
        "a snapshot only creates",
    ),
    (
        _pattern(r"(?:insert into|update|delete from|merge into|truncate|copy)\b"),
        "a snapshot holds structure only, no rows",
    ),
)
_SETTING = _pattern(r"set (?:session |local )?(?P<name>\w+) ?(?:=|to\b)")
_REQUIRED_VALUES = {
    "client_encoding": _pattern(r"(?:=|\bto)\s*'?(?:utf-?8|unicode)'?\s*;$"),
    "standard_conforming_strings": _pattern(r"(?:=|\bto)\s*'?(?:on|true|yes|1)'?\s*;$"),
}

# What pg_dump sets before anything else (13 to 18; its _doSetFixedOutputState and
# _selectTableAccessMethod), and the first server that knows the setting (else SQLSTATE 42704).
_SETTINGS_SINCE = {
    "lock_timeout": 90300,
    "row_security": 90500,
    "idle_in_transaction_session_timeout": 90600,
    "default_table_access_method": 120000,
    "transaction_timeout": 170000,
}
_ALEMBIC = _pattern(
    r"(?:create (?:unlogged )?table(?: if not exists)?|alter table(?: if exists)?(?: only)?"
    r"|alter publication [^(]*? add table(?: only)?"
    r"|(?:comment|grant|revoke)\b.*? on(?: table| column)?"
    r"|create (?:(?:unique )?index|policy|(?:or replace )?(?:constraint )?trigger)\b[^(]*?"
    r" on(?: only)?"
    rf"|create (?:or replace )?rule {_NAME} as on \w+ to) {_VERSION_TABLE}"
)
_PUBLIC = _pattern(r'(?:create schema(?: if not exists)?|comment on schema) "?public"?(?: |$)')

_SCHEMA = _pattern(rf"create schema (?:if not exists )?(?!authorization )(?P<name>{_NAME})")
_EXTENSION = _pattern(rf"create extension (?:if not exists )?(?P<name>{_NAME})")
_RELATION = _pattern(
    r"(?:create (?:or replace )?(?:(?:foreign |unlogged )?table|(?:unlogged )?sequence"
    r"|(?:recursive |materialized )?view) (?:if not exists )?"
    r"|alter table [^(]*? as identity ?\( ?sequence name )"
    rf"(?P<name>{_QUALIFIED})"
)
_PARTITION = _pattern(
    rf"(?:alter table (?:if exists )?(?:only )?{_QUALIFIED} attach partition "
    rf"|create (?:unlogged )?table (?:if not exists )?(?={_QUALIFIED} partition of\b))"
    rf"(?P<name>{_QUALIFIED})"
)
_GRANTEES = rf"(?P<roles>{_NAMES})(?: with grant option)?(?: granted by {_NAME})?"
_ROLES = tuple(
    _pattern(each)
    for each in (
        rf"alter\b.* owner to (?P<roles>{_NAME})$",
        rf"alter default privileges for (?:role|user) (?P<roles>{_NAMES})",
        rf"(?:grant|revoke|alter default)\b.* (?:to|from) {_GRANTEES}(?: cascade| restrict)?$",
        rf"create schema (?:if not exists )?(?:{_NAME} )?authorization (?P<roles>{_NAME})",
        rf"create policy {_NAME} on {_QUALIFIED}(?: as \w+)?(?: for \w+)? to (?P<roles>{_NAMES})",
    )
)
_NO_ROLES = frozenset({"public", "current_user", "current_role", "session_user"})


class Refusal(NamedTuple):
    """The words of a statement that may not stand in a snapshot, and why they may not."""

    words: str
    reason: str


def refusal(statement: Statement) -> Refusal | None:
    """Return why STATEMENT may not be loaded, or None when it may."""
    for pattern, reason in _REFUSED:
        if found := pattern.match(statement.code):
            return Refusal(found[0], reason)
    setting = _setting(statement)
    required = _REQUIRED_VALUES.get(setting)
    if required and not required.search(statement.text):
        return Refusal(statement.text, "a snapshot is UTF-8 with standard strings")
    return None


def omission(statement: Statement, server_version_num: int | None = None) -> str | None:
    """Return why STATEMENT is left out of a load, or None when it is not.

    Args:
        statement: any statement of a snapshot.
        server_version_num: of the server to be loaded, such as 160004; None leaves settings in.
    """
    if _ALEMBIC.match(statement.code):
        return "alembic_version belongs to Alembic"
    if _PUBLIC.match(statement.code):
        return "every database has a schema public"
    setting = _setting(statement)
    since = _SETTINGS_SINCE.get(setting, 0)
    if server_version_num is not None and server_version_num < since:
        return f"{setting} needs PostgreSQL {since // 10000}"
    return None


def schema(statement: Statement) -> str | None:
    """Return the schema that STATEMENT creates, as the catalogue spells it."""
    return next(iter(_named(_SCHEMA, statement)), None)


def extension(statement: Statement) -> str | None:
    """Return the extension that STATEMENT creates, as the catalogue spells it."""
    return next(iter(_named(_EXTENSION, statement)), None)


def relation(statement: Statement) -> str | None:
    """Return the table, view or sequence that STATEMENT creates, as `schema.name`.

    The sequence of an identity column is one; what is not qualified counts as in `public`.
    """
    names = _named(_RELATION, statement)
    return ".".join(["public", *names][-2:]) if names else None


def partition(statement: Statement) -> str | None:
    """Return the partition that STATEMENT makes or attaches, as `schema.name`."""
    names = _named(_PARTITION, statement)
    return ".".join(["public", *names][-2:]) if names else None


def roles(statement: Statement) -> frozenset[str]:
    """Return the roles that must exist before STATEMENT can run, as the catalogue spells them."""
    found = (each.match(statement.code) for each in _ROLES)
    names = (name for each in found if each for name in re.findall(_NAME, each["roles"]))
    return frozenset(map(_spelled, names)) - _NO_ROLES


def _setting(statement: Statement) -> str:
    found = _SETTING.match(statement.code)
    return found["name"].lower() if found else ""


def _named(pattern: re.Pattern[str], statement: Statement) -> list[str]:
    found = pattern.match(statement.code)
    return [_spelled(each) for each in re.findall(_NAME, found["name"])] if found else []


def _spelled(name: str) -> str:
    if name.startswith('"'):
        return name[1:-1].replace('""', '"')
    return name.encode().lower().decode()  # PostgreSQL folds ASCII letters and no others
