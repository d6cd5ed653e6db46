"""The rules of al-lint on SQL and on revision files, and how what they find is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbops import sql_text
from dbops.errors import Problem
from dbops.linting import names, reports, rules, source, squawk
from dbops.linting.finding import Finding
from dbops.linting.objects import Objects
from dbops.linting.script import Script, Written
from dbops.revisions import Revision

SNAPSHOT = """
CREATE MATERIALIZED VIEW mart.daily AS SELECT a FROM raw.slip WITH NO DATA;
CREATE VIEW mart."monthly" AS SELECT a FROM mart.daily;
CREATE VIEW mart.report AS SELECT a FROM mart.monthly WHERE note <> 'mart.daily';
CREATE VIEW mart.daily_target AS SELECT 'mart.daily' AS a;
CREATE UNIQUE INDEX uq_daily ON mart.daily USING btree (a);
CREATE INDEX ix_daily ON mart.daily USING btree (b);
"""


def statements(text):
    return [each for each in sql_text.split(text) if isinstance(each, sql_text.Statement)]


def check(text, before=SNAPSHOT):
    known = Objects()
    known.take(statements(before))
    return list(rules.check(statements(text), known))


def fired(text, before=SNAPSHOT):
    return [each.rule for each in check(text, before)]


@pytest.mark.parametrize(
    "code",
    [
        "DROP MATERIALIZED VIEW mart.daily CASCADE;",
        'drop materialized view if exists "mart" . "daily" cascade;'.replace(" . ", "."),
        "DROP VIEW mart.x, mart.daily CASCADE;",
        "DROP TABLE raw.slip\n/* why */ CASCADE;",
    ],
)
def test_cascade_names_every_view_that_goes_with_it(code):
    (found,) = check(code)
    assert found.rule == "drop-cascade"
    assert "also drops" in found.message
    assert "mart.monthly, mart.report" in found.message
    assert "daily_target" not in found.message


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("DROP SCHEMA kpi CASCADE;", "drop-cascade"),
        ("DROP EXTENSION pgcrypto CASCADE;", "drop-cascade"),
        ("DROP FUNCTION raw.f(integer) CASCADE;", "drop-cascade"),
        ("ALTER TABLE raw.slip DROP COLUMN a CASCADE;", "drop-cascade"),
        ("ALTER TABLE raw.slip DROP CONSTRAINT pk CASCADE;", "drop-cascade"),
        ("ALTER TABLE raw.slip DROP COLUMN id CASCADE, ADD COLUMN x int;", "drop-cascade"),
        ("ALTER TABLE raw.slip ADD x int\n, DROP id cascade\n, DROP y;", "drop-cascade"),
        ("ALTER TABLE raw.slip ADD x int,DROP id CASCADE,DROP y;", "drop-cascade"),
        ('ALTER TABLE raw.slip DROP COLUMN "a, b" CASCADE, ADD x int;', "drop-cascade"),
        ("ALTER FOREIGN TABLE raw.far DROP COLUMN a CASCADE, DROP b;", "drop-cascade"),
        ("ALTER TYPE raw.pair DROP ATTRIBUTE a CASCADE;", "drop-cascade"),
        ("ALTER TYPE raw.pair DROP ATTRIBUTE a CASCADE, ADD ATTRIBUTE b int;", "drop-cascade"),
        ("ALTER DOMAIN raw.part DROP CONSTRAINT c CASCADE;", "drop-cascade"),
        ("TRUNCATE raw.slip;", "truncate"),
        ("TRUNCATE TABLE ONLY raw.slip CASCADE;", "truncate"),
        ("DROP OWNED BY x CASCADE;", "changes-the-cluster"),
        ("REASSIGN OWNED BY x TO y;", "changes-the-cluster"),
    ],
)
def test_what_takes_more_than_it_names_is_found(code, rule):
    assert fired(code) == [rule]


@pytest.mark.parametrize(
    "code",
    [
        "DROP VIEW mart.report; DROP TYPE raw.pair CASCADE;",
        "CREATE INDEX i ON raw.slip (a); DROP SCHEMA raw CASCADE;",
        "SELECT 1; DROP SCHEMA raw CASCADE; DROP VIEW mart.report;",
    ],
)
def test_a_statement_is_judged_whatever_else_stands_on_its_line(code):
    assert fired(code) == ["drop-cascade"]


def test_a_foreign_key_that_cascades_drops_nothing():
    key = "ADD FOREIGN KEY (a) REFERENCES raw.slip (a) ON DELETE CASCADE"
    assert fired(f"ALTER TABLE raw.line {key};") == []
    assert fired(f"ALTER TABLE raw.line DROP CONSTRAINT old, {key};") == []
    assert fired(f"ALTER TABLE raw.line {key}, DROP CONSTRAINT old;") == []


@pytest.mark.parametrize(
    "code",
    [
        "CREATE ROLE x;",
        "alter user x password 'y';",
        "DROP GROUP x;",
        "ALTER DATABASE sanbou_prod SET work_mem = '7MB';",
        "CREATE TABLESPACE t LOCATION '/x';",
        "ALTER SYSTEM SET work_mem = '7MB';",
    ],
)
def test_what_is_of_the_whole_server_is_no_matter_of_a_revision(code):
    assert fired(code) == ["changes-the-cluster"]


@pytest.mark.parametrize(
    "code",
    ["CREATE USER MAPPING FOR x SERVER y;", "GRANT x TO y;", "ALTER TABLE raw.slip OWNER TO role;"],
)
def test_what_is_of_one_database_is_not_taken_for_the_servers(code):
    assert fired(code) == []


def test_cascade_without_a_known_reader_says_so():
    (found,) = check("DROP VIEW mart.report CASCADE;")
    assert "no view is known to" in found.message
    assert fired("DROP VIEW mart.report; DROP VIEW mart.monthly RESTRICT;") == []


def test_an_earlier_revision_counts_as_much_as_the_snapshot():
    later = f"{SNAPSHOT} DROP VIEW mart.report; CREATE VIEW public.top AS SELECT 1 FROM mart.daily;"
    (found,) = check("DROP MATERIALIZED VIEW mart.daily CASCADE;", later)
    assert "mart.monthly, public.top," in found.message
    assert "mart.report" not in found.message


def test_what_cascade_dropped_is_no_longer_there():
    known = Objects()
    known.take(statements(f"{SNAPSHOT} DROP MATERIALIZED VIEW mart.daily CASCADE;"))
    assert known.readers(["raw.slip"]) == ()
    assert known.indexes("mart.daily") == ()


def test_a_refresh_blocks_readers_unless_it_is_concurrent_or_nobody_can_read_the_view_yet():
    assert fired("REFRESH MATERIALIZED VIEW mart.daily WITH DATA;") == [
        "refresh-without-concurrently"
    ]
    assert fired("REFRESH MATERIALIZED VIEW CONCURRENTLY mart.daily;") == []
    made = "CREATE MATERIALIZED VIEW mart.new AS SELECT 1; CREATE UNIQUE INDEX ON mart.new (a);"
    assert fired(f"{made} REFRESH MATERIALIZED VIEW mart.new;") == []


@pytest.mark.parametrize(
    ("index", "usable"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON mart.new USING btree (a, b DESC)", True),
        ("CREATE UNIQUE INDEX ON mart.new (a) INCLUDE (b) NULLS NOT DISTINCT", True),
        ("CREATE INDEX i ON mart.new (a)", False),
        ("CREATE UNIQUE INDEX i ON mart.new (lower(a))", False),
        ("CREATE UNIQUE INDEX i ON mart.new (a) WHERE a > 0", False),
        ("CREATE UNIQUE INDEX i ON mart.other (a)", False),
    ],
)
def test_a_new_materialized_view_needs_an_index_that_a_concurrent_refresh_can_use(index, usable):
    found = fired(f"CREATE MATERIALIZED VIEW IF NOT EXISTS mart.new AS SELECT 1; {index};")
    assert found == ([] if usable else ["materialized-view-without-unique-index"])


def test_a_view_that_is_made_anew_must_get_its_indexes_and_grants_back():
    anew = (
        "DROP MATERIALIZED VIEW mart.daily; CREATE MATERIALIZED VIEW mart.daily AS SELECT 1;"
        "CREATE UNIQUE INDEX uq_daily ON mart.daily (a);"
    )
    (found,) = check(anew)
    assert found.rule == "materialized-view-recreated"
    assert "without its index ix_daily and the grants" in found.message
    (found,) = check(f"{anew} GRANT SELECT ON mart.daily TO reader;")
    assert "without its index ix_daily;" in found.message
    index = "CREATE INDEX ix_daily ON mart.daily (b);"
    assert fired(f"{anew} {index} GRANT SELECT ON TABLE mart.daily TO reader;") == []


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("DELETE FROM ref.item", "delete-without-where"),
        ("UPDATE ref.item SET a = (SELECT b FROM c WHERE true)", "update-without-where"),
        (
            "WITH d AS (DELETE FROM ref.item RETURNING *) SELECT 1 WHERE true",
            "delete-without-where",
        ),
        ("WITH d AS (SELECT 1) UPDATE ref.item SET a = 1", "update-without-where"),
        ("UPDATE ref.item SET a = 'where'", "update-without-where"),
    ],
)
def test_a_change_of_every_row_is_found(code, rule):
    assert fired(f"{code};") == [rule]


@pytest.mark.parametrize(
    "code",
    [
        "DELETE FROM ref.item WHERE a = 1",
        "UPDATE ref.item SET a = (b + 1) WHERE a IN (SELECT 1)",
        "WITH d AS (SELECT 1 FROM x FOR UPDATE) SELECT 1",
        "WITH d AS (SELECT 1) INSERT INTO x SELECT 1 ON CONFLICT (a) DO UPDATE SET a = 1",
        "GRANT UPDATE ON x TO y",
        "CREATE TRIGGER t AFTER UPDATE ON x EXECUTE FUNCTION f()",
        "SELECT 'DELETE FROM x'",
    ],
)
def test_what_only_looks_like_a_change_of_every_row_is_not(code):
    assert fired(f"{code};") == []


def test_a_do_block_is_said_to_be_unread():
    assert fired("DO $$ BEGIN DELETE FROM x; END $$;") == ["do-block"]


def test_names_are_folded_as_postgresql_folds_them():
    assert names.read('DROP VIEW MART."Daily", "x", Mart.y').names == (
        'mart."Daily"',
        "public.x",
        "mart.y",
    )
    assert names.read("SELECT 1") is None


UP = "def upgrade():\n    op.execute('SELECT 1')\n"


@pytest.mark.parametrize(
    "downgrade",
    [
        "",
        "def downgrade():\n    pass\n",
        "def downgrade():\n    ...\n",
        "def downgrade():\n    return\n",
        "def downgrade():\n    raise NotImplementedError\n",
    ],
)
def test_a_downgrade_that_does_nothing_must_say_why(downgrade):
    assert [each.rule for each in source.check(UP + downgrade, wrote=True)] == [
        "downgrade-without-reason"
    ]


@pytest.mark.parametrize(
    "downgrade",
    [
        "def downgrade():\n    op.drop_table('x')\n",
        "def downgrade():\n    pass  # the rows were wrong before\n",
        'def downgrade():\n    """Nothing to take back: a comment only."""\n',
        "def downgrade():\n    raise NotImplementedError('the rows are gone')\n",
    ],
)
def test_a_downgrade_that_does_something_or_says_why_not_is_well(downgrade):
    assert list(source.check(UP + downgrade, wrote=True)) == []


def test_an_empty_revision_needs_no_downgrade():
    assert list(source.check("def upgrade():\n    pass\n", wrote=False)) == []


def test_an_upgrade_that_writes_nothing_without_a_database_was_not_read():
    (found,) = source.check("def upgrade():\n    if rows():\n        pass\n", wrote=False)
    assert (found.rule, found.line) == ("writes-no-sql", 1)


def test_a_revision_that_asks_whether_it_is_offline_was_not_read_in_full():
    body = "def upgrade():\n    if context.is_offline_mode():\n        return\n"
    down = "def downgrade():\n    op.get_bind().execute(x)\n"
    (found,) = source.check(body + down, wrote=True)
    assert (found.rule, found.line) == ("asks-the-connection", 2)


def test_reasons_are_read_from_comments_alone_and_count_only_with_words():
    text = (
        "# lint-ignore: ban-drop-column nobody reads it\n"
        "x = 1  # lint-ignore: do-block\n"
        'y = "# lint-ignore: drop-cascade never"\n'
        "def upgrade(): pass\n"
    )
    assert source.reasons(text) == {"ban-drop-column": "nobody reads it"}
    (found,) = source.check(text, wrote=False)
    assert (found.rule, found.line) == ("ignore-without-reason", 2)


def test_reasons_in_sql_and_those_without_words():
    sql = "-- lint-ignore: drop-cascade only v depends on it\nDROP VIEW x CASCADE"
    assert source.sql_reasons(sql) == {"drop-cascade": "only v depends on it"}
    assert list(source.check_sql(sql, 7)) == []
    for silent in ("-- lint-ignore: drop-cascade\n", "-- lint-ignore:", "-- squawk-ignore x"):
        (found,) = source.check_sql(silent, 7)
        assert (found.rule, found.line) == ("ignore-without-reason", 7)


def script(tmp_path, text, *written, **more):
    path = tmp_path / "r.py"
    path.write_text(text, encoding="utf-8")
    revision = Revision(id="r", parents=(), title="", path=path, sha256="")
    return Script(revision=revision, written=tuple(written), **more)


def test_the_sql_stands_in_its_transaction_with_the_timeouts_that_are_on(tmp_path):
    written = Written(text="SELECT 1 -- last", line=1)
    timeouts = (("lock_timeout", "2s"), ("statement_timeout", "0"))
    found = script(tmp_path, "", written, timeouts=timeouts)
    assert found.text == "SET lock_timeout = '2s';\nBEGIN;\nSELECT 1 -- last\n;\nCOMMIT;\n"
    assert [each.code for each in found.statements][-2:] == ["SELECT 1", "COMMIT"]


def test_a_line_of_sql_leads_to_the_same_words_in_the_file_or_to_the_call(tmp_path):
    text = 'Q = """\n\tDROP VIEW one;\n"""\n\nop.execute(Q)\nop.drop_column("a")\n'
    written = [
        Written(text="DROP VIEW one", line=5),
        Written(text="ALTER TABLE a\n DROP COLUMN b", line=6),
    ]
    found = script(tmp_path, text, *written)
    lines = found.text.splitlines()
    where = {each: found.source_line(number) for number, each in enumerate(lines, start=1)}
    assert where["DROP VIEW one"] == 2
    assert where[" DROP COLUMN b"] == 6
    assert (where["BEGIN;"], where["COMMIT;"]) == (1, 1)
    assert found.writer_text(lines.index(" DROP COLUMN b") + 1) == written[1].text


def answer(*rules_on_lines):
    import json

    common = {"level": "Warning", "message": "Bad.", "help": "Do better."}
    return json.dumps([{"rule_name": r, "line": n, **common} for r, n in rules_on_lines])


def test_what_squawk_cannot_read_is_named_and_the_rest_is_judged():
    asked = []

    def ask(text):
        asked.append(text)
        return answer(("syntax-error", 1)) if "TABEL" in text else answer(("ban-drop-column", 2))

    text = "SELECT 1;\nCREATE TABEL x;\nALTER TABLE x DROP COLUMN y;\n"
    found = list(squawk.check(text, ask))
    assert [(each.rule, each.line) for each in found] == [
        ("syntax-error", 2),
        ("ban-drop-column", 3),
    ]
    assert found[1].message == "Bad; Do better"
    assert asked[-1].splitlines() == ["SELECT 1;", " " * 15, "ALTER TABLE x DROP COLUMN y;"]


def test_sql_that_squawk_never_reads_ends_with_what_it_said():
    found = list(squawk.check("SELECT 'open", lambda _: answer(("syntax-error", 0))))
    assert [each.rule for each in found] == ["syntax-error"]


def test_the_comments_that_silence_squawk_do_not_reach_it():
    asked = []
    list(squawk.check("-- squawk-ignore x\n", lambda text: asked.append(text) or "[]"))
    assert asked == ["-- squawk_ignore x\n"]


@pytest.mark.parametrize("said", ["", "[{}]", "[{"])
def test_an_answer_of_another_version_is_a_problem(said):
    with pytest.raises(Problem, match="cannot be read"):
        squawk.found(said)


def finding(**more):
    common = {"rule": "drop-cascade", "severity": "error", "message": "50% lost\nnow"}
    place = {"revision": "r", "path": "a,b.py", "line": 3}
    return Finding(**{**common, **place, **more})


def report(*found, **more):
    common = {"environment": "local_dev", "linted": ("r",), "blocking": ("error",)}
    return reports.Report(**{**common, **more}, findings=found)


def test_an_annotation_escapes_what_would_end_it():
    found = report(finding(), finding(severity="unlinted"), finding(reason="known"))
    place = "file=a%2Cb.py,line=3,title=drop-cascade::50%25 lost%0Anow"
    assert reports.github(found) == [f"::error {place}", f"::notice {place}"]
    assert reports.github(report(finding(), blocking=())) == [f"::warning {place}"]


def test_only_what_blocks_and_has_no_reason_blocks():
    assert report(finding()).is_blocked
    assert not report(finding(reason="known")).is_blocked
    assert not report(finding(severity="warning")).is_blocked
    assert report(finding(severity="unlinted"), blocking=("unlinted",)).is_blocked


def test_a_report_as_data_and_as_a_sentence():
    found = report(finding(), finding(severity="warning", reason="known"))
    facts = reports.facts(found)
    assert (facts["ok"], facts["linted"]) == (False, ["r"])
    assert [each["blocking"] for each in facts["findings"]] == [True, False]
    assert not reports.facts(report(has_squawk=False))["ok"]
    assert reports.facts(report(has_squawk=False, linted=()))["ok"]
    assert reports.sentence(found).splitlines() == [
        "1 revision judged for local_dev: 1 error",
        "  ignored  drop-cascade: known",
    ]
    assert reports.sentence(report()).endswith("nothing found")
    assert reports.rows(found) == [("error", "a,b.py:3", "drop-cascade", "50% lost\nnow")]


def test_the_pinned_linter_is_what_the_tests_run_with():
    root = Path(__file__).parents[2]
    assert "-r requirements-lint.txt" in (root / "requirements-dev.txt").read_text().splitlines()
    assert "squawk-cli==2.70.0" in (root / "requirements-lint.txt").read_text().splitlines()


def test_a_plan_tells_each_finding_in_a_line_and_what_is_ignored():
    found = report(finding(), finding(rule="do-block", reason="it is short"))
    (note,) = reports.notes(found)
    first, ignored, line = note.splitlines()
    assert first == f"al-lint: {reports.sentence(found).splitlines()[0]}"
    assert ignored == "  ignored  do-block: it is short"
    assert line == "  error  a,b.py:3  drop-cascade: 50% lost now"
