from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbops.sql_text import Comment, MetaCommand, Statement, UnterminatedError, split

DUMP = (Path(__file__).parent / "data" / "pg_dump_17.sql").read_text(encoding="utf-8")

NASTY = st.lists(
    st.sampled_from(
        ["'", '"', "$", "$$", "\\", ";", "-", "--", "/", "*", "(", ")", "\n", "a", "é"]
    ),
    max_size=8,
).map("".join)
WORDS = st.sampled_from(
    [
        "select",
        "x",
        "e",
        "a$$b",
        "品名",
        "1",
        "$1",
        "-",
        "/",
        "*",
        "::",
        "=>",
        "begin",
        "case",
        "end",
    ]
)
STRINGS = NASTY.map(lambda text: "'" + text.replace("'", "''") + "'")
ESCAPED = NASTY.map(lambda text: "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'")
NAMES = NASTY.map(lambda text: '"' + text.replace('"', '""') + '"')
BODIES = st.tuples(st.sampled_from(["$$", "$fn$", "$_1$", "$é$"]), NASTY).map(
    lambda made: made[0] + made[1].replace("$", "") + made[0]
)
LINE_COMMENTS = NASTY.map(lambda text: "--" + text.replace("\n", " ") + "\n")
BLOCK_COMMENTS = st.recursive(
    NASTY.map(lambda text: "/*" + text.replace("*", "").replace("/", "") + "*/"),
    lambda inner: st.lists(inner, max_size=2).map(lambda parts: f"/* {' '.join(parts)} */"),
    max_leaves=3,
)
FLAT = st.one_of(WORDS, STRINGS, ESCAPED, NAMES, BODIES, LINE_COMMENTS, BLOCK_COMMENTS)
NESTED = st.recursive(
    FLAT,
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"({' ; '.join(parts)})"),
    max_leaves=5,
)
PLAIN_STATEMENTS = st.lists(NESTED, max_size=6).map(lambda parts: " ".join(["x", *parts, ";"]))
ROUTINES = st.lists(st.one_of(STRINGS, BODIES, BLOCK_COMMENTS), max_size=3).map(
    lambda parts: (
        "CREATE OR REPLACE /* ; */ FUNCTION f() begin ATOMIC "
        f"SELECT CASE WHEN a THEN {' '.join(parts)} end; SELECT (case when b then 2 end); END;"
    )
)
STATEMENTS = st.one_of(PLAIN_STATEMENTS, ROUTINES)
BETWEEN = st.sampled_from(
    ["", " ", "\n", "\n\n", "-- between; 'this\n", "/* and /* ; */ $$ that */"]
)


def statements(script: str) -> list[str]:
    return [each.text for each in split(script) if isinstance(each, Statement)]


def codes(script: str) -> list[str]:
    return [each.code for each in split(script) if isinstance(each, Statement)]


@given(st.lists(st.tuples(BETWEEN, STATEMENTS), max_size=5))
def test_a_script_is_cut_into_exactly_the_statements_it_was_built_from(
    parts: list[tuple[str, str]],
) -> None:
    script = "".join(gap + statement for gap, statement in parts)

    assert statements(script) == [statement for _, statement in parts]


@given(st.lists(st.tuples(BETWEEN, STATEMENTS), min_size=1, max_size=4))
def test_every_piece_says_where_it_stands(parts: list[tuple[str, str]]) -> None:
    script = "".join(gap + statement for gap, statement in parts)

    for each in split(script):
        assert script[each.start : each.end] == each.text
        assert each.first_line == script.count("\n", 0, each.start) + 1
        assert each.last_line == each.first_line + each.text.count("\n")


@given(STATEMENTS, st.data())
@settings(max_examples=200)
def test_a_statement_cut_anywhere_is_noticed(statement: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(statement) - 1))

    with pytest.raises(UnterminatedError):
        list(split(statement[:at]))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("select 'a\\'; b;", ["select 'a\\';", "b;"]),
        ("select E'a\\'; b';", ["select E'a\\'; b';"]),
        ("select e'it''s;';", ["select e'it''s;';"]),
        ("select date'2025-01-01;'; b;", ["select date'2025-01-01;';", "b;"]),
        ("select U&'\\0061;'; b;", ["select U&'\\0061;';", "b;"]),
        ("select a$$b; c$$;", ["select a$$b;", "c$$;"]),
        ("select 1$$a;b$$;", ["select 1$$a;b$$;"]),
        ("select $1, $a$ $$;$$ $b$;$b$ $a$;", ["select $1, $a$ $$;$$ $b$;$b$ $a$;"]),
        ("select a+--;\nb;", ["select a+--;\nb;"]),
        ("select a */*;*/ b;", ["select a */*;*/ b;"]),
        ("select a -- one\r; b;", ["select a -- one\r;", "b;"]),
        (
            "create rule r as on delete to t do (a; b);",
            ["create rule r as on delete to t do (a; b);"],
        ),
        ("select case when a then b end; c;", ["select case when a then b end;", "c;"]),
        ("begin; end;", ["begin;", "end;"]),
        (";; a; ;", ["a;"]),
    ],
)
def test_quotes_comments_and_blocks_hide_a_semicolon_as_they_do_for_psql(
    script: str, expected: list[str]
) -> None:
    assert statements(script) == expected


