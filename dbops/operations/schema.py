"""The schema of a database compared with the snapshot, object by object."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dbops import schema_text, snapshot
from dbops.commands import database as commands
from dbops.errors import DifferencesFound, Problem
from dbops.probe import backend

if TYPE_CHECKING:
    from dbops.state import State
    from dbops.target import Target

SHOWN = 20


def compare(target: Target, state: State, *, accept: str | None) -> tuple[str, ...]:
    """Compare the live schema with the snapshot and return what a person should know.

    Raises:
        DifferencesFound: they differ, and ACCEPT is not the hash of just this difference (exit 2).
    """
    live = schema_text.objects(snapshot.canonical(dump(target, state), title=""))
    expected = schema_text.objects(snapshot.canonical(_file(target), title=""))
    found = differences(expected, live)
    if not found:
        return ("the schema equals the snapshot, object by object",)
    digest = _fingerprint(found, live)
    if accept == digest:
        return (f"{len(found)} differences from the snapshot were accepted as {digest}",)
    raise DifferencesFound(
        f"{target.name}: the schema differs from the snapshot in {len(found)} objects",
        where=f"{target.environment.database.name}, {target.environment.migrations.snapshot}",
        why="\n       ".join(_shortened(found)),
        next_command=f"{target.command('al-adopt')} --accept {digest}, if this is wanted",
    )


def _shortened(found: list[str]) -> list[str]:
    more = len(found) - SHOWN
    return [*found[:SHOWN], f"... {more} more"] if more > 0 else found


def _fingerprint(found: list[str], live: dict[str, str]) -> str:
    """Return the hash of this very difference: what differs, and how the live objects read."""
    definitions = [live.get(each.split(maxsplit=1)[1], "") for each in found]
    return hashlib.sha256("\0".join([*found, *definitions]).encode()).hexdigest()[:12]


def dump(target: Target, state: State) -> str:
    """Return the live schema as pg_dump prints it.

    Raises:
        Problem: pg_dump failed (exit 1).
    """
    words = commands.schema_dump(backend(target, state))
    answer = target.machine.read(words)
    if answer.code:
        raise Problem(
            f"{target.name}: the schema cannot be dumped", why=answer.error.strip().splitlines()[-1]
        )
    return answer.out


def _file(target: Target) -> str:
    # A cut or foreign file is refused before it is compared.
    return target.snapshot.path.read_text(encoding="utf-8")


def differences(expected: dict[str, str], live: dict[str, str]) -> list[str]:
    """Return one line an object that is missing, unexpected or changed."""
    missing = [f"missing     {each}" for each in expected if each not in live]
    unexpected = [f"unexpected  {each}" for each in live if each not in expected]
    changed = [
        f"changed     {each}" for each in expected if each in live and expected[each] != live[each]
    ]
    return sorted([*missing, *unexpected, *changed])
