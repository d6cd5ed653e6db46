"""Revisions judged before they run anywhere: squawk and our own rules, one revision at a time."""

from __future__ import annotations

import shlex
import shutil
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dbops import output, runner, sql_text
from dbops.commands import lint as commands
from dbops.errors import ExitCode, Problem, Refused, UsageProblem
from dbops.linting import rendering, reports
from dbops.linting.judging import judged
from dbops.linting.objects import Objects
from dbops.linting.reports import Report
from dbops.operations import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbops.environments.model import Lint
    from dbops.linting.finding import Finding
    from dbops.linting.script import Script
    from dbops.revisions import Revision
    from dbops.state import State
    from dbops.target import Target

REQUIREMENTS = "requirements-lint.txt"
_ANSWERED = (0, 1)  # squawk's exit codes: nothing found, something found


def examine(target: Target, state: State | None = None, *, since: str | None = None) -> Report:
    """Judge revisions; nothing but the checkout is looked at.

    The code of all revisions after the baseline runs here, as it does for al-plan.

    Args:
        target: the environment, whose settings decide; its database is not asked.
        state: how it is now, when only what its database has not yet is to be judged; every
            revision after the baseline when None.
        since: a commit: only files that were added or changed since it was left are judged.

    Raises:
        UsageProblem: git knows no such commit (exit 4).
        Problem: the snapshot cannot be read, or squawk failed (exit 1).
    """
    return judge(target, tuple(_chosen(target, state, since)))


def judge(target: Target, revisions: Sequence[Revision]) -> Report:
    """Judge REVISIONS of the environment's files, by its settings.

    Raises:
        Problem: the snapshot cannot be read, or squawk failed (exit 1).
    """
    chosen = [each.id for each in revisions]
    program = _program()
    return Report(
        environment=target.name,
        linted=tuple(chosen),
        findings=tuple(_findings(target, chosen, program)) if chosen else (),
        blocking=target.environment.lint.blocking,
        has_squawk=program is not None,
    )


def release(target: Target, pending: Sequence[Revision]) -> tuple[str, ...]:
    """Return what was found in the PENDING revisions of a release, as notes of its plan.

    Raises:
        Refused: a finding of a severity in lint.blocking stands against them (exit 3).
        Problem: the snapshot cannot be read, or squawk failed (exit 1).
    """
    if not pending:
        return ()
    report = judge(target, pending)
    if report.is_blocked:
        raise _blocked(target, report.blocked)
    return reports.notes(report)


def _blocked(target: Target, found: Sequence[Finding]) -> Refused:
    revisions = dict.fromkeys(each.revision for each in found)
    return Refused(
        f"{target.name}: al-lint blocks {', '.join(revisions)}",
        where=", ".join(dict.fromkeys(map(reports.place, found))),
        why="\n       ".join(map(reports.told, found)),
        next_command="correct it, or say in it why it may be so: "
        f"lint-ignore: {found[0].rule} REASON",
    )


def show(report: Report, form: str) -> int:
    """Print a report and return the exit code: 2 when a finding of it blocks.

    Args:
        report: what was found.
        form: table, json, or github for the annotations of a workflow.

    Raises:
        UsageProblem: there is no such form (exit 4).
        Problem: squawk is not installed, so the report of a revision is not whole (exit 1).
    """
    if form not in _FORMS:
        raise UsageProblem(
            f"{form!r} is no format",
            where="al-lint",
            why=f"there are {', '.join(_FORMS)}",
            next_command="inv al-lint --format github",
        )
    _FORMS[form](report)
    output.say(reports.sentence(report))
    if not report.is_whole:
        raise _incomplete()
    return int(ExitCode.DIFFERENCES if report.is_blocked else ExitCode.OK)


def _table(report: Report) -> None:
    if rows := reports.rows(report):
        output.table([reports.HEAD, *rows], prose=True)


def _github(report: Report) -> None:
    if lines := reports.github(report):
        output.data("\n".join(lines))


