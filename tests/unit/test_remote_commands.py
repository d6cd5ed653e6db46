"""Text that travels over SSH, given to a shell of our own in its place."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tarfile

import pytest

from dbops.commands import remote
from dbops.commands.shell import Question
from dbops.environments.model import Database, Environment, Host

TOKEN = "dbops-0123456789abcdef-7"
NASTY = 'it\'s $(touch pwned) `touch pwned` "x"\n\\ *'


def sh(text, directory):
    return subprocess.run(
        ["sh"], input=text, cwd=directory, capture_output=True, text=True, check=False
    )


@pytest.fixture
def environment(tmp_path):
    directory = tmp_path / "the app's"
    directory.mkdir()
    return Environment(
        name="vm_stg",
        project="sanbou",
        project_directory=directory,
        file=tmp_path / "environments.yaml",
        backend="compose",
        database=Database(name="sanbou_stg"),
        host=Host(address="stg", directory=str(directory)),
        remote=True,
    )


def test_the_opening_leaves_no_variable_that_chooses_a_target(environment):
    chosen = (
        "export PGHOST=elsewhere DOCKER_HOST=tcp://elsewhere COMPOSE_FILE=x GIT_DIR=/x LANG=C\n"
    )
    done = sh(chosen + remote.opening(environment) + "env; pwd", "/")
    names = {each.partition("=")[0] for each in done.stdout.splitlines()}
    assert not names & {"PGHOST", "DOCKER_HOST", "COMPOSE_FILE", "GIT_DIR"}
    assert "LC_ALL=C.UTF-8" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == str(environment.project_directory)


def test_the_opening_says_nothing_where_there_is_no_checkout(environment):
    environment.project_directory.rmdir()
    done = sh(remote.opening(environment), "/")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("script", "said", "code"), [("echo a; exit 3", "a\n", 3), ("true", "", 0)]
)
def test_a_framed_script_ends_with_a_line_of_its_token_and_code(tmp_path, script, said, code):
    done = sh(remote.framed(script, TOKEN) + "echo next\n", tmp_path)
    assert done.stdout == f"{said}\n{TOKEN} {code}\nnext\n"


def test_a_framed_script_cannot_read_what_comes_after_it(tmp_path):
    done = sh(remote.framed("cat; echo done >&2", TOKEN) + "echo next\n", tmp_path)
    assert done.stdout == f"done\n\n{TOKEN} 0\nnext\n"


@pytest.mark.parametrize("text", [None, "", "one\ntwo", NASTY])
def test_a_question_arrives_whole_and_ends_on_both_streams(tmp_path, text):
    script = "printf '[%s]' \"$@\"; cat; echo no >&2; exit 4"
    asked = Question(words=("sh", "-c", script, "sh", NASTY, "", "-n"), text=text)
    done = sh(remote.framed_question(asked, TOKEN) + "echo next\n", tmp_path)
    ended = f"\n{TOKEN} 4\nnext\n"
    read = "" if text is None else f"{text}\n"
    assert done.stdout == f"[{NASTY}][][-n]{read}{ended}"
    assert done.stderr == f"no\n\n{TOKEN}\n"
    assert not list(tmp_path.iterdir())


def test_files_are_read_with_their_names_and_no_others(tmp_path):
    (tmp_path / "a b.json").write_text("{\n}\n")
    (tmp_path / "it's.json").write_text("")
    (tmp_path / "c.txt").write_text("no")
    (tmp_path / "folder.json").mkdir()
    done = sh(remote.framed_question(remote.reading(tmp_path, "*.json"), TOKEN), "/")
    said = done.stdout.removesuffix(f"\n{TOKEN} 0\n")
    assert dict(remote.read_files(said)) == {
        f"{tmp_path}/a b.json": "{\n}\n",
        f"{tmp_path}/it's.json": "",
    }


def test_a_directory_that_is_not_there_has_no_files(tmp_path):
    done = sh(remote.framed_question(remote.reading(tmp_path / "none", "*"), TOKEN), "/")
    assert dict(remote.read_files(done.stdout.partition(f"\n{TOKEN}")[0])) == {}


@pytest.mark.parametrize("content", [b"", b"\0\n\xff" * 5000, b"PGDMP it's"])
def test_a_file_is_measured_by_size_hash_head_and_tail(tmp_path, content):
    file = tmp_path / "a dump's"
    file.write_bytes(content)
    size, digest, head, tail = sh(remote.measuring(file), "/").stdout.split("\n")[:4]
    assert (int(size), digest) == (len(content), hashlib.sha256(content).hexdigest())
    assert base64.b64decode(head) == content[:4096]
    assert base64.b64decode(tail) == content[-4096:]


def test_what_is_no_file_is_not_measured(tmp_path):
    assert sh(remote.measuring(tmp_path), "/").returncode == 1


def test_migrations_and_sql_come_as_one_archive_without_bytecode(environment):
    place = environment.project_directory
    for name in ("migrations_v2/alembic.ini", "migrations_v2/__pycache__/x.pyc", "app/models.py"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    (place / "sql").mkdir()
    (place / "sql" / "schema_baseline.sql").write_text("--")
    asked = remote.migration_files(environment)
    said = subprocess.run(asked.words, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(said))) as tar:
        names = {each.name for each in tar if each.isfile()}
    assert names == {"migrations_v2/alembic.ini", "sql/schema_baseline.sql"}


def test_a_command_on_a_terminal_runs_in_the_checkout(environment):
    done = sh(remote.on_terminal(environment, ["printf", "[%s]", NASTY]), "/")
    assert done.stdout == f"[{NASTY}]"
    done = sh(remote.on_terminal(environment, ["pwd"]), "/")
    assert done.stdout == f"{environment.project_directory}\n"
