"""How long a plan will take, from the same steps in earlier runs."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbops.runbook import Step


def seconds(steps: Sequence[Step], journal: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Return a note on how long STEPS took before, in the runs of JOURNAL; none when unknown."""
    before = _before(journal)
    known = [median(before[kind]) for each in steps if (kind := _kind(each.title)) in before]
    if not known:
        return ()
    unknown = len(steps) - len(known)
    more = f", and {unknown} that never ran here" if unknown else ""
    return (f"expected: {sum(known):.0f} s for {len(known)} steps as in earlier runs{more}",)


def _before(journal: Iterable[dict[str, Any]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for entry in journal:
        for step in entry.get("steps", ()):
            if step["code"] == 0 and step["seconds"] is not None:
                found.setdefault(_kind(step["title"]), []).append(step["seconds"])
    return found


def _kind(title: str) -> str:
    """Return what steps of one kind have in common: their first two words."""
    return " ".join(title.split()[:2])
