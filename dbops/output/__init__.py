"""The one package that prints: data to stdout, progress and questions to stderr."""

from __future__ import annotations

from dbops.output.live import Progress, progress
from dbops.output.plans import (
    Conclusion,
    answer,
    beginning,
    conclude,
    notes,
    nothing_to_do,
    plan,
    rehearsal,
    rehearsed,
    summary,
)
from dbops.output.records import backups, config, findings, journal, runs
from dbops.output.revisions import current, heads, history, upgrade_sql
from dbops.output.schemas import drift, verified, which
from dbops.output.stream import as_json, ask, count, data, facts, is_terminal, said, say, table

__all__ = [
    "Conclusion",
    "Progress",
    "answer",
    "as_json",
    "ask",
    "backups",
    "beginning",
    "conclude",
    "config",
    "count",
    "current",
    "data",
    "drift",
    "facts",
    "findings",
    "heads",
    "history",
    "is_terminal",
    "journal",
    "notes",
    "nothing_to_do",
    "plan",
    "progress",
    "rehearsal",
    "rehearsed",
    "runs",
    "said",
    "say",
    "summary",
    "table",
    "upgrade_sql",
    "verified",
    "which",
]
