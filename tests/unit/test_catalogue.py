from __future__ import annotations

import json

import pytest

from dbops.catalogue import Catalogue, Key, Severity, differences, dump, load, parse
from dbops.catalogue.normal import form
from dbops.errors import UsageProblem

TABLE = ("table", "m.t")
ROWS = (
    ("schema", "m", "CREATE SCHEMA m"),
    (*TABLE, "TABLE", "schema", "m"),
    ("column", "m.t.a", "integer", *TABLE),
    ("column", "m.t.b", "text", *TABLE),
    ("column order", "m.t", "a\nb", *TABLE),
    ("not null", "m.t.a", "NOT NULL", "column", "m.t.a"),
    ("index", "m.t_a", "CREATE INDEX t_a ON m.t USING btree (a)", *TABLE),
    ("grant", "table m.t to app", "INSERT, SELECT", *TABLE),
    ("view", "m.v", "CREATE VIEW m.v AS\n SELECT a\n   FROM m.t", "schema", "m"),
    ("result columns", "m.v", "a integer", "view", "m.v"),
)


def text(rows):
    return "".join(f"{json.dumps(each)}\n" for each in rows)


def made(*more, without=()) -> Catalogue:
    """Return the catalogue of ROWS less the ones WITHOUT, plus MORE; those take their places."""
    rows = {each[:2]: each for each in (*ROWS, *more)}
    return parse(text(row for key, row in rows.items() if " ".join(key) not in without))


def only(found):
    assert len(found) == 1, found
    return found[0]


def test_a_catalogue_does_not_differ_from_itself():
    assert differences(made(), made()) == []


def test_the_order_of_the_rows_makes_no_difference():
    assert parse(text(ROWS[::-1])).sha256 == made().sha256
    assert dump(parse(text(ROWS[::-1]))) == dump(made())


def test_one_definition_changes_one_digest_and_the_whole():
    other = made(("column", "m.t.a", "bigint", *TABLE))
    changed = [each for each in made().objects if made().digest(each) != other.digest(each)]
    assert changed == [Key("column", "m.t.a")]
    assert made().sha256 != other.sha256


def test_a_missing_table_takes_its_columns_indexes_and_grants_along():
    gone = [" ".join(each[:2]) for each in ROWS if "m.t" in each[1]]
    found = only(differences(made(), made(without=gone)))
    assert (found.what, found.kind, found.identity) == ("missing", "table", "m.t")
    assert len(found.consequences) == 6
    assert found.severity is Severity.DATA
    assert found.repair == ""


def test_an_unexpected_column_is_named_once():
    more = (
        ("column", "m.t.c", "text", *TABLE),
        ("not null", "m.t.c", "NOT NULL", "column", "m.t.c"),
        ("column order", "m.t", "a\nc\nb", *TABLE),
    )
    found = only(differences(made(), made(*more)))
    assert (found.what, found.kind, found.identity) == ("unexpected", "column", "m.t.c")
    assert found.consequences == (Key("not null", "m.t.c"),)


MUST = (
    ("column", "m.t.c", "text", *TABLE),
    ("default", "m.t.c", "'x'::text", "column", "m.t.c"),
    ("not null", "m.t.c", "CONSTRAINT there NOT NULL", "column", "m.t.c"),
    ("comment", "column m.t.c", "'why'", "column", "m.t.c"),
)
NEXT = "nextval('m.c_seq'::regclass)"
CREATE, OWNED = "CREATE SEQUENCE m.c_seq AS integer", "ALTER SEQUENCE m.c_seq OWNED BY m.t.c"
SERIAL = (
    ("default", "m.t.c", NEXT, "column", "m.t.c"),
    ("sequence", "m.c_seq", f"{CREATE} OWNED BY m.t.c", "column", "m.t.c"),
)
SET = "ALTER TABLE m.t ALTER COLUMN c SET DEFAULT 'x'::text"
ADD = "ALTER TABLE m.t ADD COLUMN c text"
COMMENT = "COMMENT ON COLUMN m.t.c IS 'why';"


