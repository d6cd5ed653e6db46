from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest

from dbops.errors import Problem
from dbops.snapshot import Omission, Snapshot, canonical, lines_to_drop, load
from dbops.sql_text import Statement, split

DATA = Path(__file__).parent / "data"
SHOWN = "sql/schema_baseline.sql"
DUMPS = {major: (DATA / f"pg_dump_{major}.sql").read_text(encoding="utf-8") for major in (15, 17)}
DUMP = DUMPS[17]
HEADER = """\
-- The schema of local_dev: structure only, without rows, owners and privileges.
-- Written by `inv baseline-export`, which replaces this file. Do not edit it: a change of the
-- schema is a new revision.

--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
"""
TRAILER = """\
ALTER TABLE mart.slip ENABLE ROW LEVEL SECURITY;

--
-- PostgreSQL database dump complete
--
"""


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "snapshot.sql"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def loaded(tmp_path: Path, content: str | bytes) -> Snapshot:
    return load(written(tmp_path, content), display=SHOWN)


def statements(text: str) -> list[str]:
    return [each.text for each in split(text) if isinstance(each, Statement)]


def without(text: str, omitted: tuple[Omission, ...]) -> str:
    numbers = {each.line for each in omitted}
    lines = enumerate(text.split("\n"), start=1)
    return "\n".join(line for number, line in lines if number not in numbers)


@pytest.mark.parametrize("major", [15, 17])
def test_a_real_dump_tells_what_it_holds(major: int) -> None:
    path = DATA / f"pg_dump_{major}.sql"

    found = load(path, display=SHOWN)

    assert found.path == path
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.lines == DUMPS[major].count("\n")
    assert found.statements == len(statements(DUMPS[major])) - 3  # those of alembic_version
    assert found.schemas == ("mart", "raw data")
    assert found.relations == (
        "mart.slip",
        "mart.daily",
        "mart.mv_daily",
        "mart.reading",
        "mart.reading_2025",
        "mart.slip_id_seq",
        "raw data.受入;伝票",
        "raw data.受入;伝票_id_seq",
    )
    assert found.extensions == ()
    assert found.roles == ("reader",)


@pytest.mark.parametrize("major", [15, 17])
def test_the_canonical_form_begins_and_ends_alike_whatever_wrote_the_dump(major: int) -> None:
    found = canonical(DUMPS[major], title="local_dev")

    assert found.startswith(HEADER)
    assert found.endswith(TRAILER)


@pytest.mark.parametrize("major", [15, 17])
def test_the_canonical_form_holds_nothing_that_differs_between_two_dumps(major: int) -> None:
    again = DUMPS[major].replace("restrict 5", "restrict 6").replace("restrict 9", "restrict 8")
    again = again.replace(" version 1", " version 2")

    assert again != DUMPS[major]
    assert canonical(again, title="local_dev") == canonical(DUMPS[major], title="local_dev")


@pytest.mark.parametrize("major", [15, 17])
def test_the_canonical_form_of_a_canonical_form_is_the_same(major: int) -> None:
    once = canonical(DUMPS[major], title="local_dev")

    assert canonical(once, title="local_dev") == once
    assert canonical(canonical(DUMPS[major], title="other"), title="local_dev") == once


@pytest.mark.parametrize("major", [15, 17])
def test_the_canonical_form_loads_everywhere_without_leaving_anything_out(
    tmp_path: Path, major: int
) -> None:
    found = canonical(DUMPS[major], title="local_dev")

    assert loaded(tmp_path, found).dropped == ()
    assert lines_to_drop(found, 130000) == ()


@pytest.mark.parametrize("major", [15, 17])
def test_the_canonical_form_keeps_every_other_statement_and_its_heading(major: int) -> None:
    found = canonical(DUMPS[major], title="local_dev")

    rest = without(DUMPS[major], lines_to_drop(DUMPS[major], 130000))
    assert statements(found) == statements(rest)
    assert "\\restrict b\nCOMMIT;\n" in found
    assert "\\\\unrestrict b\n" in found
    assert "SET transaction_timeout = 0;\n\\restrict c\nSET transaction_timeout = 0;';\n" in found
    left_out = {"Name: alembic_version", "Name: TABLE alembic_version", "Name: public;"}
    headings = [line for line in DUMPS[major].split("\n") if line.startswith("-- Name: ")]
    assert [line for line in found.split("\n") if line.startswith("-- Name: ")] == [
        each for each in headings if not any(name in each for name in left_out)
    ]


@pytest.mark.parametrize("major", [15, 17])
def test_the_canonical_form_has_the_spacing_of_pg_dump(major: int) -> None:
    found = canonical(DUMPS[major], title="local_dev")

    assert "\n\n\n\n" not in found
    assert not [line for line in found.split("\n") if line != line.rstrip()]
    for heading in found.split("\n--\n-- Name: ")[1:-1]:
        assert heading.endswith((";\n\n", "heap;\n")), heading


def test_a_setting_between_the_version_table_and_the_next_one_stays() -> None:
    heading = "--\n-- Name: {0}; Type: TABLE; Schema: public; Owner: -\n--\n\n"
    dump = (
        "--\n-- PostgreSQL database dump\n--\n\n"
        + heading.format("alembic_version")
        + "CREATE TABLE public.alembic_version (a text);\n\n\nSET default_tablespace = '';\n\n"
        + heading.format("slip")
        + "CREATE TABLE public.slip (a text);\n\n\n--\n-- PostgreSQL database dump complete\n--\n\n"
    )

    assert canonical(dump, title="x").split("--\n\n", maxsplit=1)[1] == (
        "SET default_tablespace = '';\n\n"
        + heading.format("slip")
        + "CREATE TABLE public.slip (a text);\n\n\n--\n-- PostgreSQL database dump complete\n--\n"
    )


def test_a_title_stays_on_its_line() -> None:
    first = canonical(DUMP, title="local_dev\nDROP TABLE a;").split("\n")[0]

    assert first == (
        "-- The schema of local_dev DROP TABLE a;: structure only, without rows, owners and "
        "privileges."
    )


def test_what_is_no_dump_or_a_cut_one_has_no_canonical_form() -> None:
    with pytest.raises(Problem) as no_dump:
        canonical("SELECT 1;\n", title="local_dev")
    with pytest.raises(Problem) as cut:
        canonical(DUMP[:3000], title="local_dev")

    assert no_dump.value.render() == (
        "error: this is not the output of pg_dump\n"
        "where: the dump of local_dev\n"
        "why:   it has no '-- PostgreSQL database dump'\n"
        "next:  type the same command again, with PostgreSQL's own pg_dump"
    )
    assert cut.value.what == "the snapshot is cut in half"


def test_a_snapshot_of_three_thousand_lines_is_read_in_no_time(tmp_path: Path) -> None:
    begin = DUMP.index("--\n-- Name: state; Type: TYPE")
    end = DUMP.rindex("--\n-- PostgreSQL database dump complete")
    path = written(tmp_path, DUMP[:begin] + DUMP[begin:end] * 10 + DUMP[end:])

    started = time.process_time()
    found = load(path, display=SHOWN)
    took = time.process_time() - started

    assert found.lines > 3000
    assert took < 0.1, "0.015 s on an idle core"
