"""Shell text that travels over SSH: framed questions and small scripts. Pure, and all quoted."""

from __future__ import annotations

import base64
import shlex
from typing import TYPE_CHECKING

from dbops.commands.shell import Question, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbops.environments.model import Environment

# What a login shell of the host may have set, and what must not choose a target.
_UNSET = (
    "DATABASE_URL PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGPASSWORD PGSERVICE PGOPTIONS"
    " POSTGRES_USER POSTGRES_DB POSTGRES_PASSWORD PGDATA_VOLUME DOCKER_HOST DOCKER_CONTEXT"
    " COMPOSE_FILE COMPOSE_PROJECT_NAME COMPOSE_PROFILES COMPOSE_ENV_FILES GIT_DIR GIT_WORK_TREE"
)
SEPARATOR = "\036"
FIRST_BYTES = 24_000  # a third more in base64; a packet of 35,000 must do (RFC 4253, section 6.1)


def opening(environment: Environment) -> str:
    """Return what the shell is told first: one locale, no variable that chooses a target."""
    directory = shlex.quote(str(environment.project_directory))
    # 022: git writes files that containers of another user read.
    return f"unset {_UNSET}; export LC_ALL=C.UTF-8; umask 022; cd {directory} 2>/dev/null\n"


def shell(environment: Environment, first: str) -> str:
    """Return the command that begins the one shell, which runs FIRST before what it is sent.

    In base64, since the account's own shell, which is handed it, may be of any kind.
    """
    text = _encoded(f"{opening(environment)}{first}")
    return f"exec sh -c 'eval \"$(echo {text} | base64 -d)\"; exec sh'"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def framed(script: str, token: str) -> str:
    """Return SCRIPT, ended by a line of TOKEN with its exit code; it reads nothing."""
    return f"( {script}\n) </dev/null 2>&1; printf '\\n%s %s\\n' {token} $?\n"


def framed_question(question: Question, token: str) -> str:
    """Return QUESTION, ended on both streams by a line of TOKEN."""
    command = words(*question.words)
    end = f"printf '\\n%s %s\\n' {token} $?; printf '\\n%s\\n' {token} >&2\n"
    if question.text is None:
        return f"{command} </dev/null; {end}"
    return f"{command} <<'{token}'; {end}{question.text}\n{token}\n"


def on_terminal(environment: Environment, command: Sequence[str]) -> str:
    """Return what runs COMMAND in the checkout, for a terminal; the account's shell may be any."""
    text = f"{opening(environment).strip()}; exec {words(*command)}"
    return f"exec sh -c 'eval \"$(echo {_encoded(text)} | base64 -d)\"'"


def question(script: str) -> Question:
    """Return SCRIPT as a question."""
    return Question(words=("sh", "-c", script))


def fetching(url: str, timeout: float) -> str:
    """Return a script that succeeds when URL answers 200, and prints why when it does not."""
    address, limit = shlex.quote(url), f"{timeout:g}"
    return f"""\
if command -v curl >/dev/null; then
    code=$(curl --silent --show-error --output /dev/null --write-out '%{{http_code}}' \
        --max-time {limit} {address} 2>&1) && [ "$code" = 200 ] && exit 0
    echo "it answers $code"; exit 1
fi
command -v wget >/dev/null || {{ echo 'neither curl nor wget is installed on the host'; exit 1; }}
wget --quiet --tries=1 --timeout={limit} --output-document=/dev/null {address} && exit 0
echo "wget ended with $?"; exit 1
"""


def reading(directory: Path, pattern: str) -> Question:
    """Return the question for the small files in DIRECTORY whose names match PATTERN."""
    place = words(directory)
    return question(
        f'for each in {place}/{pattern}; do [ -f "$each" ] || continue; '
        'printf \'\\036%s\\n\' "$each"; cat -- "$each"; done'
    )


def read_files(said: str) -> Iterator[tuple[str, str]]:
    """Yield each file `reading` printed: its path and its text."""
    for each in said.split(SEPARATOR)[1:]:
        name, _, text = each.partition("\n")
        yield name, text


def measuring(path: Path) -> str:
    """Return a script that prints the size, the hash, the head and the tail of a file."""
    file = words(path)
    return f"""\
[ -f {file} ] || exit 1
wc -c <{file} | tr -d ' '
sha256sum <{file} | cut -d ' ' -f 1
head -c 4096 {file} | base64 | tr -d '\n'; echo
tail -c 4096 {file} | base64 | tr -d '\n'; echo
"""


def migration_files(environment: Environment) -> Question:
    """Return the question for the checkout's migrations and SQL, as a base64 tar."""
    migrations = environment.migrations
    ini = migrations.ini.rpartition("/")[0] or "."
    wanted = words(ini, migrations.snapshot, *([migrations.roles] if migrations.roles else []))
    directory = words(environment.project_directory)
    return question(
        f"cd {directory} && tar -cz --exclude=__pycache__ --ignore-failed-read -f - {wanted}"
        " 2>/dev/null | base64"
    )
