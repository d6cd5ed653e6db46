"""Releases on the rig: enrolled hosts, commits with a revision, and all that was ever said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watching import HEAD, succeeded

if TYPE_CHECKING:
    import subprocess

    from rig.vm_rig import Rig

VERSIONS = "migrations_v2/alembic/versions"
REVISION = '''\
"""Add the column {column}."""

from alembic import op

revision = "{revision}"
down_revision = "{follows}"


def upgrade() -> None:
    op.execute("ALTER TABLE ref.tax_rate ADD COLUMN {column} text")


def downgrade() -> None:
    op.execute("ALTER TABLE ref.tax_rate DROP COLUMN {column}")
'''
GIT_FILES = """\
find .git -type f -printf '%p %T@\\n' | sort
find .git -type f -exec sha256sum {} + | sort -k 2
"""


def revision(name: str, column: str, follows: str = HEAD) -> dict[str, str]:
    """Return the file, by path, of a revision that adds a column to ref.tax_rate."""
    text = REVISION.format(revision=name, follows=follows, column=column)
    return {f"{VERSIONS}/{name}_add_{column}.py": text}


class Fab:
    """fab on the rig's laptop; `said` is everything it ever printed."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.said: list[str] = []

    def __call__(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        done = self.rig.laptop_run(*words, **variables)
        self.said.append(done.stdout + done.stderr)
        return done

    def must(self, *words: str) -> str:
        """Run a command that has to succeed and return what it said on both outputs."""
        return succeeded(self(*words))

    def enroll(self, *hosts: str) -> None:
        sure = {"prod": ("--force", "--confirm=vm_prod")}
        for each in hosts:
            self.must("-H", each, "enroll", *sure.get(each, ()))

    def deploy(self, host: str, *words: str) -> str:
        """Deploy, confirmed where that is asked for, and return what was said."""
        sure = ("--confirm=vm_prod",) if host == "prod" else ()
        return self.must("-H", host, "deploy", *sure, *words)


def version(rig: Rig, host: str) -> str:
    """Return the revision the database of a VM is at."""
    return rig.psql(host, "SELECT version_num FROM public.alembic_version")


def commit(rig: Rig, host: str) -> str:
    """Return the commit the checkout of a VM is at."""
    return succeeded(rig.on(host, "git rev-parse HEAD")).strip()


def held(rig: Rig, host: str) -> dict[str, str]:
    """Return what a VM holds: all that a snapshot sees, and every file of its repository."""
    return {**rig.snapshot_of(host), "repository": succeeded(rig.on(host, GIT_FILES))}


def newest_run(rig: Rig, host: str, file: str) -> str:
    """Return a file of the run that was started last."""
    return succeeded(rig.on(host, f'cat "$(ls -d .dbops/{host}/runs/* | tail -n 1)"/{file}'))
