"""A history of a dozen revisions over the snapshot, in a checkout that git knows."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from watching import HEAD

if TYPE_CHECKING:
    from conftest import Project

VERSIONS = "migrations_v2/alembic/versions"
ARCHIVE = "migrations_v2/alembic/archive"
SNAPSHOT = "sql/schema_baseline.sql"
CHAIN = (
    "CREATE TABLE ref.driver (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)",
    "ALTER TABLE ref.tax_rate ADD COLUMN note text",
    "CREATE VIEW mart.v_driver AS SELECT id, name FROM ref.driver WHERE name IN ('a', 'b')",
    """CREATE FUNCTION ref.driver_name(wanted bigint) RETURNS text LANGUAGE sql STABLE
       AS $$ SELECT name FROM ref.driver WHERE id = wanted $$""",
    """CREATE MATERIALIZED VIEW mart.mv_driver AS
       SELECT name, count(*) AS many FROM ref.driver GROUP BY name""",
    "CREATE UNIQUE INDEX mv_driver_name ON mart.mv_driver (name)",
    """ALTER TABLE ref.driver ADD COLUMN hired date DEFAULT '2020-01-01',
       ADD CHECK (hired > '1990-01-01')""",
    "ALTER TABLE ref.driver ALTER COLUMN name SET STATISTICS 200",
    "COMMENT ON TABLE ref.driver IS 'who drives'",
    "CREATE TYPE ref.licence AS ENUM ('small', 'large')",
    "ALTER TABLE ref.driver ADD COLUMN licence ref.licence, DROP COLUMN hired",
    "CREATE INDEX driver_licence ON ref.driver (licence) WHERE licence IS NOT NULL",
)
IDS = tuple(f"20970101_{number:09d}" for number in range(1, len(CHAIN) + 1))
MIDDLE = IDS[6]
REVISION = '''"""Change {number}."""

from alembic import op

revision = "{name}"
down_revision = "{after}"


def upgrade() -> None:
    op.execute({statement!r})


def downgrade() -> None:
    raise NotImplementedError
'''


def write(project: Project, name: str, after: str, statement: str) -> None:
    """Write the revision NAME, which runs STATEMENT."""
    text = REVISION.format(number=name[-2:], name=name, after=after, statement=statement)
    (project.directory / VERSIONS / f"{name}_change.py").write_text(text, encoding="utf-8")


def write_chain(project: Project) -> None:
    """Write the history and commit everything."""
    for name, after, statement in zip(IDS, (HEAD, *IDS), CHAIN, strict=False):
        write(project, name, after, statement)
    (project.directory / ".gitignore").write_text(".dbops/\n__pycache__/\n", encoding="utf-8")
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project)


def commit(project: Project) -> str:
    """Commit everything there is and return the commit."""
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=as it is")
    return git(project, "rev-parse", "HEAD")


def git(project: Project, *words: str) -> str:
    """Return what git prints, by nobody in particular."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    done = subprocess.run(
        ["git", "-C", str(project.directory), *who, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
