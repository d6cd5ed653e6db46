"""core_api: its answers, its reasons, and what it keeps to itself."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.core_api.database import Database, Unavailable
from app.core_api.heads import UnreadableRevisions, read_heads
from app.core_api.health import examine
from app.core_api.server import Handler
from app.refusal import USAGE, Refusal

ROOT = Path(__file__).resolve().parents[2]
NAMED = {"POSTGRES_USER": "postgres", "POSTGRES_DB": "sanbou_stg"}


@dataclass
class FakeDatabase:
    applied: tuple[str, ...] = ()
    problem: str = ""
    name: str = "sanbou_stg"

    def revisions(self) -> tuple[str, ...]:
        if self.problem:
            raise Unavailable(self.problem)
        return self.applied


class FakeSocket:
    """A connection whose request is already there."""

    def __init__(self, request: bytes) -> None:
        self.request, self.answer = request, b""

    def makefile(self, *_words: object) -> io.BytesIO:
        return io.BytesIO(self.request)

    def sendall(self, data: bytes) -> None:
        self.answer += bytes(data)

    def settimeout(self, seconds: float) -> None:
        assert seconds == 10


def write(versions: Path, name: str, down: str | None, header: str = "") -> Path:
    path = versions / f"{name}_something.py"
    path.write_text(f"{header}revision = {name!r}\ndown_revision = {down!r}\n", encoding="utf-8")
    return path


def ask(line: str, database: FakeDatabase, versions: Path) -> tuple[int, str]:
    socket = FakeSocket(f"{line}\r\n\r\n".encode())
    server = SimpleNamespace(examine=lambda: examine(database, versions))
    Handler(socket, ("192.0.2.7", 40000), server)  # type: ignore[arg-type]  # a socket of our own
    answer = re.fullmatch(r"(?s)HTTP/1.0 (\d+) .*?\r\n\r\n(.*)", socket.answer.decode())
    return (int(answer[1]), answer[2]) if answer else (0, socket.answer.decode())


@pytest.fixture
def versions(tmp_path):
    write(tmp_path, "0001_baseline", None)
    write(tmp_path, "0002", "0001_baseline")
    return tmp_path


def test_the_head_is_what_nothing_follows(versions):
    assert read_heads(versions) == ("0002",)


def test_two_revisions_that_follow_the_same_one_are_two_heads(versions):
    write(versions, "0003", "0001_baseline")
    assert read_heads(versions) == ("0002", "0003")


def test_a_merge_follows_every_parent_and_annotated_headers_are_read(versions):
    write(versions, "0003", "0001_baseline")
    text = "revision: str = 'merge'\ndown_revision: tuple[str, ...] = ('0002', '0003')\n"
    (versions / "merge.py").write_text(text, encoding="utf-8")
    assert read_heads(versions) == ("merge",)


def test_a_new_and_a_changed_file_are_seen_at_the_next_look(versions):
    assert read_heads(versions) == ("0002",)
    changed = write(versions, "0003", "0002")
    assert read_heads(versions) == ("0003",)
    changed.write_text("# not a revision any more\n", encoding="utf-8")
    assert read_heads(versions) == ("0002",)


def test_revision_files_are_read_and_never_run(versions):
    write(versions, "0003", "0002", header="raise SystemExit(1)\n")
    assert read_heads(versions) == ("0003",)


@pytest.mark.parametrize("text", ["def (", "revision = name()\n", "\0"])
def test_a_broken_revision_file_is_named(versions, text):
    (versions / "broken.py").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableRevisions, match=r"^broken\.py is not a revision file$"):
        read_heads(versions)


def test_at_head_is_healthy(versions):
    status, body = ask("GET /health HTTP/1.1", FakeDatabase(("0002",)), versions)
    assert (status, json.loads(body)) == (
        200,
        {
            "healthy": True,
            "database": "sanbou_stg",
            "current": ["0002"],
            "heads": ["0002"],
            "at_head": True,
        },
    )


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        (FakeDatabase(), "no revision is applied"),
        (FakeDatabase(("0001_baseline",)), "the database is at 0001_baseline, not at head 0002"),
        (FakeDatabase(("0002", "9999")), "the database is at 0002, 9999, not at head 0002"),
        (FakeDatabase(problem="the database does not answer"), "the database does not answer"),
    ],
)
def test_anything_else_is_not_and_says_why(versions, database, reason):
    status, body = ask("GET /health HTTP/1.1", database, versions)
    assert (status, json.loads(body)) == (
        503,
        {
            "healthy": False,
            "database": "sanbou_stg",
            "current": list(database.applied),
            "heads": ["0002"],
            "at_head": False,
            "reason": reason,
        },
    )


def test_no_revision_files_is_not_healthy_even_on_an_empty_database(tmp_path):
    assert examine(FakeDatabase(), tmp_path).reason == "there are no revision files"
    missing = examine(FakeDatabase(), tmp_path / "missing")
    assert missing.reason == "the revision files cannot be read: No such file or directory"
    assert missing.as_json()["at_head"] is False


def test_live_never_asks_the_database(versions):
    broken = FakeDatabase(problem="it would be asked")
    assert ask("GET /live HTTP/1.1", broken, versions) == (200, '{"live": true}\n')


def test_other_paths_and_methods_are_refused(versions):
    assert ask("GET / HTTP/1.1", FakeDatabase(), versions)[0] == 404
    assert ask("POST /live HTTP/1.1", FakeDatabase(), versions)[0] == 501


@pytest.mark.parametrize(
    ("line", "logged"),
    [
        ("GET /live?token=hush HTTP/1.1", "192.0.2.7 GET /live 200\n"),
        ("GET /\x1b[2Jhush HTTP/1.1", "192.0.2.7 GET /\\x1b[2Jhush 404\n"),
        ("GET /live?token=hush HTTP/1.1 more", "192.0.2.7 - - 400\n"),
    ],
)
def test_a_request_is_one_line_in_the_log_without_its_query(versions, capsys, line, logged):
    ask(line, FakeDatabase(), versions)
    assert capsys.readouterr().err == logged


def test_the_database_is_named_by_the_variables_of_the_compose_files():
    assert Database.from_variables({**NAMED, "POSTGRES_PASSWORD": "hush"}) == Database(
        host="db", port=5432, user="postgres", name="sanbou_stg", password="hush"
    )


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"POSTGRES_USER": "postgres"}, "POSTGRES_DB is not set"),
        ({**NAMED, "POSTGRES_PORT": "five"}, "POSTGRES_PORT is 'five'"),
    ],
)
def test_a_database_that_is_not_named_is_refused(variables, why):
    with pytest.raises(Refusal, match=why) as refusal:
        Database.from_variables(variables)
    assert refusal.value.code == USAGE


def test_the_password_is_never_shown_and_its_file_is_read_at_each_connection(tmp_path):
    secret = tmp_path / "password"
    database = Database.from_variables({**NAMED, "POSTGRES_PASSWORD_FILE": str(secret)})
    with pytest.raises(Unavailable, match=r"^POSTGRES_PASSWORD_FILE cannot be read$"):
        database.revisions()
    secret.write_text("hush\n", encoding="utf-8")
    assert database._password() == "hush"
    assert "hush" not in repr(Database.from_variables({**NAMED, "POSTGRES_PASSWORD": "hush"}))


def test_importing_the_service_brings_neither_models_nor_alembic():
    script = "import sys, app.core_api.__main__; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "psycopg2" in modules
    assert not {"sqlalchemy", "alembic", "app.infra", "yaml"}.intersection(modules)


def test_the_process_answers_without_a_database_keeps_the_password_and_ends_at_once(tmp_path):
    variables = {**os.environ, **NAMED, "POSTGRES_HOST": str(tmp_path), "POSTGRES_PASSWORD": "hush"}
    command = [sys.executable, "-m", "app.core_api", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=variables, stderr=subprocess.PIPE, text=True
    ) as service:
        assert service.stderr
        port = re.fullmatch(r".* port (\d+)\n", service.stderr.readline())
        assert port
        with pytest.raises(urllib.error.HTTPError) as answer, answer_of(port[1]):
            pass
        with answer.value as error:
            assert (error.code, json.load(error)["reason"]) == (503, "the database does not answer")
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=2) == 0
        log = service.stderr.read()
    assert log.endswith("127.0.0.1 GET /health 503\n")
    assert "hush" not in log


def answer_of(port: str):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}/health?token=hush", timeout=10)
