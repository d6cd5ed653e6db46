"""What travels through the one shell of a session: tokens, exit codes, two streams in pieces."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paramiko import SSHException

from dbops.commands.shell import Question
from dbops.environments.model import Database, Environment, Host
from dbops.errors import ExitCode, Unreachable
from dbops.session import Session
from dbops.session.stream import Stream as _Stream

HOP = "deploy@vm-stg:22"


class Channel:
    """A channel to the sh of this machine, which answers in pieces of PIECE bytes."""

    def __init__(self, piece: int = 1 << 16) -> None:
        self.piece = piece
        self.out = bytearray()
        self.error = bytearray()
        self.closed = False
        self.sent = 0

    def sendall(self, text: bytes) -> None:
        self.sent += 1
        done = subprocess.run(["sh"], input=text, capture_output=True, timeout=20, check=False)
        self.out += done.stdout
        self.error += done.stderr

    def recv_ready(self) -> bool:
        return bool(self.out)

    def recv_stderr_ready(self) -> bool:
        return bool(self.error)

    def recv(self, limit: int) -> bytes:
        return self._take(self.out, limit)

    def recv_stderr(self, limit: int) -> bytes:
        return self._take(self.error, limit)

    def _take(self, buffer: bytearray, limit: int) -> bytes:
        if not buffer and not self.closed:
            raise TimeoutError
        taken = bytes(buffer[: min(self.piece, limit)])
        del buffer[: len(taken)]
        return taken


def environment() -> Environment:
    return Environment(
        name="vm_stg",
        aliases=("stg",),
        project="sanbou",
        project_directory=Path("/srv/sanbou_app"),
        file=Path("/srv/sanbou_app/environments.yaml"),
        backend="compose",
        host=Host(address="vm-stg", directory="/srv/sanbou_app"),
        database=Database(name="sanbou_stg"),
    )


def connected(channel: Channel, *, last: float = 0.0, active: bool = True) -> Session:
    made = Session(environment().at_host())
    made._channel = channel
    made._route = (HOP,)
    made._pulse = SimpleNamespace(last=last)
    made._transport = SimpleNamespace(is_active=lambda: active)
    return made


@given(st.text(st.characters(exclude_characters="\n", codec="utf-8")), st.integers(1, 7))
def test_a_mark_is_found_however_the_bytes_come(text, size):
    stream, content = _Stream(), f"{text}\nrest".encode()
    found = []
    for at in range(0, len(content), size):
        stream.feed(content[at : at + size])
        if (taken := stream.until("\n")) is not None:
            found.append(taken)
    assert found == [text]
    assert stream.buffer == b"rest"


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_a_question_brings_its_exit_code_and_both_streams(piece):
    asked = connected(Channel(piece))
    answer = asked.read(["sh", "-c", "cat; echo 凛; echo no >&2; exit 3"], text="one\ntwo")
    assert (answer.code, answer.out, answer.error) == (3, "one\ntwo\n凛\n", "no\n")


def test_output_without_an_end_of_line_stays_as_it_is():
    answer = connected(Channel()).read(["printf", "unfinished"])
    assert (answer.code, answer.out, answer.error) == (0, "unfinished", "")


def echoing(*said: str) -> list[Question]:
    return [Question(words=("echo", each)) for each in said]


def test_questions_that_are_foreseen_are_sent_at_once_before_any_is_waited_for():
    channel = Channel()
    asked = connected(channel)
    asked.foresee(*echoing("a", "b", "c"))
    assert channel.sent == 1
    assert [asked.read(["echo", each]).out for each in "cab"] == ["c\n", "a\n", "b\n"]
    assert channel.sent == 1


def test_a_script_yields_lines_and_at_last_its_exit_code():
    lines = list(connected(Channel(3)).script("echo one; echo two >&2; exit 75"))
    assert [each for each in lines if each] == ["one", "two", "75"]


def test_a_script_that_prints_what_looks_like_a_token_ends_nothing():
    lines = list(connected(Channel()).script("echo dbops-0000-1 0; echo after"))
    assert lines[:2] == ["dbops-0000-1 0", "after"]


def test_an_answer_that_was_foreseen_is_read_before_a_script_begins():
    asked = connected(Channel())
    asked.foresee(*echoing("seen"))
    assert "run" in list(asked.script("echo run"))
    assert asked.read(["echo", "seen"]).out == "seen\n"


COUNTED = Question(words=("sh", "-c", "ls | wc -l"))


def test_what_was_foreseen_travels_again_behind_a_script_that_asks_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    channel = Channel()
    asked = connected(channel)
    asked.foresee(COUNTED, *echoing("unread"))
    assert asked.read(COUNTED.words).out.strip() == "0"
    assert list(asked.script("touch made", again=True))[-1] == "0"
    asked.foresee(COUNTED, *echoing("unread"))
    assert channel.sent == 2
    assert asked.read(COUNTED.words).out.strip() == "1"
    asked.foresee(COUNTED, *echoing("unread"))
    assert channel.sent == 3


def test_other_questions_than_travelled_behind_a_script_are_sent(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = connected(Channel())
    asked.foresee(COUNTED)
    list(asked.script("touch made", again=True))
    asked.foresee(COUNTED, *echoing("more"))
    assert asked.read(["echo", "more"]).out == "more\n"
    assert asked.read(COUNTED.words).out.strip() == "1"


def test_a_script_that_does_not_ask_for_it_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = connected(Channel())
    asked.foresee(COUNTED)
    list(asked.script("touch one", again=True))
    list(asked.script("touch two"))
    asked.foresee(COUNTED)
    assert asked.read(COUNTED.words).out.strip() == "2"


class Opened(Channel):
    """A channel as sshd opens it: nothing comes through before its command has begun."""

    def exec_command(self, command: str) -> None:
        self.command = command
        done = subprocess.run(
            ["sh", "-c", command], input=b"", capture_output=True, timeout=20, check=False
        )
        self.out += done.stdout
        self.error += done.stderr

    def settimeout(self, seconds: float) -> None:
        pass


def unopened(channel: Opened) -> Session:
    made = connected(channel)
    del made._channel
    made._transport = SimpleNamespace(open_session=lambda **_: channel)
    return made


def test_the_first_questions_come_with_the_command_that_begins_the_shell():
    channel = Opened()
    asked = unopened(channel)
    asked.foresee(*echoing("it's", "$HOME `id`"))
    assert asked.read(["echo", "$HOME `id`"]).out == "$HOME `id`\n"
    assert asked.read(["echo", "it's"]).out == "it's\n"
    assert channel.out == channel.error == b""
    assert not set("\n\\!") & set(channel.command)  # shells differ in how they quote these


def test_a_text_too_long_for_a_command_is_sent_to_the_shell():
    channel = Opened()
    text = "凛" * 8001
    assert unopened(channel).read(["cat"], text=text).out == f"{text}\n"
    assert len(channel.command) < 1500


def test_a_shell_that_is_refused_is_a_lost_connection():
    channel = Opened()
    asked = unopened(channel)

    def refuse(command: str) -> None:
        raise SSHException("Channel closed.")

    channel.exec_command = refuse
    with pytest.raises(Unreachable) as lost:
        asked.read(["true"])
    assert lost.value.why == "Channel closed."


def test_tokens_are_never_the_same():
    made = connected(Channel())
    tokens = {made._token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"dbops-[0-9a-f]{16}-\d+", each) for each in tokens)


def test_a_host_that_closes_the_connection_is_lost_with_the_command_that_comes_back():
    channel = Channel()
    channel.closed = True
    asked = connected(channel)
    asked._pending = [(Question(words=("true",)), "token")]
    with pytest.raises(Unreachable) as lost:
        asked._receive()
    assert lost.value.code == ExitCode.UNREACHABLE
    assert lost.value.why == "the host closed the connection"
    assert lost.value.next_command == "fab -H stg attach"


@pytest.mark.parametrize(("last", "active"), [(-26.0, True), (0.0, False)])
def test_silence_longer_than_the_limit_or_a_dead_transport_is_a_lost_connection(
    monkeypatch, last, active
):
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    with pytest.raises(Unreachable) as lost:
        connected(Channel(), last=last, active=active)._more()
    assert lost.value.what == "vm_stg: the connection was lost"
    assert lost.value.why.startswith("nothing was heard of it for ")


def test_a_short_silence_is_waited_out(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    assert connected(Channel(), last=-24.0)._more() is None
