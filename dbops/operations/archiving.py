"""What moving the baseline forward does: build, prove, and only then write into the checkout."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import moving
from dbops.commands.shell import RUN, lines, words
from dbops.operations import require
from dbops.operations.proof import Proof, otherwise
from dbops.revisions import ARCHIVE
from dbops.runbook import Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.operations.checkout import Checkout
    from dbops.revisions import Revision
    from dbops.state import State
    from dbops.target import Target


@dataclass(frozen=True)
class Move:
    """One move of the baseline.

    Attributes:
        wanted: the revision that becomes the baseline.
        commit: the one that still upgrades what is behind it.
        accepted: tables and sequences whose contents the new snapshot may leave out.
    """

    target: Target
    state: State
    checkout: Checkout
    wanted: str
    commit: str
    accepted: tuple[str, ...]

    @cached_property
    def archived(self) -> tuple[Revision, ...]:
        """Return the revisions whose files leave, oldest first."""
        gone = self.target.graph.ancestors([self.wanted])
        return tuple(each for each in self.target.graph.history if each.id in gone)

    @property
    def archive(self) -> Path:
        """Return the folder the old files go to."""
        return self.target.versions.with_name(ARCHIVE)

    def steps(self) -> tuple[Step, ...]:
        """Return what runs: both ways to REV and to the head are compared before anything moves."""
        proof = Proof(self.target, self.state)
        return (
            Step(title=f"build {self.wanted} from the files as they are", command=self._now(proof)),
            Step(
                title="prove that the new snapshot and the revisions after it make the same",
                command=self._then(proof),
            ),
            Step(
                title=f"write the snapshot, the baseline {self.wanted} and environments.yaml",
                command=self._write(),
            ),
        )

    def _now(self, proof: Proof) -> str:
        stage, database = self.checkout.stage, proof.database
        return proof.within(
            words("rm", "-rf", "--", stage),
            words("mkdir", "-p", "--", stage / "versions"),
            commands.recreate(proof.beside, proof.target.environment, database),
            self._load(proof),
            proof.upgrade(self.wanted),
            proof.grant(),
            proof.ask("rows", "rows", database),
            moving.no_rows(f"{RUN}/rows", self.accepted, self._accepting()),
            proof.dump("advanced.sql", database),
            proof.catalogue("at.before", database),
            proof.ask("baseline_relations", "relations", database),
            self._after(proof, "head.before"),
        )

    def _load(self, proof: Proof) -> str:
        server = require.database(self.target, self.state).server_version
        return commands.load_snapshot(
            proof.beside,
            self.target.environment,
            snapshot=self.target.snapshot,
            leave_out=self.target.leave_out(server),
            stamp=True,
            roles=self.target.environment.migrations.roles is not None,
            database=proof.database,
        ).command

    def _accepting(self) -> str:
        verb = self.target.command("baseline-advance")
        return f"{verb} --rev {self.wanted} --accept-rows"

    def _after(self, proof: Proof, name: str, config: str | None = None) -> str:
        head = self.target.graph.head
        upgrade = (proof.upgrade(head, config), proof.grant()) if head != self.wanted else ()
        return lines(*upgrade, proof.catalogue(name, proof.database))

    def _then(self, proof: Proof) -> str:
        stage = self.checkout.stage
        kept = [each.path for each in self.target.graph.history if each not in self.archived]
        differ = (
            "what the snapshot and the roles script make is not what the archived revisions made; "
            "owners and grants belong into the roles script, settings into a later revision"
        )
        return proof.within(
            moving.baseline_file(self._facts(), f"{RUN}/relations", stage / "baseline.py"),
            words("cp", "--", *kept, stage / "versions") if kept else "",
            words("cp", "--", stage / "baseline.py", stage / "versions" / self._name),
            moving.file(stage / "alembic.ini", self._ini()),
            proof.load(f"{RUN}/advanced.sql", self.wanted),
            proof.dump("again.sql", proof.database),
            otherwise(f"diff {RUN}/advanced.sql {RUN}/again.sql", differ),
            proof.catalogue("at.after", proof.database),
            otherwise(proof.same("at.before", "at.after"), differ),
            self._after(proof, "head.after", str(stage / "alembic.ini")),
            otherwise(proof.same("head.before", "head.after"), differ),
        )

    @property
    def _name(self) -> str:
        return f"{self.wanted}_baseline.py"

    def _facts(self) -> moving.Facts:
        behind = tuple(each.id for each in self.archived if each.id != self.wanted)
        earlier = tuple(pair for each in self.archived for pair in each.replaces)
        return moving.Facts(
            revision=self.wanted,
            snapshot=self.target.environment.migrations.snapshot,
            replaces=(*earlier, (self.commit, behind)),
        )

    def _ini(self) -> str:
        """Return alembic.ini with the versions of the stage."""
        ini = self.target.files / self.target.environment.migrations.ini
        parser = configparser.RawConfigParser()
        parser.read_string(ini.read_text(encoding="utf-8"))
        here = str(ini.parent).replace("%", "%%")
        versions = str(self.checkout.stage / "versions").replace("%", "%%")
        parser.set("alembic", "version_locations", versions)
        return "\n".join(
            line
            for section in parser.sections()
            for line in (
                f"[{section}]",
                *(f"{key} = {_folded(value)}" for key, value in parser.items(section)),
            )
        ).replace("%(here)s", here)

    def _write(self) -> str:
        return moving.write(
            self.checkout.directory,
            commit=self.commit,
            unchanged=self.checkout.written,
            undo=self.checkout.undo(),
            mark=self.checkout.mark,
            moves=self._moves(),
            texts=self._texts(),
        )

    def _moves(self) -> tuple[tuple[str, Path], ...]:
        """Return what goes where, in order.

        The oldest file goes first and environments.yaml comes last: in between, the history has no
        beginning, or not the one that environments.yaml names, so that every command refuses.
        """
        stage, environment = self.checkout.stage, self.target.environment
        archived = tuple(
            (words(each.path), self.archive / each.path.name) for each in self.archived
        )
        return (
            *archived,
            (words(stage / "baseline.py"), self.target.versions / self._name),
            (f"{RUN}/advanced.sql", commands.snapshot_file(environment)),
        )

    def _texts(self) -> tuple[tuple[Path, str], ...]:
        from dbops.environments import editing, makefile  # pydantic takes 0.3 s

        environment = self.target.environment
        content = editing.with_baseline(
            environment.file,
            environment.file.read_bytes(),
            ini=environment.migrations.ini,
            old=environment.migrations.baseline,
            new=self.wanted,
        )
        mk = self.checkout.makefile
        told = [(mk, makefile.text(environment.file, content))] if mk else []
        # The Makefile refuses while the two do not fit.
        return (*told, (environment.file, content.decode()))


def _folded(value: str) -> str:
    return value.replace("\n", "\n    ")
