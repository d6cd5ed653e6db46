"""Well means: the database answers, and stands at the heads of the mounted revision files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.core_api.database import Unavailable
from app.core_api.heads import UnreadableRevisions, read_heads

if TYPE_CHECKING:
    from pathlib import Path


class HasRevisions(Protocol):
    """A database that can be asked for its applied revisions."""

    @property
    def name(self) -> str: ...

    def revisions(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What /health answers; `reason` says why the service is not well, and is empty when it is."""

    database: str
    current: tuple[str, ...]
    heads: tuple[str, ...]
    reason: str

    def as_json(self) -> dict[str, object]:
        """Return the answer's members; `reason` only where there is one."""
        answer: dict[str, object] = {
            "healthy": not self.reason,
            "database": self.database,
            "current": self.current,
            "heads": self.heads,
            "at_head": bool(self.heads) and self.current == self.heads,
        }
        return {**answer, "reason": self.reason} if self.reason else answer


def examine(database: HasRevisions, versions: Path) -> Health:
    """Compare DATABASE's applied revisions with the heads of the files in VERSIONS."""
    heads: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    try:
        heads = read_heads(versions)
        current = database.revisions()
        reason = _why_not_at_head(current, heads)
    except (UnreadableRevisions, Unavailable) as problem:
        reason = str(problem)
    return Health(database=database.name, current=current, heads=heads, reason=reason)


def _why_not_at_head(current: tuple[str, ...], heads: tuple[str, ...]) -> str:
    if not heads:
        return "there are no revision files"
    if not current:
        return "no revision is applied"
    if current != heads:
        return f"the database is at {', '.join(current)}, not at head {', '.join(heads)}"
    return ""
