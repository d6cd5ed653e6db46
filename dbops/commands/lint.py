"""The programs a lint asks: squawk for the SQL, git for what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def squawk(program: str, postgresql: int, name: str) -> list[str]:
    """Return the words that judge the SQL on standard input and answer in JSON.

    No configuration file is read: environments.yaml is the one place for settings. The SQL says
    itself where its transactions begin and end.

    Args:
        program: squawk.
        postgresql: the major version the SQL is for.
        name: what the SQL is called in the answer.
    """
    version = f"--pg-version={postgresql}.0"
    settings = ["--config=/dev/null", "--no-assume-in-transaction"]
    return [program, "--reporter=json", version, *settings, f"--stdin-filepath={name}"]


def commit(directory: Path, base: str) -> list[str]:
    """Return the words that tell the full hash of the commit BASE names."""
    options = ["--verify", "--quiet", "--end-of-options"]
    return ["git", "-C", str(directory), "rev-parse", *options, f"{base}^{{commit}}"]


def changed(directory: Path, base: str) -> list[str]:
    """Return the words that name the files in DIRECTORY that differ from where BASE was left.

    Args:
        directory: a folder of the checkout; the names are relative to it, each ends with a NUL.
        base: the full hash of a commit.
    """
    options = ["--merge-base", "--name-only", "--relative", "--diff-filter=d", "-z"]
    return ["git", "-C", str(directory), "diff", *options, base, "--", "."]


def untracked(directory: Path) -> list[str]:
    """Return the words that name the files in DIRECTORY that git does not know yet."""
    return ["git", "-C", str(directory), "ls-files", "--others", "--exclude-standard", "-z"]
