"""All that is found in one revision, placed in its file, with the reasons the revision gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops import sql_text
from dbops.linting import rules, source, squawk
from dbops.linting.finding import Finding, Found, severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dbops.linting.objects import Objects
    from dbops.linting.script import Script


def judged(
    script: Script, before: Objects, directory: Path, ask: Callable[[str], str] | None
) -> list[Finding]:
    """Return what is found in a revision, by line; the same thing on the same line once.

    Args:
        script: the revision and its SQL.
        before: the objects there are before it.
        directory: what paths are named relative to.
        ask: runs squawk on SQL and returns its answer; None where there is no squawk.

    Raises:
        Problem: squawk's answer cannot be read (exit 1).
    """
    place = _Place(script, directory)
    found = [
        *map(place.in_file, _in_file(script)),
        *map(place.in_sql, _in_sql(script, before)),
        *map(place.in_sql, squawk.check(script.text, ask) if ask else ()),
    ]
    if ask is None:
        what = "squawk is not installed: only our own rules looked at this revision"
        found.append(place.in_file(Found(rule="no-squawk", message=what)))
    return sorted(dict.fromkeys(found), key=lambda each: (each.line, each.rule))


def _in_file(script: Script) -> Iterator[Found]:
    if script.failure:
        what = f"its SQL was not written in full without a database: {script.failure}"
        yield Found(rule="not-rendered", message=what, line=script.failed_line)
    wrote, failed = bool(script.written), bool(script.failure)
    yield from source.check(script.source, wrote=wrote, failed=failed)
    for each in script.written:
        yield from source.check_sql(each.text, each.line)


def _in_sql(script: Script, before: Objects) -> Iterator[Found]:
    try:
        yield from rules.check(script.statements, before)
    except sql_text.UnterminatedError as error:
        what = f"its SQL does not end: {error.inside} is left open, so our own rules did not look"
        yield Found(rule=squawk.UNPARSED, message=what, line=error.line)


class _Place:
    """Puts what was found into a file, and looks for the reason why it may be so."""

    def __init__(self, script: Script, directory: Path) -> None:
        self.script = script
        path = script.revision.path
        inside = path.is_relative_to(directory)
        self.path = str(path.relative_to(directory) if inside else path)
        self.reasons = source.reasons(script.source)

    def in_file(self, found: Found) -> Finding:
        return self._finding(found, found.line, self.reasons)

    def in_sql(self, found: Found) -> Finding:
        own = source.sql_reasons(self.script.writer_text(found.line))
        line = self.script.source_line(found.line)
        return self._finding(found, line, {**self.reasons, **own})

    def _finding(self, found: Found, line: int, reasons: source.Reasons) -> Finding:
        return Finding(
            rule=found.rule,
            severity=severity(found),
            message=found.message,
            revision=self.script.revision.id,
            path=self.path,
            line=line,
            reason=reasons.get(found.rule, ""),
        )
