"""What Alembic would run, written out by Alembic itself: no connection, one revision at a time."""

from __future__ import annotations

import contextlib
import io
import re
import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbops.linting.script import Script, Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import FrameType

    from alembic.script import ScriptDirectory

    from dbops.revisions import Revision

_TIMEOUT = re.compile(r"set_config\('(lock_timeout|statement_timeout)', '([^']*)'")


def rendered(ini: Path, directory: Path, revisions: Sequence[Revision]) -> Iterator[Script]:
    """Write the upgrade of each of REVISIONS, and say of each that could not be written why.

    The code of the revisions runs in this process, as it does for `alembic upgrade --sql`.

    Args:
        ini: Alembic's configuration.
        directory: what relative paths in it start from.
        revisions: what to write, whatever comes before.
    """
    from alembic.config import Config  # half a second
    from alembic.script import ScriptDirectory

    with contextlib.chdir(directory):
        scripts = ScriptDirectory.from_config(Config(str(ini)))
        for each in revisions:
            yield _script(ini, scripts, each)


def _script(ini: Path, scripts: ScriptDirectory, revision: Revision) -> Script:
    buffer = _Buffer(revision.path)
    failure, line = "", 1
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            _upgrade(ini, scripts, revision, buffer)
    except (Exception, SystemExit) as error:  # noqa: BLE001  the revision's code may do anything
        failure = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
        frames = list(traceback.walk_tb(error.__traceback__))
        line = _line_in(revision.path, reversed(frames)) or 1
    return Script(
        revision=revision,
        written=tuple(buffer.written),
        timeouts=tuple(buffer.timeouts.items()),
        failure=failure,
        failed_line=line,
    )


def _upgrade(ini: Path, scripts: ScriptDirectory, revision: Revision, buffer: _Buffer) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationStep

    def step(*_: object) -> list[Any]:
        script: Any = scripts.get_revision(revision.id)
        return [MigrationStep.upgrade_from_script(scripts.revision_map, script)]

    config = Config(str(ini), output_buffer=buffer)
    start: Any = list(revision.parents) or None
    with EnvironmentContext(config, scripts, fn=step, as_sql=True, starting_rev=start):
        scripts.run_env()


class _Buffer(io.StringIO):
    """Takes what Alembic writes; keeps what the revision's own code made it write."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.written: list[Written] = []
        self.timeouts: dict[str, str] = {}

    def write(self, text: str) -> int:
        line = _line_in(self.path, traceback.walk_stack(None))
        if line:
            self.written.append(Written(text=text.strip().removesuffix(";"), line=line))
        elif timeout := _TIMEOUT.search(text):
            self.timeouts[timeout[1]] = timeout[2]
        return len(text)


def _line_in(path: Path, frames: Iterable[tuple[FrameType, int]]) -> int | None:
    """Return the line of the first of FRAMES that runs code of the file at PATH."""
    own = _resolved(str(path))
    return next((line for each, line in frames if _resolved(each.f_code.co_filename) == own), None)


@cache
def _resolved(path: str) -> Path:
    return Path(path).resolve()
