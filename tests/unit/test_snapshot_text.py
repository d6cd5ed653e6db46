from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from dbops.errors import ExitCode, Problem
from dbops.snapshot import Omission, Snapshot, lines_to_drop, load
from dbops.sql_text import Statement, split

DATA = Path(__file__).parent / "data"
SHOWN = "sql/schema_baseline.sql"
EXPORT = "inv baseline-export --env local_dev"
DUMPS = {major: (DATA / f"pg_dump_{major}.sql").read_text(encoding="utf-8") for major in (15, 17)}
DUMP = DUMPS[17]
LATEST = 180000


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "snapshot.sql"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def loaded(tmp_path: Path, content: str | bytes) -> Snapshot:
    return load(written(tmp_path, content), display=SHOWN)


def refused(path: Path) -> tuple[str, int]:
    with pytest.raises(Problem) as error:
        load(path, display=SHOWN)
    return error.value.render(), error.value.code


def message(what: str, where: str, why: str, next_command: str) -> str:
    return f"error: {what}\nwhere: {where}\nwhy:   {why}\nnext:  {next_command}"


def statements(text: str) -> list[str]:
    return [each.text for each in split(text) if isinstance(each, Statement)]


def without(text: str, omitted: tuple[Omission, ...]) -> str:
    numbers = {each.line for each in omitted}
    lines = enumerate(text.split("\n"), start=1)
    return "\n".join(line for number, line in lines if number not in numbers)


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    what = "the snapshot cannot be read"

    assert refused(tmp_path / "no.sql") == (
        message(what, SHOWN, "no such file or directory", EXPORT),
        ExitCode.USAGE,
    )
    assert refused(tmp_path) == (message(what, SHOWN, "is a directory", EXPORT), ExitCode.USAGE)


@pytest.mark.parametrize("content", ["", "\n \n", "-- a comment\n/* another */\n", ";\n;"])
def test_a_file_without_a_statement_is_refused(tmp_path: Path, content: str) -> None:
    assert refused(written(tmp_path, content)) == (
        message("the snapshot is empty", SHOWN, "it holds no statement", EXPORT),
        ExitCode.USAGE,
    )


@pytest.mark.parametrize(
    ("content", "place", "why"),
    [
        (b"SELECT 1;\n-- \xe5\x93\x81\x93;", "2:5", "byte 0x93: invalid start byte"),
        (b"-- \xe5\x93", "1:4", "byte 0xe5: unexpected end of data"),
        (b"\xff\xfeS\x00", "1:1", "byte 0xff: invalid start byte"),
        (b"\xef\xbb\xbfSELECT 1;", "1:1", "an editor put a byte order mark before it"),
        (b"SELECT 1;\nSELECT\0 2;", "2:7", "it holds a NUL byte"),
        (
            b"SELECT 1;\r\nSELECT 2;\r\n",
            "1:10",
            "git or an editor changed its line ends to CR LF, also inside function bodies",
        ),
    ],
)
def test_a_file_that_is_not_utf_8_is_refused_at_its_first_bad_byte(
    tmp_path: Path, content: bytes, place: str, why: str
) -> None:
    assert refused(written(tmp_path, content)) == (
        message("the snapshot is not plain UTF-8 text", f"{SHOWN}:{place}", why, EXPORT),
        ExitCode.USAGE,
    )


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("a;\nSELECT 'b;\n", 2, "a quoted string that begins on line 2 does not end"),
        ("a;\nSELECT $f$\nb;\n\n", 3, "a $f$ quote that begins on line 2 does not end"),
        ("a;\n/* b", 2, "a comment that begins on line 2 does not end"),
        ("CREATE TABLE t (\n a int\n", 2, "a statement that begins on line 1 does not end"),
        ("COPY t FROM stdin;\n1\n", 2, "the rows of a COPY that begins on line 1 does not end"),
    ],
)
def test_a_file_that_ends_inside_something_is_refused(
    tmp_path: Path, content: str, line: int, why: str
) -> None:
    assert refused(written(tmp_path, content)) == (
        message("the snapshot is cut in half", f"{SHOWN}:{line}", why, EXPORT),
        ExitCode.USAGE,
    )