def test_a_string_with_escapes_ends_with_its_line_as_it_does_for_psql() -> None:
    assert statements("select E'a'\n'b\\';\nc;") == ["select E'a'\n'b\\';", "c;"]


def test_the_code_of_a_statement_has_neither_comments_nor_strings() -> None:
    script = """create /* table */ TABLE "My  Table" ( -- it's
        a text default 'commit;' || E'\\'' || $$ drop $$
    );"""

    assert codes(script) == ["create TABLE \"My  Table\" ( a text default '' || '' || '' )"]


def test_comment_lines_that_follow_each_other_are_one_piece() -> None:
    found = list(split("--\n-- one\n--\n\n-- two\na; -- three\n"))

    assert [(type(each), each.text, each.first_line, each.last_line) for each in found] == [
        (Comment, "--\n-- one\n--", 1, 3),
        (Comment, "-- two", 5, 5),
        (Statement, "a;", 6, 6),
        (Comment, "-- three", 6, 6),
    ]


def test_a_backslash_outside_quotes_is_a_command_even_inside_a_statement() -> None:
    found = list(split("\\restrict k1\nselect 1 \\gexec x\n, '\\q', $$\n\\q\n$$;"))

    assert [(type(each), each.text, each.first_line) for each in found] == [
        (MetaCommand, "\\restrict k1", 1),
        (MetaCommand, "\\gexec x", 2),
        (Statement, "select 1 \\gexec x\n, '\\q', $$\n\\q\n$$;", 2),
    ]


@pytest.mark.parametrize("copy", ["COPY t FROM stdin;", "copy t (a, b)\nfrom /* x */ STDIN csv;"])
def test_the_rows_of_a_copy_are_not_read_as_sql(copy: str) -> None:
    assert statements(f"{copy}\n1\tit's\n\\N\t$$;\n\\.\nb;") == [copy, "b;"]


@pytest.mark.parametrize(
    ("script", "inside", "line"),
    [
        ("a;\nselect\n'b;", "a quoted string", 3),
        ("a;\nselect E'b\\';", "a quoted string", 2),
        ('a;\nselect "b;', "a quoted name", 2),
        ("a;\n\nselect $fn$ b; $$ $f$;", "a $fn$ quote", 3),
        ("a;\n/* b /* c */;", "a comment", 2),
        ("a;\n b /* c", "a comment", 2),
        ("a;\n\n  select 1\n-- b", "a statement", 3),
        ("a;\nselect (1;\n", "a statement", 2),
        ("a;\ncreate function f() begin atomic select 1;", "a statement", 2),
        ("a;\ncopy t from stdin;\n1\n", "the rows of a COPY", 2),
        ("a;\ncopy t from stdin;", "the rows of a COPY", 2),
    ],
)
def test_a_script_that_ends_inside_something_says_what_and_where_it_begins(
    script: str, inside: str, line: int
) -> None:
    with pytest.raises(UnterminatedError) as error:
        list(split(script))

    assert (error.value.inside, error.value.line) == (inside, line)
    assert str(error.value) == f"{inside} that begins on line {line} does not end"


def test_a_real_dump_is_cut_at_its_own_headings() -> None:
    found = list(split(DUMP))

    headings = [each for each in found if isinstance(each, Comment) and "\n-- Name: " in each.text]
    first_words = [each.code.split()[0] for each in found if isinstance(each, Statement)]
    assert len(headings) == DUMP.count("\n-- Name: ")
    assert set(first_words) == {"SET", "SELECT", "CREATE", "ALTER", "COMMENT"}
    assert [each.text.split()[0] for each in found if isinstance(each, MetaCommand)] == [
        "\\restrict",
        "\\unrestrict",
    ]


def test_a_megabyte_takes_a_fraction_of_a_second() -> None:
    body = DUMP[DUMP.index("--\n-- Name: state;") : DUMP.rindex("--\n-- PostgreSQL database dump")]
    script = body * (1_000_000 // len(body) + 1)

    begin = time.process_time()
    count = len(list(split(script)))
    took = time.process_time() - begin

    assert count > 5_000
    assert took < 0.6, "0.15 s on an idle core"
