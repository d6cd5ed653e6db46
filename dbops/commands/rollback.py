"""The steps of a rollback on a host: the schema, the checkout, and the dump they may need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import psql, sql
from dbops.commands.compose import PASSED_ON, compose, settings_of
from dbops.commands.remote import question
from dbops.commands.shell import equals, has_sha256, lines, words
from dbops.runbook import Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.commands.backend import Backend
    from dbops.commands.shell import Question
    from dbops.environments.model import Environment


def since(environment: Environment, commit: str) -> Question:
    """Return the question which commits follow COMMIT in the checkout, and its migrations."""
    ini = environment.migrations.ini.rpartition("/")[0] or "."
    old = words(commit)
    return question(f"""\
cd {words(environment.project_directory)} || exit 0
git merge-base --is-ancestor {old} HEAD 2>/dev/null || exit 0
echo contained
git log --format='log %h %an: %s' {old}..HEAD
git --literal-pathspecs archive --format=tar.gz {old} -- {words(ini)} | base64 | sed 's/^/tar /'
""")


def downgrade(beside: Backend, environment: Environment, revision: str, title: str) -> Step:
    """Return the step that downgrades to REVISION by the checkout's present files.

    In a container of its own: what is rolled back may be why the service's keeps falling over.
    """
    alembic = compose(
        environment,
        *("run", "--rm", "--no-deps", "-T"),
        *(f"--env={each}" for each in PASSED_ON),
        settings_of(environment).application_service,
        *("alembic", "--config", f"/srv/{environment.migrations.ini}", "downgrade", revision),
    )
    return Step(
        title=title,
        command=words(*alembic),
        verify=equals(psql.ask(beside, sql.VERSIONS), revision),
    )


def kept(home: Path, sha256: str) -> Path:
    """Return where the dump of this SHA256 is kept until it is restored."""
    return home / f"rollback-{sha256[:16]}.dump"


def keep(dump: Path, file: Path, sha256: str) -> Step:
    """Return the step that keeps DUMP as FILE: taking a newer backup removes the oldest."""
    source, target, partial = words(dump), words(file), words(f"{file}.partial")
    copy = f"{{ cp -p -- {source} {partial} && mv -- {partial} {target}; }}"
    return Step(
        title=f"keep {dump.name}, which a newer backup may push out",
        command=f"ln -f -- {source} {target} 2>/dev/null || {copy}",
        verify=has_sha256(file, sha256),
    )


def let_go(home: Path) -> Step:
    """Return the step that removes the dumps kept for a rollback."""
    return Step(
        title="let go of the dump that was restored",
        command=f"rm -f -- {words(home)}/rollback-*.dump",
    )


def is_at(beside: Backend, name: str, revision: str) -> Step:
    """Return the step that sees that the database NAME is at REVISION."""
    return Step(
        title=f"see that {name} is at {revision}",
        command=equals(psql.ask(beside, sql.VERSIONS, name), revision),
    )


def back(environment: Environment, commit: str) -> Step:
    """Return the step that takes the checkout's branch back to COMMIT; edited files stop it."""
    git = ("git", "-C", str(environment.project_directory))
    return Step(
        title=f"take the checkout back to {commit[:12]}",
        command=lines(words(*git, "reset", "--quiet", "--keep", commit)),
        verify=equals(words(*git, "rev-parse", "HEAD"), commit),
    )
