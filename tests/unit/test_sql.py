from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbops.commands import sql
from dbops.environments import find

ANY = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("slips", '"slips"'),
        ("Two Words", '"Two Words"'),
        ('a"; DROP TABLE x; --', '"a""; DROP TABLE x; --"'),
        ("受入", '"受入"'),
        ("it's", '"it\'s"'),
    ],
)
def test_an_identifier_is_quoted(name, quoted):
    assert sql.identifier(name) == quoted


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        (None, "NULL"),
        ("", "''"),
        ("it's", "'it''s'"),
        ("'; DROP TABLE x; --", "'''; DROP TABLE x; --'"),
        ("a\\", "'a\\'"),
        ("本番", "'本番'"),
    ],
)
def test_a_value_is_quoted(value, quoted):
    assert sql.literal(value) == quoted


@given(ANY)
def test_no_name_ends_its_quotes_early(name):
    quoted = sql.identifier(name)
    assert re.fullmatch(r'"(?:[^"]|"")*"', quoted)
    assert quoted[1:-1].replace('""', '"') == name


@given(ANY)
def test_no_value_ends_its_quotes_early(value):
    quoted = sql.literal(value)
    assert re.fullmatch(r"'(?:[^']|'')*'", quoted)
    assert quoted[1:-1].replace("''", "'") == value


def test_a_qualified_name_has_both_its_parts_quoted():
    assert sql.qualified("mart.mv daily") == '"mart"."mv daily"'


@pytest.mark.parametrize("name", ["probe", "materialized_views"])
def test_a_query_is_a_file_of_this_tool_that_only_reads(name):
    text = sql.query(name).read_text(encoding="utf-8")
    assert not re.search(
        r"^\s*(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|TRUNCATE)\b", text, re.MULTILINE
    )


def test_the_revision_log_lies_beside_the_migrations():
    assert "dbops.revision_log" in sql.revision_log(find("local_dev")).read_text(encoding="utf-8")


def test_a_record_names_what_was_done_and_takes_who_from_the_session():
    assert sql.record("stamp", revision="0001", previous=None, sha256="ab") == (
        "INSERT INTO dbops.revision_log (operation, revision, previous, file_sha256, actor, run_id)"
        " VALUES ('stamp', '0001', NULL, 'ab',"
        " nullif(current_setting('dbops.actor', true), ''),"
        " nullif(current_setting('dbops.run_id', true), ''))"
    )


@pytest.mark.parametrize(
    ("expected", "rows"), [((), "ARRAY[]"), (("a", "it's"), "ARRAY['a', 'it''s']")]
)
def test_a_stamp_changes_only_the_rows_it_was_planned_on(expected, rows):
    text = sql.stamp("0001", expected=expected)
    assert f"<> {rows}::text[] THEN" in text
    assert "ERRCODE = 'serialization_failure'" in text
    assert text.index("LOCK TABLE") < text.index("RAISE") < text.index("DELETE FROM")
    assert "INSERT INTO public.alembic_version VALUES ('0001');" in text
