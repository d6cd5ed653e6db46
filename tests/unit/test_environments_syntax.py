from __future__ import annotations

from pathlib import Path

import pytest

from dbops.environments.validation import validate
from dbops.errors import ExitCode, UsageProblem

HEAD = "project: shop\nenvironments:\n  here:\n    backend: embedded\n    database: {name: shop}\n"


def _problem(content):
    raw = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(UsageProblem) as raised:
        validate(Path("e.yaml"), raw)
    assert raised.value.code == ExitCode.USAGE
    return raised.value


def _said(content):
    """Return every error of CONTENT as `line:col: text`."""
    told = _problem(content)
    others = told.why.split("\n       ")[1:]
    return [line.removeprefix("e.yaml:") for line in (f"{told.where}: {told.what}", *others)]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("a: b: c\n", "1:5: a second colon, or a line indented too far; quote text"),
        ("a:\n\tb: 1\n", "2:1: a tab; YAML is indented with spaces"),
        ("a:\n  b: 1\n c: 1\n", "3:2: this line is not indented like the ones above it"),
        ("a: [1\n", "2:1: a bracket that is not closed, or a comma is missing"),
        ("a: 'x\n", "2:1: the file ends inside quotes or brackets"),
        ("a: 1\n---\nb: 1\n", "2:1: a second document (---); one file holds one"),
        ("a: *b\n", "1:4: found undefined alias 'b'"),
        ("a: \x07\n", "1:4: a character that YAML does not allow: '\\x07'"),
        (b"a: 1\nb: \xff\n", "2:4: not UTF-8 text; save it as UTF-8"),
        ("\ufeffa: 1\n".encode("utf-16"), "1:1: not UTF-8 text; save it as UTF-8"),
        ("", "1:1: the file is empty"),
        ("# nothing\n", "1:1: the file is empty"),
        ("- a\n", "1:1: needs a mapping of keys, got a list"),
        ("text\n", "1:1: needs a mapping of keys, got 'text'"),
        ("[" * 3000, "1:1: nested too deeply to be read"),
        ('a: "\\ud800"\n', "1:4: half of a character (a lone surrogate)"),
        ('a: "\\UFFFFFFFF"\n', "1:1: an escape in it names no character"),
    ],
)
def test_what_is_not_yaml_is_one_plain_sentence_with_its_place(content, what):
    assert _said(content) == [what]


def test_aliases_that_multiply_without_end_are_stopped():
    levels = [f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 9)]
    (what,) = _said("k0: &k0 [x]\n" + "\n".join(levels))
    assert what.endswith(": more than 50000 values")


def test_an_alias_inside_what_it_names_is_an_error():
    told = _said(HEAD + "    aliases: &a [*a]\n")
    assert told == ["6:14: environments.here.aliases[0]: an alias that stands inside what it names"]


def test_a_tag_is_an_error():
    told = _said(HEAD + "    aliases: [!!python/name:os.system x]\n")
    what = "the tag 'python/name:os.system' is not used here"
    assert told == [f"6:15: environments.here.aliases[0]: {what}"]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("no", "true or false"),
        ("on", "true or false"),
        ("22:30", "a number in another form"),
        ("0123", "a number in another form"),
        ("0x1f", "a number in another form"),
        ("20251212_110000000", "a number in another form"),
        ("1.10", "a number"),
    ],
)
def test_what_yaml_reads_as_something_else_has_to_be_quoted(text, meaning):
    told = _said(HEAD + f"    compose: {{project: {text}, files: [a], volume: v}}\n")
    what = f'YAML reads {text} as {meaning}; quote text: "{text}"'
    assert told == [f"6:24: environments.here.compose.project: {what}"]


def test_a_key_that_stands_twice_is_an_error_at_the_second():
    told = _said(HEAD + "    aliases: [a]\n    aliases: [b]\n")
    assert told == ["7:5: environments.here.aliases: this key stands here twice"]


def test_a_key_that_yaml_reads_as_something_else_is_told_beside_being_unknown():
    assert _said(HEAD + "    on: 1\n") == [
        '6:5: environments.here.on: YAML reads on as true or false; quote text: "on"',
        "6:5: environments.here.on: unknown key",
    ]


def test_anchors_and_merge_keys_are_welcome_and_their_errors_are_told_where_they_stand():
    content = HEAD.replace("{name: shop}", "&db {name: shop, usr: x}") + (
        "  there:\n    backend: embedded\n    database: {<<: *db, name: other}\n"
    )
    assert _said(content) == [
        '5:32: environments.here.database.usr: unknown key (did you mean "user"?)',
        '5:32: environments.there.database.usr: unknown key (did you mean "user"?)',
    ]


def test_an_own_value_wins_over_a_merged_one_and_the_defaults():
    content = (
        HEAD.replace("{name: shop}", "&db {name: shop, user: me}")
        + "  there:\n    backend: embedded\n    database: {name: other, <<: *db}\n"
        + "    backup: {keep: 2}\ndefaults: {backup: {keep: 5, max_age_hours: 48}}\n"
    )
    there = validate(Path("e.yaml"), content.encode()).environments["there"]
    assert (there.database.name, there.database.user) == ("other", "me")
    assert (there.backup.keep, there.backup.max_age_hours) == (2, 48)


def test_null_takes_back_what_the_defaults_say():
    content = HEAD + "    server: null\ndefaults: {server: {service: x}}\n"
    assert validate(Path("e.yaml"), content.encode()).environments["here"].server is None