def test_a_dump_without_its_last_lines_is_refused(tmp_path: Path) -> None:
    cut = DUMP[: DUMP.index("--\n-- Name: slip readers; Type: POLICY")]
    why = "its last lines, with '-- PostgreSQL database dump complete', are missing"

    assert refused(written(tmp_path, cut)) == (
        message("the snapshot is cut in half", f"{SHOWN}:335", why, EXPORT),
        ExitCode.USAGE,
    )


def test_a_dump_cut_at_any_byte_is_noticed(tmp_path: Path) -> None:
    function = DUMP.index("--\n-- Name: traps(); Type: FUNCTION")
    rest = DUMP.index("--\n-- Name: FUNCTION traps()")
    end = DUMP.rindex("\n--\n-- PostgreSQL database dump complete")
    whole = (DUMP[: DUMP.index("--\n-- Name: public;")] + DUMP[function:rest] + DUMP[end:]).encode()
    complete = whole.rindex(b"dump complete") + len(b"dump complete")
    all_of_it = loaded(tmp_path, whole).statements

    for at in range(complete):
        with pytest.raises(Problem):
            loaded(tmp_path, whole[:at])
    for at in range(complete, len(whole)):
        with contextlib.suppress(Problem):
            assert loaded(tmp_path, whole[:at]).statements == all_of_it


def test_a_commit_behind_the_end_of_a_dump_is_refused(tmp_path: Path) -> None:
    content = DUMP + "COMMIT;\n"

    assert refused(written(tmp_path, content))[0].splitlines()[:2] == [
        "error: the snapshot holds COMMIT",
        f"where: {SHOWN}:357",
    ]


def test_the_keys_and_the_version_table_of_a_real_dump_are_left_out() -> None:
    assert load(DATA / "pg_dump_17.sql", display=SHOWN).dropped == (
        Omission(5, "a key of pg_dump for psql"),
        *(Omission(line, "alembic_version belongs to Alembic") for line in (230, 231, 232)),
        Omission(239, "alembic_version belongs to Alembic"),
        *(Omission(line, "alembic_version belongs to Alembic") for line in (293, 294)),
        Omission(355, "a key of pg_dump for psql"),
    )


@pytest.mark.parametrize(
    ("server_version_num", "left_out"),
    [(LATEST, []), (170000, []), (160013, [13]), (130023, [13])],
)
def test_a_setting_is_left_out_for_servers_that_do_not_know_it(
    server_version_num: int, left_out: list[int]
) -> None:
    always = load(DATA / "pg_dump_17.sql", display=SHOWN).dropped

    found = lines_to_drop(DUMP, server_version_num)

    assert [each.line for each in found if each not in always] == left_out
    assert set(found) >= set(always)
    assert found == tuple(sorted(found))


def test_the_reason_names_the_setting_and_its_first_server() -> None:
    text = "SET lock_timeout = 0;\nSET\n  transaction_timeout\n  TO '0';\n"

    assert lines_to_drop(text, 160004) == tuple(
        Omission(line, "transaction_timeout needs PostgreSQL 17") for line in (2, 3, 4)
    )


@pytest.mark.parametrize("major", [15, 17])
def test_without_its_lines_a_dump_holds_every_other_statement_unchanged(major: int) -> None:
    rest = without(DUMPS[major], lines_to_drop(DUMPS[major], 150000))

    assert statements(rest) == [
        each
        for each in statements(DUMPS[major])
        if "public.alembic_version" not in each and not each.startswith("SET transaction_timeout")
    ]


@pytest.mark.parametrize(
    "content",
    [
        "SELECT 1; SET transaction_timeout = 0;\n",
        "SET transaction_timeout = 0; SELECT 1;\n",
        "SET transaction_timeout = 0; /* a\n b */ SELECT 1;\n",
        "/* a\n*/ SET transaction_timeout = 0;\n",
    ],
)
def test_a_line_to_leave_out_that_holds_something_else_is_refused(content: str) -> None:
    line = content[: content.index("SET")].count("\n") + 1

    with pytest.raises(Problem) as error:
        lines_to_drop(content, 160000, display=SHOWN)

    assert error.value.render() == message(
        "a statement shares a line with something else",
        f"{SHOWN}:{line}",
        "it is left out by whole lines: transaction_timeout needs PostgreSQL 17",
        f"give it lines of its own, or {EXPORT}",
    )
    assert error.value.code == ExitCode.REFUSED
