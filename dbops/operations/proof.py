"""Shell text that proves a snapshot: built beside the live database, read back, and compared.

What it makes lies in the directory of the run. The database is one of its own: a comparison that
only reads, such as `drift`, does not wait for the environment's lock and has another.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import psql, sql
from dbops.commands.shell import RUN, lines, with_environment, words
from dbops.operations.scratch import NEVER, granted

if TYPE_CHECKING:
    from dbops.commands.backend import Backend
    from dbops.state import State
    from dbops.target import Target

_PACKAGE = Path(__file__).resolve().parents[2]


class Proof:
    """What builds the steps of one proof for an environment."""

    def __init__(self, target: Target, state: State) -> None:
        self.target = target
        self.beside: Backend = target.backend(state)
        self.database = commands.scratch(target.environment, "proof")

    def within(self, *texts: str) -> str:
        """Return TEXTS, which make and use the scratch database; it is dropped at their end."""
        return lines(
            f"trap {words(commands.drop(self.beside, self.database))} EXIT",
            "trap 'exit 130' INT TERM HUP",
            *texts,
        )

    def load(self, snapshot: str, revision: str) -> str:
        """Return what loads the file SNAPSHOT, a shell word, with roles, and stamps REVISION."""
        environment = self.target.environment
        load = psql.transaction(
            self.beside,
            psql.File(snapshot),
            psql.File(words(sql.revision_log(environment))),
            sql.stamp(revision, expected=()),
            # Last: revisions act as the owner, who must own the version table, too.
            *commands.roles_files(environment),
            variables=[*commands.role_variables(environment), "--set=scratch=1"],
            database=self.database,
        )
        return lines(commands.recreate(self.beside, environment, self.database), load)

    def upgrade(self, revision: str, config: str | None = None) -> str:
        """Return what upgrades the scratch database, by the files of another CONFIG maybe."""
        return self.beside.alembic("upgrade", revision, database=self.database, config=config)

    def grant(self) -> str:
        """Return what gives the roles their privileges in the schemas that revisions made."""
        return granted(self.target, self.beside, self.database)

    def dump(self, name: str, database: str | None = None) -> str:
        """Return what writes the schema, canonical, to the file NAME."""
        dump = words(*commands.schema_dump(self.beside, database))
        return lines(
            f"{dump} >{RUN}/dump.sql",
            f"{_python('dbops.schema_text')} {RUN}/dump.sql {RUN}/{name}",
            f"rm -f {RUN}/dump.sql",
        )

    def catalogue(self, name: str, database: str | None = None) -> str:
        """Return what writes the catalogue to the file NAME."""
        return self.ask("catalogue", name, database)

    def ask(self, question: str, name: str, database: str | None = None) -> str:
        """Return what writes the answer to one of this tool's queries to the file NAME."""
        file = sql.query(question)
        asked = psql.asks(self.beside, file, database=database)
        return f"{words(*asked.words)} <{words(file)} >{RUN}/{name}"

    def same(self, expected: str, found: str, ignored: tuple[str, ...] = ()) -> str:
        """Return a test that two files of catalogues are equal, which says how they differ."""
        patterns = words(*NEVER, *ignored)
        return f"{_python('dbops.catalogue')} {RUN}/{expected} {RUN}/{found} {patterns}"


def otherwise(command: str, sentence: str) -> str:
    """Return COMMAND, with SENTENCE said and the step ended where it fails."""
    return f"{{ {command}; }} || {{ {words('echo', sentence)}; exit 1; }}"


def _python(module: str) -> str:
    package = {"PYTHONPATH": str(_PACKAGE)}
    return with_environment(package, words(sys.executable, "-m", module))
