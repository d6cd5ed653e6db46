from __future__ import annotations

import hashlib
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbops.commands import shell

NASTY = [
    "a b",
    "",
    "it's",
    'say "hi"',
    "x; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "two\nlines",
    "本番データ",
    "*",
    "~",
    "$HOME",
    "a\\nb\\",
    "-rf",
    "--",
    "#x",
    "&& touch pwned",
    "%s",
]
ANY = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
)


def _sh(script, directory=None):
    # Bytes: a text pipe would turn every \r into a new line.
    return subprocess.run(
        ["sh", "-c", script, "sh", "run"], cwd=directory, capture_output=True, check=False
    )


def _arrived(script):
    done = _sh(script)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().split("\0")[:-1]


@settings(deadline=None)
@given(st.lists(ANY, min_size=1, max_size=12))
def test_words_arrive_unchanged(given_words):
    assert _arrived(shell.words("printf", "%s\\0", *given_words)) == given_words


@settings(deadline=None)
@given(ANY)
def test_a_variable_for_one_command_arrives_unchanged(value):
    command = """sh -c 'printf "%s\\0" "$X" "$Y"'"""
    assert _arrived(shell.with_environment({"X": value, "Y": "y"}, command)) == [value, "y"]


def test_a_path_is_a_word():
    assert shell.words("ls", Path("/a b")) == "ls '/a b'"


def test_lines_leave_out_what_is_empty():
    assert shell.lines("a", "", "b") == "a\nb"


@settings(deadline=None)
@given(ANY.filter(lambda text: not text.endswith("\n")))
def test_a_command_that_prints_what_is_expected_passes(text):
    done = _sh(shell.equals(shell.words("printf", "%s\\n", text), text))
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize("expected", [each for each in NASTY if "\\" not in each])
def test_a_command_that_prints_something_else_fails_and_says_both(expected):
    done = _sh(shell.equals("echo other", expected))
    said = f"expected {expected}, found other\n"
    assert (done.returncode, done.stdout.decode()) == (1, said)


def test_the_command_of_a_comparison_that_fails_stops_the_step():
    assert _sh("set -e\n" + shell.equals("sh -c 'echo x; exit 7'", "x")).returncode == 7


@pytest.mark.parametrize("name", [each for each in NASTY if each])
def test_a_file_keeps_its_hash_whatever_its_name(tmp_path, name):
    path = tmp_path / name.replace("/", "_")
    path.write_text("content", encoding="utf-8")
    digest = hashlib.sha256(b"content").hexdigest()
    assert _sh(shell.has_sha256(path, digest)).returncode == 0
    path.write_text("changed", encoding="utf-8")
    assert _sh(shell.has_sha256(path, digest)).returncode == 1


def test_a_file_that_is_gone_is_a_changed_one(tmp_path):
    done = _sh(shell.has_sha256(tmp_path / "gone", "0" * 64))
    assert (done.returncode, done.stdout.decode()) == (
        1,
        f"{tmp_path}/gone changed after the plan was made\n",
    )


@pytest.mark.parametrize("name", [each for each in NASTY if each])
def test_lines_are_left_out_by_their_numbers(tmp_path, name):
    path = tmp_path / name
    path.write_text("1\n2\n3\n4\n5\n")
    (tmp_path / "run").mkdir()
    command = shell.without_lines(path, [1, 4, 5], f"{shell.RUN}/kept")
    assert _sh(command, tmp_path).returncode == 0
    assert (tmp_path / "run" / "kept").read_text() == "2\n3\n"


def test_what_is_quoted_reads_back_as_the_same_words():
    assert shlex.split(shell.words(*NASTY)) == NASTY