_FORMS: dict[str, Callable[[Report], None]] = {
    "table": _table,
    "json": lambda report: output.as_json(reports.facts(report)),
    "github": _github,
}


def _incomplete() -> Problem:
    pip = [sys.executable, "-m", "pip", "install"]
    uv = ["uv", "pip", "install", "--python", sys.executable]
    install = pip if find_spec("pip") else uv
    return Problem(
        "the revisions were judged by our own rules alone",
        where="al-lint",
        why="squawk is not installed",
        next_command=shlex.join([*install, "--requirement", REQUIREMENTS]),
    )


def _findings(target: Target, chosen: Sequence[str], program: str | None) -> Iterator[Finding]:
    settings = target.environment.lint
    before = Objects()
    before.take(_statements(target.snapshot.path.read_bytes().decode()))
    for script in _scripts(target, upto=chosen):
        if script.revision.id in chosen:
            name = script.revision.path.name
            ask = partial(_squawk, program, settings, name) if program else None
            found = judged(script, before, target.files, ask)
            yield from (each for each in found if each.rule not in settings.ignore)
        before.take(_statements(script.text))


def _scripts(target: Target, *, upto: Sequence[str]) -> Iterator[Script]:
    """Yield the revisions after the baseline: what is there before one, earlier ones made."""
    ini = target.files / target.environment.migrations.ini
    wanted = target.graph.ancestors(upto)
    needed = tuple(each for each in _after_baseline(target) if each.id in wanted)
    return rendering.rendered(ini, target.files, needed)


def _statements(text: str) -> Iterator[sql_text.Statement]:
    """Yield the statements of TEXT, up to where it cannot be cut any more."""
    try:
        for each in sql_text.split(text):
            if isinstance(each, sql_text.Statement):
                yield each
    except sql_text.UnterminatedError:
        return  # it is said where the revision itself is judged


def _program() -> str | None:
    beside = Path(sys.executable).with_name("squawk")
    return str(beside) if beside.exists() else shutil.which("squawk")


def _squawk(program: str, settings: Lint, name: str, text: str) -> str:
    answer = runner.read(commands.squawk(program, settings.postgresql, name), text=text)
    if answer.code not in _ANSWERED:
        raise Problem(
            "squawk failed",
            where=name,
            why=f"exit code {answer.code}: {answer.last_line}",
            next_command=f"install {REQUIREMENTS} again",
        )
    return answer.out


def _chosen(target: Target, state: State | None, since: str | None) -> Iterator[Revision]:
    names = None if since is None else _changed(target.versions, since)
    done = target.graph.ancestors(_applied(target, state)) if state else ()
    for each in _after_baseline(target):
        if each.id not in done and (names is None or each.path.name in names):
            yield each


def _after_baseline(target: Target) -> Iterator[Revision]:
    below = target.graph.ancestors([target.environment.migrations.baseline])
    return (each for each in target.graph.history if each.id not in below)


def _applied(target: Target, state: State) -> tuple[str, ...]:
    database = require.database(target, state)
    require.known_version(target, database)
    return tuple(database.versions)


def _changed(versions: Path, since: str) -> set[str]:
    """Return the names of the files in VERSIONS that differ from the commit SINCE was left at."""
    found = runner.read(commands.commit(versions, since))
    if found.code:
        raise UsageProblem(
            f"git knows no commit {since!r}",
            where=str(versions),
            why="it is misspelt, or was never fetched",
            next_command="git fetch --all",
        )
    base = found.out.strip()
    asked = (commands.changed(versions, base), commands.untracked(versions))
    return {name for words in asked for name in _git(words).split("\0") if name}


def _git(words: Sequence[str]) -> str:
    answer = runner.read(words)
    if answer.code:
        raise Problem(
            "git cannot tell which revisions changed",
            where=" ".join(words),
            why=answer.last_line,
            next_command="git fetch --unshallow",
        )
    return answer.out