@pytest.mark.parametrize(
    ("parts", "statements"),
    [
        (MUST, f"{ADD} DEFAULT 'x'::text CONSTRAINT there NOT NULL;\n{COMMENT}"),
        (
            (*MUST, *SERIAL),
            f"{CREATE};\n{ADD} DEFAULT {NEXT} CONSTRAINT there NOT NULL;\n{OWNED};\n{COMMENT}",
        ),
        (MUST[:2], f"{ADD};\n{SET};"),
        (
            (MUST[0], ("not null", "m.t.c", "NOT NULL", "column", "m.t.c")),
            f"{ADD};\nALTER TABLE m.t ALTER COLUMN c SET NOT NULL;",
        ),
        (
            (
                *MUST[:2],
                ("not null", "m.t.c", "CONSTRAINT n NOT NULL NOT VALID", "column", "m.t.c"),
            ),
            f"{ADD};\n{SET};\nALTER TABLE m.t ADD CONSTRAINT n NOT NULL c NOT VALID;",
        ),
    ],
)
def test_a_column_that_must_have_a_value_is_added_with_its_default(parts, statements):
    assert only(differences(made(*parts), made())).repair == statements


def test_a_change_has_a_diff_and_a_statement():
    live = ("index", "m.t_a", "CREATE INDEX t_a ON m.t USING btree (b)", *TABLE)
    found = only(differences(made(), made(live)))
    assert found.diff == (
        "-CREATE INDEX t_a ON m.t USING btree (a)\n+CREATE INDEX t_a ON m.t USING btree (b)"
    )
    assert found.repair == (
        "DROP INDEX m.t_a; CREATE INDEX t_a ON m.t USING btree (a);"
    )  # fmt: skip


def test_a_partition_follows_its_parent():
    part = ("table", "m.p", "TABLE", "schema", "m", *TABLE)
    before = ("column", "m.p.b", "text", "table", "m.p", "column", "m.t.b")
    after = ("column", "m.p.b", "bigint", "table", "m.p", "column", "m.t.b")
    expected, live = made(part, before), made(part, after, ("column", "m.t.b", "bigint", *TABLE))
    found = only(differences(expected, live))
    assert (found.identity, found.consequences) == ("m.t.b", (Key("column", "m.p.b"),))
    other = differences(expected, made(part, ("column", "m.p.b", "date", "table", "m.p")))
    assert only(other).identity == "m.p.b"


def test_a_view_is_replaced_only_when_its_columns_stay():
    live = ("view", "m.v", "CREATE VIEW m.v AS\n SELECT 1 AS a", "schema", "m")
    found = only(differences(made(), made(live)))
    assert found.repair == "CREATE OR REPLACE VIEW m.v AS\n SELECT a\n   FROM m.t;"
    columns = ("result columns", "m.v", "a text", "view", "m.v")
    assert only(differences(made(), made(live, columns))).repair == ""


def test_a_grant_is_given_and_taken_by_privilege():
    live = ("grant", "table m.t to app", "DELETE, SELECT", *TABLE)
    assert only(differences(made(), made(live))).repair == (
        "GRANT INSERT ON TABLE m.t TO app;\nREVOKE DELETE ON TABLE m.t FROM app;"
    )


@pytest.mark.parametrize(
    ("live", "statements"),
    [
        ("'a', 'c'", "ALTER TYPE m.e ADD VALUE 'b' AFTER 'a';"),
        ("'b', 'c'", "ALTER TYPE m.e ADD VALUE 'a' BEFORE 'b';"),
        ("'c', 'a', 'b'", ""),
        ("'a', 'b', 'c', 'd'", ""),
    ],
)
def test_values_are_added_to_an_enum_where_they_belong(live, statements):
    expected = made(("enum", "m.e", "CREATE TYPE m.e AS ENUM ('a', 'b', 'c')", "schema", "m"))
    other = made(("enum", "m.e", f"CREATE TYPE m.e AS ENUM ({live})", "schema", "m"))
    assert only(differences(expected, other)).repair == statements


def test_a_label_with_a_backslash_stays_escaped():
    before = ("enum", "m.e", r"CREATE TYPE m.e AS ENUM ('a', E'b\\c')", "schema", "m")
    live = made((*before[:2], "CREATE TYPE m.e AS ENUM ('a')", *before[3:]))
    repair = only(differences(made(before), live)).repair
    assert repair == r"ALTER TYPE m.e ADD VALUE E'b\\c' AFTER 'a';"


