"""Commands that take a dump and read it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands.shell import RUN, has_sha256, lines, words
from dbops.runbook import Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.commands.backend import Backend
    from dbops.environments.model import Environment


def take(backend: Backend, environment: Environment, tables: int) -> Step:
    """Return the step that dumps so many TABLES and proves it, by the script a VM runs, too."""
    return Step(
        title=f"back up {environment.database.name}, and read the dump back",
        command=lines(
            f"dump=$({_script(backend, environment)})",
            _NAMEABLE,
            """sum=$(sed -n 's/^  "sha256": "\\(.*\\)",$/\\1/p' "${dump%.dump}.json")""",
            _RECORDED,
        ),
        verify=f"test -s {RUN}/backup",
        counts="dumping contents of table",
        total=tables,
    )


def _script(backend: Backend, environment: Environment) -> str:
    """Return the shell text that takes a dump, proves it, and prints where it is."""
    settings = environment.backup
    options = {
        "--environment": environment.name,
        "--directory": str(environment.path(settings.directory)),
        "--keep": str(settings.keep),
        "--database": environment.database.name,
        "--user": environment.database.user,
    }
    given = [word for pair in options.items() for word in pair]
    script = environment.tool_directory / "scripts" / "backup.sh"
    return words("sh", script, *given, "--verbose", "--", *backend.beside())


def gate(backend: Backend, environment: Environment, tables: int) -> Step:
    """Return the step without which nothing of production is touched: a dump, found and read back.

    The environment's own command takes it, whatever that is; what counts is the file it leaves.
    """
    read = words(*backend.beside(), "pg_restore")
    command = environment.backup.command
    return Step(
        title=f"back up {environment.database.name}, and prove the dump",
        command=lines(
            _by_command(environment, command)
            if command
            else f"dump=$({_script(backend, environment)})",
            _NAMEABLE,
            '[ -s "$dump" ] || { echo "$dump is empty"; exit 1; }',
            # Every byte: the list at the head of a dump proves nothing.
            f'{read} --file=/dev/null <"$dump" || {{ echo "$dump cannot be read back"; exit 1; }}',
            f'held=$({read} --list <"$dump" | grep -c " TABLE DATA " || :)',
            f'[ "$held" -ge {tables} ] || '
            f'{{ echo "$dump holds $held tables, not {tables}"; exit 1; }}',
            'sum=$(sha256sum <"$dump" | cut -d " " -f 1)',
            "manifest=${dump%.dump}.json",
            '[ ! -f "$manifest" ] || grep -q "\\"sha256\\": \\"$sum\\"" "$manifest" ||'
            ' { echo "$dump is not what its manifest says"; exit 1; }',
            _RECORDED,
            'echo "proven: $dump, sha256 $sum"',
        ),
        verify=f"test -s {RUN}/backup",
        counts="dumping contents of table",
        total=tables,
    )


def _by_command(environment: Environment, command: str) -> str:
    """Return the shell text that runs COMMAND, and finds the newest file it left.

    Another environment may be backed up into the same directory meanwhile: what is named as this
    tool names dumps is of the environment that it is named after.
    """
    place = words(environment.path(environment.backup.directory))
    stamp = "_????????T??????Z_*"
    return lines(
        f"touch {RUN}/before",
        f"( {words('cd', environment.project_directory)} && {command} )",
        f"dump=$(find -H {place} -type f -newer {RUN}/before ! -name '*.json' ! -name '.*'"
        " -exec ls -t {} + | while IFS= read -r each; do",
        f"case ${{each##*/}} in {environment.name}{stamp}) ;; *{stamp}) continue ;; esac",
        'echo "$each" && break',
        "done)",
        f'[ -n "$dump" ] || {{ echo {words("no new file is in " + environment.backup.directory)};'
        " exit 1; }",
    )


# The path of a dump becomes JSON text of the journal, by sh. In UTF-8, `.` is no other byte.
_NAMEABLE = r"""
case $dump in *[\"\\]*) echo "$dump has a quote or a backslash in its name"; exit 1 ;; esac
if printf '%s\n' "$dump" | grep -a -x -v -q '.*'; then echo "the name of the dump is not UTF-8"; exit 1; fi
""".strip()  # noqa: E501  shell text is read by its lines
_RECORDED = """printf '"backup":"%s","backup_sha256":"%s"' "$dump" "$sum" >""" + f"{RUN}/backup"


def read_back(backend: Backend, dump: Path, sha256: str | None) -> Step:
    """Return the step that reads every byte of DUMP, which must still have its SHA256."""
    read = words(*backend.beside(), "pg_restore", "--file=/dev/null")
    return Step(
        title=f"read {dump.name} in full",
        command=lines(has_sha256(dump, sha256) if sha256 else "", f"{read} <{words(dump)}"),
    )
