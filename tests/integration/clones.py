"""Checkouts of this whole project, with their own history, for what lints revisions in one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from advancing import commit, git, write
from conftest import ROOT, Project
from rig.laptop import AMBIENT, copy_files
from watching import HEAD

if TYPE_CHECKING:
    from collections.abc import Mapping

GOOD = "CREATE TABLE ref.driver (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"
BLOCKING = "DROP MATERIALIZED VIEW mart.mv_receive_daily CASCADE"
ON_MAIN, NEW = "20970101_000000001", "20970102_000000002"
WHO = ("-c", "user.name=t", "-c", "user.email=t@example.com")


def clone(directory: Path, *, venv: bool = True) -> Project:
    """Return a checkout whose main ends with a revision that would block, were it judged."""
    made = Project(directory)
    copy_files(directory)
    if venv:
        (directory / ".venv").symlink_to(ROOT / ".venv")
    git(made, "init", "--quiet", "--initial-branch=main")
    with (directory / ".git" / "info" / "exclude").open("a", encoding="utf-8") as file:
        file.write(".venv\n")
    write(made, ON_MAIN, HEAD, "DELETE FROM ref.item")
    commit(made)
    return made


def write_new(project: Project, statement: str) -> None:
    write(project, NEW, ON_MAIN, statement)


def variables(**more: str) -> dict[str, str]:
    """Return this machine's variables without those of git and of this tool, and MORE."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(AMBIENT)}
    return {**kept, **more}


def run(
    directory: Path, *words: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def with_programs(directory: Path, **programs: Path) -> str:
    """Return PATH with PROGRAMS, made as links in DIRECTORY, before the others."""
    directory.mkdir()
    for name, program in programs.items():
        (directory / name).symlink_to(program)
    return f"{directory}:{os.environ['PATH']}"


def python() -> Path:
    """Return the Python that the tests' own .venv was made with."""
    return Path(sys.base_prefix) / "bin" / "python3"
