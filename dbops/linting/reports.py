"""What was found in several revisions, for a person, a program, and GitHub."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbops.linting.finding import Finding, Severity

HEAD = ("severity", "place", "rule", "what")
_NOUNS: Mapping[Severity, str]
_NOUNS = {"error": "error", "warning": "warning", "unlinted": "unlinted place"}


class Report(Frozen):
    """What was found in the revisions that were looked at.

    Attributes:
        environment: the one whose settings decided.
        linted: the ids of the revisions, in the order they run.
        findings: by revision and line; those with a reason are ignored.
        blocking: the severities that may not be there.
        has_squawk: whether squawk was there to be asked.
    """

    environment: str
    linted: tuple[str, ...]
    findings: tuple[Finding, ...]
    blocking: tuple[Severity, ...]
    has_squawk: bool = True

    @property
    def standing(self) -> tuple[Finding, ...]:
        """Return the findings that no reason is given for."""
        return tuple(each for each in self.findings if not each.reason)

    @property
    def blocked(self) -> tuple[Finding, ...]:
        """Return the findings that may not be there."""
        return tuple(each for each in self.standing if each.severity in self.blocking)

    @property
    def is_blocked(self) -> bool:
        """Return whether there is any finding that may not be there."""
        return bool(self.blocked)

    @property
    def is_whole(self) -> bool:
        """Return whether every revision was looked at by all there is; squawk needs one to ask."""
        return self.has_squawk or not self.linted


def sentence(report: Report) -> str:
    """Return what is true of REPORT in one sentence, what was ignored and why included."""
    counted = Counter(each.severity for each in report.standing)
    found = [_count(counted[each], noun) for each, noun in _NOUNS.items() if counted[each]]
    ignored = [f"{each.rule}: {each.reason}" for each in report.findings if each.reason]
    revisions = _count(len(report.linted), "revision")
    lines = [f"{revisions} judged for {report.environment}: {', '.join(found) or 'nothing found'}"]
    lines += [f"  ignored  {each}" for each in dict.fromkeys(ignored)]
    return "\n".join(lines)


def notes(report: Report) -> tuple[str, ...]:
    """Return what a plan tells of REPORT: the sentence, and a line for each finding."""
    lines = (f"  {each.severity}  {place(each)}  {told(each)}" for each in report.standing)
    return ("\n".join([f"al-lint: {sentence(report)}", *lines]),)


def place(finding: Finding) -> str:
    """Return where FINDING is: its file and line."""
    return f"{finding.path}:{finding.line}"


def told(finding: Finding) -> str:
    """Return the rule of FINDING and what it says, in one line."""
    return f"{finding.rule}: {' '.join(finding.message.split())}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def rows(report: Report) -> list[tuple[str, ...]]:
    """Return a row of a table for each finding that no reason is given for."""
    return [(each.severity, place(each), each.rule, each.message) for each in report.standing]


def facts(report: Report) -> dict[str, Any]:
    """Return REPORT as data, what is ignored included."""
    return {
        "ok": not report.is_blocked and report.is_whole,
        "environment": report.environment,
        "linted": list(report.linted),
        "squawk": report.has_squawk,
        "findings": [
            {**asdict(each), "blocking": not each.reason and each.severity in report.blocking}
            for each in report.findings
        ],
    }


def github(report: Report) -> list[str]:
    """Return each finding as a command of a GitHub workflow, which shows it beside the line."""
    return [_annotation(each, report) for each in report.standing]


def _annotation(finding: Finding, report: Report) -> str:
    others = "notice" if finding.severity == "unlinted" else "warning"
    level = "error" if finding.severity in report.blocking else others
    named = {"file": finding.path, "line": str(finding.line), "title": finding.rule}
    properties = ",".join(f"{key}={_property(value)}" for key, value in named.items())
    return f"::{level} {properties}::{_escaped(finding.message)}"


def _escaped(text: str) -> str:
    """Return TEXT as the message of a workflow command, which ends at the end of the line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