def test_a_role_that_is_named_on_one_side_only_is_no_difference_but_what_it_is_in():
    role = ("role", "z", "NOLOGIN")
    membership = ("membership", "z in y", "ADMIN FALSE", "role", "z", "role", "y")
    assert differences(made(), made(role)) == []
    assert only(differences(made(), made(role, membership))).kind == "membership"
    assert only(differences(made(role), made(("role", "z", "LOGIN")))).kind == "role"


def test_what_is_left_out_takes_its_parts_along():
    left = made().without(["m.t", "grant *"])
    assert [each.kind for each in left.objects] == ["schema", "view", "result columns"]
    assert made().without(["index m.tmp_*"]).sha256 == made().sha256


def test_an_exported_catalogue_is_read_back(tmp_path):
    file = tmp_path / "head.jsonl"
    odd = ("comment", "table m.t", "'line\u2028 \"quoted\"\n\té'", *TABLE)
    file.write_text(dump(made(odd)), encoding="utf-8")
    assert differences(made(odd), load(file)) == []


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda _: "", "Expecting value"),
        (lambda text: text.split("\n", 1)[1], "its first line does not say that it is one"),
        (
            lambda text: text.replace('"format": 3', '"format": 9'),
            "its format is 9, this version reads 3",
        ),
        (lambda text: text[: len(text) // 2], "Unterminated string"),
        (lambda text: text.replace('"integer"', '"bigint"'), "its objects are not those"),
        (lambda text: text + '["a", "b"]\n', "['a', 'b'] is no object"),
        (lambda text: text + "7\n", "7 is no object"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_with_the_reason(tmp_path, damage, why):
    file = tmp_path / "head.jsonl"
    file.write_text(damage(dump(made())), encoding="utf-8")
    with pytest.raises(UsageProblem) as caught:
        load(file)
    assert caught.value.where == str(file)
    assert caught.value.why.startswith(why)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    for name, why in {"absent": "no such file", "picture": "'utf-8' codec can't decode"}.items():
        with pytest.raises(UsageProblem) as caught:
            load(tmp_path / name)
        assert caught.value.why.startswith(why)


VARYING = "'a'::character varying"


@pytest.mark.parametrize(
    ("printed", "stable"),
    [
        (
            f"(kind::text = ANY (ARRAY[{VARYING}, 'b, ]'::character varying]::text[]))",
            f"(kind::text = ANY (ARRAY[{VARYING}::text, 'b, ]'::character varying::text]))",
        ),
        (f"ANY ((ARRAY[{VARYING}])::text[])", f"ANY (ARRAY[({VARYING})::text])"),
        (
            "ARRAY[ARRAY[1, 2], ARRAY[3, 4]]::bigint[]",
            "ARRAY[ARRAY[1::bigint, 2::bigint], ARRAY[3::bigint, 4::bigint]]",
        ),
        ("ARRAY[ARRAY[a]::text[], ARRAY[b]]::m.t[]", "ARRAY[ARRAY[a::text::m.t], ARRAY[b::m.t]]"),
        ('ARRAY[a]::text[]::m."t[""]"[]', 'ARRAY[a::text::m."t[""]"]'),
        ("ARRAY[a || b, f(c, d)]::text[]", "ARRAY[(a || b)::text, f(c, d)::text]"),
        ("ARRAY[1, 2]", "ARRAY[1, 2]"),
        ("ARRAY['a'::text]", "ARRAY['a'::text]"),
        ("'ARRAY['::text || x[1]", "'ARRAY['::text || x[1]"),
    ],
)
def test_the_cast_of_an_array_is_written_at_its_elements(printed, stable):
    assert form(printed) == stable
    assert form(stable) == stable


@pytest.mark.parametrize(
    "definition",
    [
        "ARRAY[]::text[]",
        "ARRAY[]::character varying[]::text[]",
        "ARRAY[ARRAY[]::integer[]]",
        "m.f(ARRAY[a])::text[]",
        "'ARRAY[1]::text[]'::text",
        "'it''s ARRAY[1]::text[]'",
        'a."ARRAY[1]::text[]"',
        "AS $function$SELECT ARRAY[1]::text[] -- it's$function$",
        "AS $function$SELECT ARRAY[$$a,b$$, '$x$']::text[]$function$",
    ],
)
def test_what_is_printed_in_one_form_only_stays(definition):
    assert form(definition) == definition


def test_a_constant_and_a_parameter_stay_as_they_are_beside_an_array_that_is_cast():
    printed = "ARRAY[$1, 'ARRAY[]::t[]', $2]::text[] || ARRAY[]::text[] || '\"0\"' || b.\"0\""
    assert form(printed) == (
        "ARRAY[$1::text, 'ARRAY[]::t[]'::text, $2::text] || ARRAY[]::text[] || '\"0\"' || b.\"0\""
    )


CAST = f"CHECK (b::text = ANY (ARRAY[{VARYING}]::text[]))"
AT_ELEMENTS = f"CHECK (b::text = ANY (ARRAY[{VARYING}::text]))"


def test_the_two_forms_of_one_definition_are_no_difference_and_have_one_hash():
    one, two = (made(("constraint", "m.t.known", each, *TABLE)) for each in (CAST, AT_ELEMENTS))
    key = Key("constraint", "m.t.known")
    assert differences(one, two) == differences(two, one) == []
    assert (one.sha256, one.digest(key)) == (two.sha256, two.digest(key))
    assert (one.objects[key], two.objects[key]) == (CAST, AT_ELEMENTS)
    live = made(("constraint", "m.t.known", f"{AT_ELEMENTS} NOT VALID", *TABLE))
    assert only(differences(one, live)).repair == "ALTER TABLE m.t VALIDATE CONSTRAINT known;"


def routine(body: str, default: str = "'{}'::text[]"):
    head = f"CREATE OR REPLACE FUNCTION m.f(a text[] DEFAULT {default})\n RETURNS text[]"
    definition = f"{head}\n LANGUAGE sql\nAS $function$SELECT {body}$function$"
    return ("function", "m.f(text[])", definition, "schema", "m")


@pytest.mark.parametrize(
    "body",
    [
        "ARRAY[]::text[]",
        "ARRAY[$$a,b$$]::text[]",
        "ARRAY[ARRAY[1,2],ARRAY[3]]::integer[]",
        "'ARRAY[1]::t[]'",
    ],
)
def test_a_repair_is_what_the_server_printed(body):
    before = routine(body)[2]
    assert only(differences(made(routine(body)), made())).repair == f"{before};"
    assert only(differences(made(routine(body)), made(routine("a")))).repair == f"{before};"
    default = ("default", "m.t.b", body, "column", "m.t.b")
    assert only(differences(made(default), made())).repair == (
        f"ALTER TABLE m.t ALTER COLUMN b SET DEFAULT {body};"
    )


def test_the_body_of_a_routine_is_compared_to_the_letter():
    expected, live = made(routine("ARRAY[1]::text[]")), made(routine("ARRAY[1::text]"))
    assert only(differences(expected, live)).what == "changed"
    assert expected.sha256 != live.sha256
    argument = made(routine("ARRAY[1]::text[]", f"ARRAY[{VARYING}]::text[]"))
    dumped = made(routine("a", f"ARRAY[{VARYING}::text]"))
    assert only(differences(argument, dumped)).repair.startswith("CREATE OR REPLACE FUNCTION m.f(")


@pytest.mark.parametrize(
    ("definition", "differs"),
    [
        ("INSERT, INSERT GRANTED BY boss, SELECT", False),
        ("INSERT GRANTED BY boss, SELECT", False),
        ("INSERT, INSERT WITH GRANT OPTION GRANTED BY boss, SELECT", True),
        ("INSERT GRANTED BY boss", True),
    ],
)
def test_a_privilege_that_several_roles_granted_is_one_privilege(definition, differs):
    granted = made(("grant", "table m.t to app", definition, *TABLE))
    assert bool(differences(made(), granted)) is differs
    assert bool(differences(granted, made())) is differs


CALLED = ("aggregate", "m.total(integer)")


@pytest.mark.parametrize(
    ("before", "after", "part", "statements"),
    [
        (
            ("constraint", "m.t.k", "UNIQUE (a)", *TABLE),
            "UNIQUE (b)",
            ("storage parameters", "index m.k", "fillfactor=70", "constraint", "m.t.k"),
            (
                "ALTER TABLE m.t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a);\n"
                "ALTER INDEX m.k SET (fillfactor=70);"
            ),
        ),
        (
            (*CALLED, "CREATE AGGREGATE m.total(integer) (SFUNC = a)", "schema", "m"),
            "CREATE AGGREGATE m.total(integer) (SFUNC = b)",
            ("grant", "aggregate m.total(integer) to app", "EXECUTE", *CALLED),
            (
                "DROP AGGREGATE m.total(integer); CREATE AGGREGATE m.total(integer) (SFUNC = a);\n"
                "GRANT EXECUTE ON FUNCTION m.total(integer) TO app;"
            ),
        ),
    ],
)
def test_what_belongs_to_an_object_that_is_made_anew_is_made_anew(before, after, part, statements):
    live = made((*before[:2], after, *before[3:]), part)
    assert only(differences(made(before, part), live)).repair == statements


def test_a_routine_that_drops_something_is_replaced_and_keeps_its_comment():
    before = routine("'DROP TABLE m.t'")
    comment = ("comment", "function m.f(text[])", "'why'", *before[:2])
    found = only(differences(made(before, comment), made(routine("a"), comment)))
    assert found.repair == f"{before[2]};"


def test_an_identity_keeps_its_sequence():
    sequence = ("sequence", "m.t_a_seq", "CREATE SEQUENCE m.t_a_seq", "identity", "m.t.a")
    live = made((*sequence[:2], f"{sequence[2]} CYCLE", *sequence[3:]))
    assert only(differences(made(sequence), live)).repair == ("ALTER SEQUENCE m.t_a_seq NO CYCLE;")


CREATE_F = "CREATE FUNCTION m.f()\n LANGUAGE {}\nAS $function$SELECT m.f(b) FROM m.a$function$"


def ordered(found):
    found = sorted(found, key=lambda each: each.repair_order)
    return [f"{each.kind} {each.identity}" for each in found if each.repair]


def test_what_a_repair_names_is_made_before_it():
    missing = (
        ("view", "m.a", "CREATE VIEW m.a AS SELECT m.f(b) FROM m.z", "schema", "m"),
        ("view", "m.z", "CREATE VIEW m.z AS SELECT b FROM m.t", "schema", "m"),
        ("column", "m.t.b", 'm."E"', *TABLE),
        ("enum", 'm."E"', "CREATE TYPE m.\"E\" AS ENUM ('a')", "schema", "m"),
        ("function", "m.f(text)", CREATE_F.format("plpgsql"), "schema", "m"),
        ("function", "m.s()", CREATE_F.format("sql"), "schema", "m"),
        ("constraint", "m.t.f", "FOREIGN KEY (b) REFERENCES m.t (b)", *TABLE),
        ("constraint", "m.t.k", "UNIQUE (b)", *TABLE),
    )
    found = differences(made(*missing), made(without=["column m.t.b"]))
    assert ordered(found) == [
        'enum m."E"', "column m.t.b", "function m.f(text)", "view m.z", "view m.a",
        "function m.s()", "constraint m.t.k", "constraint m.t.f",
    ]  # fmt: skip
    assert [each.severity for each in found] == sorted(each.severity for each in found)


def test_what_is_unexpected_goes_first_but_not_before_what_uses_it():
    unexpected = (
        ("function", "m.f()", "CREATE FUNCTION m.f()", "schema", "m"),
        ("view", "m.v", "CREATE VIEW m.v AS\n SELECT m.f() AS a", "schema", "m"),
        ("view", "m.z", "CREATE VIEW m.z AS SELECT 1", "schema", "m"),
        ("view", "m.a", "CREATE VIEW m.a AS SELECT * FROM m.z", "schema", "m"),
        ("index", "m.k", "CREATE UNIQUE INDEX k ON m.t USING btree (b)", *TABLE),
    )
    expected = made(("constraint", "m.t.k", "UNIQUE (b)", *TABLE))
    assert ordered(differences(expected, made(*unexpected))) == [
        "index m.k", "view m.a", "view m.z", "view m.v", "function m.f()", "constraint m.t.k",
    ]  # fmt: skip


def test_a_difference_without_a_repair_has_no_place():
    found = only(differences(made(), made(("table", "m.x", "TABLE", "schema", "m"))))
    assert (found.repair, found.repair_order) == ("", 0)
