"""A remote repository, and a host's checkout of it, as two directories of this machine."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import handmade

from dbops.environments.model import Compose, Guard, Host
from dbops.state import Database, HostFacts, Service, State
from dbops.target import Target

if TYPE_CHECKING:
    from pathlib import Path

NAME = "vm_stg"
WHO = ("-c", "user.name=Rin Kato", "-c", "user.email=rin.kato@example.com")
ALONE = {
    "PATH": "/usr/bin:/bin",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


class Checkout:
    """`there` is the host's clone of `origin`; `desk` is where commits are made and pushed."""

    def __init__(self, directory: Path) -> None:
        self.there, self.desk, self.origin = (
            directory / each for each in ("there", "desk", "o.git")
        )
        made = handmade.make_target(self.desk)
        (self.desk / "sql" / "bootstrap_roles.sql").write_text("SELECT 1;\n")
        (self.desk / ".gitignore").write_text(".dbops/\n")
        git(directory, "init", "--quiet", "--bare", "--initial-branch=main", "o.git")
        git(self.desk, "init", "--quiet", "--initial-branch=main")
        git(self.desk, "remote", "add", "origin", str(self.origin))
        self.first = self.push("The first")
        git(directory, "clone", "--quiet", str(self.origin), "there")
        self.environment = replace(
            made.environment,
            name=NAME,
            aliases=("stg",),
            backend="compose",
            compose=Compose(project=NAME, files=("docker/stg.yml",), volume="vm_stg_pgdata"),
            host=Host(address="stg.example.com", directory=str(self.there)),
            project_directory=self.there,
            remote=True,
        )

    def push(self, message: str, **files: str) -> str:
        """Write FILES, by name, at the desk, commit and push all, and return the commit."""
        for name, text in files.items():
            (self.desk / name).write_text(text)
        git(self.desk, "add", "--all")
        git(self.desk, "commit", "--quiet", "--allow-empty", f"--message={message}")
        git(self.desk, "push", "--quiet", "origin", "main")
        return git(self.desk, "rev-parse", "HEAD")

    def target(self, *, protected: bool = False) -> Target:
        return Target(environment=replace(self.environment, guard=Guard(protected=protected)))

    def host(self, **facts: object) -> HostFacts:
        known = {"name": "vm-stg", "user": "deploy", "marker": NAME, "branch": "main"}
        commit = git(self.there, "rev-parse", "HEAD")
        return HostFacts(**{**known, "commit": commit, **facts})  # type: ignore[arg-type]  # made by hand

    def state(self, *versions: str, status: str = "running", **facts: object) -> State:
        """Return the state of a host whose database holds the snapshot's objects."""
        found = {
            "exists": True,
            "server_version": 170010,
            "environment": NAME,
            "versions": versions,
            "objects": 2,
            "tables": 1,
            "schemas": ("mart", "public", "raw"),
            "relations": handmade.RELATIONS,
        }
        services = (("core_api", "healthy"), ("db", "healthy"))
        well = services if status == "running" else ()
        service = Service(status=status, services=well)  # type: ignore[arg-type]  # made by hand
        database = Database(**{**found, **facts}) if status == "running" else None  # type: ignore[arg-type]  # made by hand
        return State(service=service, database=database, host=self.host())

    def empty(self) -> State:
        """Return the state of a host on which nothing was ever started."""
        return State(service=Service(status="absent"), database=None, host=self.host())


def git(directory: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *WHO, *words],
        env={**ALONE, "HOME": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(directory: Path) -> dict[str, bytes | int]:
    """Return every file of a repository with its content, and when it was written."""
    found: dict[str, bytes | int] = {}
    for each in sorted((directory / ".git").rglob("*")):
        if each.is_file():
            found[str(each)] = each.read_bytes()
            found[f"{each} at"] = each.stat().st_mtime_ns
    return found
