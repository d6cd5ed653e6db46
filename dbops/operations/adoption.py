"""A database of unknown or legacy history, taken over once its schema is the baseline's."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from dbops import catalogue, output
from dbops.errors import DifferencesFound, Refused
from dbops.operations import require, scratch, stamping
from dbops.operations.which import PRIVILEGES, is_for_bootstrap
from dbops.runbook import Runbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbops.catalogue import Catalogue, Difference
    from dbops.state import Database, State
    from dbops.target import Target


def adopt(target: Target, state: State, *, accept: str | None) -> Runbook:
    """Plan to take a database of unknown or legacy history over at the baseline.

    Its schema is compared with the baseline's object by object first.

    Args:
        target: the environment.
        state: how it is now.
        accept: the hash of differences that were looked at and are wanted.

    Raises:
        DifferencesFound: the schemas differ and the difference was not accepted (exit 2).
        Refused: it is behind the baseline, or was past it (exit 3).
    """
    found = require.database(target, state)
    baseline = target.environment.migrations.baseline
    if len(found.versions) == 1 and found.versions[0] in target.graph:
        reason = f"it is at {found.versions[0]}, which this history knows"
        return Runbook(verb="al-adopt", environment=target.name, reason=reason)
    _check_not_past(target, found)
    notes = compare(target, state, accept=accept)
    return Runbook(
        verb="al-adopt",
        environment=target.name,
        steps=(stamping.step(target, state, baseline, "adopt"),),
        destructive=True,
        loses=f"{target.name} will count as being at {baseline}",
        notes=notes,
    )


def _check_not_past(target: Target, found: Database) -> None:
    """Refuse a database that is behind the baseline, or has had revisions after it.

    Schemas alone do not tell: what only changes rows would not run, or run twice.
    """
    known = require.recorded(target, found)
    for each in (*found.versions, *([known] if known else ())):
        require.not_behind(target, each)
    baseline = target.environment.migrations.baseline
    if known is not None and known in target.graph and known != baseline:
        raise Refused(
            f"{target.name} was at {known}, past {baseline}",
            where=f"{target.environment.database.name}, dbops.revision_log",
            why="what was applied since would be applied once more",
            next_command=target.command("al-which"),
        )


def compare(target: Target, state: State, *, accept: str | None) -> tuple[str, ...]:
    """Compare the live schema with the baseline's and return what a person should know.

    Args:
        target: the environment.
        state: how it is now.
        accept: the hash of differences that were looked at and are wanted.

    Raises:
        DifferencesFound: they differ, and ACCEPT is not the hash of just this difference (exit 2).
        Locked: another comparison is building a schema (exit 75).
    """
    require.database(target, state)
    baseline = target.environment.migrations.baseline
    live = scratch.live(target, state)  # before anything is built beside it
    expected = scratch.expected(target, state, baseline, any_roles=True)
    found = catalogue.differences(expected, live)
    if not found:
        return (f"the schema is that of {baseline}, all {len(live.objects)} objects of it",)
    digest = _digest(expected, live, found)
    told = output.count(len(found), "difference")
    if accept == digest:
        return (f"{told} from {baseline} accepted as {digest}",)
    raise DifferencesFound(
        f"{target.name}: the schema is not that of {baseline}, {told}",
        where=f"{target.environment.database.name}, {target.environment.migrations.snapshot}",
        why="\n       ".join(f"{each.what:<10}  {each.kind} {each.identity}" for each in found),
        next_command=_next(target, found, digest),
    )


def _digest(expected: Catalogue, live: Catalogue, found: Sequence[Difference]) -> str:
    """Return the hash of this very difference: what differs, and how it reads on both sides."""
    told = [list(_told(expected, live, each)) for each in found]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]


def _told(expected: Catalogue, live: Catalogue, found: Difference) -> Iterator[tuple[str, ...]]:
    for key in (catalogue.Key(found.kind, found.identity), *found.consequences):
        yield (*key, expected.objects.get(key, ""), live.objects.get(key, ""))


def _next(target: Target, found: Sequence[Difference], digest: str) -> str:
    adopt = target.command("al-adopt")
    accept = f"{adopt} --accept {digest}, if this is wanted"
    privileges = [each for each in found if each.kind in PRIVILEGES]
    if is_for_bootstrap(target, privileges):
        return f"{target.command('db-bootstrap-roles')}, then {adopt}; or {accept}"
    return accept
