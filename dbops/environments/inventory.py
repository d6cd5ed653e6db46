"""Which environments there are, and which of them a name on the command line means."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

from dbops.environments import cache
from dbops.environments.model import Environment, Environments, EnvironmentsFile, Settings
from dbops.errors import UsageProblem

VARIABLE = "DBOPS_ENVIRONMENTS"
_CHECKOUT = Path(__file__).parents[2]


def load(file: Path | None = None) -> Environments:
    """Return every environment of a file.

    Args:
        file: the file; by default what DBOPS_ENVIRONMENTS names (relative to the current
            directory), else environments.yaml in the checkout of this tool.

    Raises:
        UsageProblem: the file cannot be read or is wrong in any way (exit 4).
    """
    named = None if file else os.environ.get(VARIABLE)
    path = Path(os.path.abspath(file or named or _CHECKOUT / "environments.yaml"))  # noqa: PTH100  links stay
    content = _read(path, f"; {VARIABLE} names it" if named else "")
    parsed = cache.read(path, content)
    if parsed is None:
        from dbops.environments.validation import validate  # pydantic takes 0.3 s

        parsed = validate(path, content)
        cache.write(path, content, parsed)
    return _resolved(path, parsed)


def find(name: str | None, *, usage: str = "inv TASK --env {}") -> Environment:
    """Return the environment that NAME, a name or an alias, means.

    Args:
        name: as it was typed; None when nothing was.
        usage: how an environment is named on this command line, for the errors.

    Raises:
        UsageProblem: no name, no such name, a retired one, or a file that is wrong (exit 4).
    """
    known = load()
    owners = {alias: each for each in known.environments.values() for alias in each.aliases}
    if found := (known.environments | owners).get(name or ""):
        return found
    from dbops.environments.names import unknown  # only an error needs it

    raise unknown(name, known, usage)


def _read(path: Path, origin: str) -> bytes:
    try:
        if path.is_file():
            return path.read_bytes()
        why = "it is not a regular file" if path.exists() else "there is no such file"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
    raise UsageProblem(
        "the environments file cannot be read",
        where=str(path),
        why=why + origin,
        next_command=f"export {VARIABLE}=PATH/environments.yaml",
    )


def _resolved(path: Path, parsed: EnvironmentsFile) -> Environments:
    wanted = path.parent / os.path.expanduser(parsed.project_directory)  # noqa: PTH111  never raises
    directory = Path(os.path.normpath(wanted))
    if not directory.is_dir():
        raise UsageProblem(
            "the project directory does not exist",
            where=f"{path}: project_directory",
            why=f"there is no directory {directory}",
            next_command=f"correct project_directory in {path.name}",
        )
    return Environments(
        file=path,
        project=parsed.project,
        project_directory=directory,
        retired=parsed.retired,
        environments={
            name: Environment(
                name=name,
                project=parsed.project,
                project_directory=directory,
                file=path,
                **{field.name: getattr(settings, field.name) for field in fields(Settings)},
            )
            for name, settings in parsed.environments.items()
        },
    )
