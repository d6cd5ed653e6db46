from __future__ import annotations

from pathlib import Path

import pytest
from handmade import SNAPSHOT

from dbops import schema_text, snapshot

DUMPS = Path(__file__).parent / "data"
TABLE = "CREATE TABLE raw.slips (\n    id integer NOT NULL\n);"
END = "--\n-- PostgreSQL database dump complete"


def _objects(text):
    return schema_text.objects(snapshot.canonical(text, title="x"))


def _with(text, before, addition):
    assert before in text
    return text.replace(before, addition + before, 1)


def test_a_dump_is_taken_apart_into_its_objects():
    assert _objects(SNAPSHOT) == {
        "SCHEMA mart": "CREATE SCHEMA mart;",
        "SCHEMA raw": "CREATE SCHEMA raw;",
        "TABLE raw.slips": TABLE,
        "VIEW mart.daily": "CREATE VIEW mart.daily AS\n SELECT count(*) AS count FROM raw.slips;",
    }


def test_an_object_that_was_added_is_the_only_difference():
    added = "--\n-- Name: weekly; Type: VIEW; Schema: mart; Owner: -\n--\n\nCREATE VIEW x;\n\n\n"
    live = _objects(_with(SNAPSHOT, END, added))
    assert schema_text.differences(_objects(SNAPSHOT), live) == ["unexpected  VIEW mart.weekly"]


def test_an_object_added_before_the_first_table_is_the_only_difference():
    added = (
        "--\n-- Name: f(); Type: FUNCTION; Schema: raw; Owner: -\n--\n\nCREATE FUNCTION f;\n\n\n"
    )
    live = _objects(_with(SNAPSHOT, "SET default_tablespace", added))
    assert schema_text.differences(_objects(SNAPSHOT), live) == ["unexpected  FUNCTION raw.f()"]


FAST = "SET default_tablespace = fast;\n\nSET default_table_access_method = columnar;"
USUAL = "SET default_tablespace = '';\n\nSET default_table_access_method = heap;"


def test_a_tablespace_and_an_access_method_belong_to_the_table_alone():
    moved = SNAPSHOT.replace(USUAL, FAST).replace(
        "Schema: raw; Owner: -\n--\n\nCREATE TABLE",
        "Schema: raw; Owner: -; Tablespace: fast\n--\n\nCREATE TABLE",
    )
    live = _objects(moved.replace("--\n-- Name: daily", f"{USUAL}\n\n--\n-- Name: daily"))
    assert schema_text.differences(_objects(SNAPSHOT), live) == ["changed     TABLE raw.slips"]
    assert live["TABLE raw.slips"] == f"-- tablespace fast\n-- access method columnar\n{TABLE}"


def test_what_is_missing_unexpected_and_changed_is_told_object_by_object():
    expected = {"TABLE a": "1", "TABLE b": "1", "VIEW c": "1"}
    live = {"TABLE a": "1", "TABLE b": "2", "VIEW d": "1"}
    assert schema_text.differences(expected, live) == [
        "changed     TABLE b",
        "missing     VIEW c",
        "unexpected  VIEW d",
    ]


def test_a_definition_that_looks_like_a_head_stays_in_its_object():
    body = "CREATE FUNCTION raw.f() RETURNS text LANGUAGE sql AS $$SELECT '-- Name: x'$$;"
    added = f"--\n-- Name: f(); Type: FUNCTION; Schema: raw; Owner: -\n--\n\n{body}\n\n\n"
    assert _objects(_with(SNAPSHOT, END, added))["FUNCTION raw.f()"] == body


@pytest.mark.parametrize("major", [15, 17])
def test_no_object_of_a_real_dump_is_lost_or_holds_what_stands_between_objects(major):
    text = (DUMPS / f"pg_dump_{major}.sql").read_text(encoding="utf-8")
    found = _objects(text)
    heads = snapshot.canonical(text, title="x").count("\n-- Name: ")
    assert len(found) == heads
    assert not [each for each in found.values() if each.endswith(("heap;", "complete\n--"))]


def test_two_dumps_of_one_schema_have_the_same_canonical_file(tmp_path):
    source = DUMPS / "pg_dump_17.sql"
    for name in ("one.sql", "two.sql"):
        schema_text.main(str(source), str(tmp_path / name))
    assert (tmp_path / "one.sql").read_bytes() == (tmp_path / "two.sql").read_bytes()
    assert b"restrict" not in (tmp_path / "one.sql").read_bytes().split(b"CREATE", 1)[0]
