"""A copy of the Makefile among programs that only note how they were called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from dbops.environments import makefile

ROOT = Path(__file__).resolve().parents[2]
NOTES = """\
import json, os, sys
with open(os.path.join(os.path.dirname(__file__), "seen"), "a") as seen:
    print(json.dumps(sys.argv[1:]), file=seen)
"""
SHOWS = "printf '[%s]\\n' \"$@\"\n"


class Checkout:
    """A directory with the Makefile, a stub for inv, and one for scripts/backup.sh."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        shutil.copy(ROOT / "Makefile", directory)
        self.inv = directory / "stub" / "inv"
        self._write("stub/inv", f"#!{sys.executable} -IS\n{NOTES}").chmod(0o755)
        self._write("scripts/backup.sh", SHOWS)
        self.configure((ROOT / "environments.yaml").read_text(encoding="utf-8"))

    def configure(self, text: str) -> None:
        """Write environments.yaml, and environments.mk from it."""
        file = self._write("environments.yaml", text)
        self._write("environments.mk", makefile.text(file, file.read_bytes()))

    def make(
        self, *words: str, at: Path | None = None, **shell: str
    ) -> subprocess.CompletedProcess:
        """Run make with WORDS, with nothing but SHELL, PATH and HOME in its environment."""
        return subprocess.run(
            ["make", f"INV={self.inv}", *words],
            cwd=at or self.directory,
            env={"PATH": os.environ["PATH"], "HOME": "/home/keeper", **shell},
            capture_output=True,
            text=True,
            check=False,
        )

    def seen(self) -> list[list[str]]:
        """Return the words of every command line that inv was given."""
        seen = self.inv.with_name("seen")
        lines = seen.read_text(encoding="utf-8").splitlines() if seen.exists() else []
        return [json.loads(line) for line in lines]

    def _write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def refusal(made: subprocess.CompletedProcess, code: int) -> list[str]:
    """Return the lines that MADE printed as an error with CODE; make itself ends with 2."""
    *lines, last = made.stderr.splitlines()
    assert (made.returncode, made.stdout) == (2, "")
    assert last.startswith("make: *** [")
    assert last.endswith(f" Error {code}")
    return lines
