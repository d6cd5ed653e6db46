"""What a rule has to say about a revision, and how bad each rule's findings are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity = Literal["error", "warning", "unlinted"]

# Unlinted is neither good nor bad: nobody looked.
SEVERITIES: Mapping[str, Severity] = {
    "drop-cascade": "error",
    "refresh-without-concurrently": "error",
    "delete-without-where": "error",
    "update-without-where": "error",
    "truncate": "error",
    "changes-the-cluster": "error",
    "ignore-without-reason": "error",
    "materialized-view-without-unique-index": "warning",
    "materialized-view-recreated": "warning",
    "downgrade-without-reason": "warning",
    "not-rendered": "unlinted",
    "writes-no-sql": "unlinted",
    "asks-the-connection": "unlinted",
    "syntax-error": "unlinted",
    "do-block": "unlinted",
    "no-squawk": "unlinted",
    # Squawk calls these warnings; the server refuses them, or the run is no longer one transaction.
    "adding-required-field": "error",
    "ban-concurrent-index-creation-in-transaction": "error",
    "ban-uncommitted-transaction": "error",
    "transaction-nesting": "error",
}


class Found(Frozen):
    """What a rule found, before it has a place in a file.

    Attributes:
        rule: the rule's name, by which it is ignored.
        message: what is wrong and what to do instead.
        line: the line it is about, of the SQL or of the file, as the rule's module says.
        severity: for a rule of squawk's that is not in SEVERITIES.
    """

    rule: str
    message: str
    line: int = 1
    severity: Severity = "warning"


class Finding(Frozen):
    """What a rule found, where a person can look at it.

    Attributes:
        severity: error, warning, or unlinted for what no rule could look at.
        path: the revision file, relative to the project's directory.
        line: its line, from 1.
        reason: why the revision says that it may be so; empty when it does not.
    """

    rule: str
    severity: Severity
    message: str
    revision: str
    path: str
    line: int
    reason: str = ""


def severity(found: Found) -> Severity:
    """Return how bad FOUND is."""
    return SEVERITIES.get(found.rule, found.severity)
