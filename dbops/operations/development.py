"""This checkout itself: its tests, its checks and its benchmarks."""

from __future__ import annotations

import sys
from pathlib import Path

from dbops import runner
from dbops.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]


def test(*, only: str, unit: bool) -> int:
    """Run the tests on this terminal and return pytest's exit code.

    Args:
        only: an expression that chooses tests, as pytest's -k; all when empty.
        unit: only those that need no database.
    """
    # A file's tests share servers; files do not, so that they run side by side.
    chosen = ["-k", only] if only else ["--numprocesses=auto", "--dist=loadfile"]
    folder = ROOT / "tests" / "unit" if unit else ROOT / "tests"
    program = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
    return runner.hand_over([*program, *chosen, str(folder)])


def check() -> int:
    """Run formatter, linter and type checker; return the first exit code that is not 0."""
    commands = (["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy"])
    codes: list[int] = []
    for each in commands:
        codes.append(runner.hand_over([sys.executable, "-m", *each], directory=ROOT))
        if codes[-1] == ExitCode.INTERRUPTED:
            break
    return next((code for code in codes if code), 0)


def rig(verb: str) -> int:
    """Make the jump host and VMs to play with, or take them down; return the exit code.

    Args:
        verb: up or down.
    """
    path = f"PYTHONPATH={ROOT / 'tests'}:{ROOT}"
    return runner.hand_over(["env", path, sys.executable, "-m", "rig.play", verb], directory=ROOT)


def benchmark(*, runs: int) -> int:
    """Time this tool beside what people use instead; return 1 when a bound is missed.

    Args:
        runs: how often each command is timed.
    """
    return runner.hand_over([sys.executable, "-m", "benchmarks", f"--runs={runs}"], directory=ROOT)
