"""Every kind of object changed, added and dropped, one at a time, in data/every_kind.sql."""

# ruff: noqa: E501, ISC004 -- a table is read by its rows
from __future__ import annotations

from typing import NamedTuple

CHANGED, UNEXPECTED, MISSING = "changed", "unexpected", "missing"


class Mutation(NamedTuple):
    """One statement, and the one object it is about.

    Attributes:
        kind: of the object.
        what: what the statement does to it.
        identity: of the object.
        statement: what is run.
        undo: what takes it back, for what belongs to the cluster.
        also: other objects that really change with it, as "kind identity".
        since: the first major that understands the statement.
    """

    kind: str
    what: str
    identity: str
    statement: str
    undo: str = ""
    also: tuple[str, ...] = ()
    since: int = 14

    def __str__(self) -> str:
        return f"{self.kind} {self.what}: {self.statement}"


_SLIP = "ALTER TABLE mart.slip"
_STAY = "ALTER TABLE mart.stay"
_CUSTOMER = "ALTER TABLE mart.customer"
_DEFAULTS = "ALTER DEFAULT PRIVILEGES FOR ROLE kinds_owner"
_SECOND = """CREATE OR REPLACE FUNCTION mart.touch() RETURNS trigger LANGUAGE plpgsql
    AS $$BEGIN RETURN OLD; END$$"""
_TOTALS = "CREATE OR REPLACE VIEW mart.open AS SELECT no, amount + 1 AS amount FROM mart.slip"
_DAILY = """DROP MATERIALIZED VIEW mart.later;
    CREATE MATERIALIZED VIEW mart.later AS SELECT 2 AS one WITH NO DATA"""
# A killed CREATE INDEX CONCURRENTLY leaves this; it cannot run in a transaction.
_INVALID = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mart.slip_day'::regclass"
_CITEXT = "UPDATE pg_extension SET extversion = '0.1' WHERE extname = 'citext'"
# Only servers with ICU make rules.
_RULES = "UPDATE pg_collation SET collicurules = '&a < b' WHERE collname = 'unused'"
_LABEL = "INSERT INTO pg_seclabel VALUES ('mart.customer'::regclass, 'pg_class'::regclass, 0, 'test', 'secret')"
_MOVING = """CREATE OR REPLACE AGGREGATE mart.moving(integer) (
    SFUNC = int4_sum, STYPE = bigint, SSPACE = 16, FINALFUNC = int8abs, FINALFUNC_MODIFY = {1},
    MSFUNC = int4_avg_accum, MINVFUNC = int4_avg_accum_inv, MSTYPE = bigint[], MSSPACE = {0},
    MFINALFUNC = int2int4_sum, MFINALFUNC_MODIFY = READ_WRITE, MINITCOND = '{{0,0}}')"""
_THIS = "DO $$BEGIN EXECUTE format('{}', current_database()); END$$"


def _database(statement: str) -> str:
    return _THIS.format(statement)


_SCHEMAS_AND_TYPES = (
    ("schema", UNEXPECTED, "other", "CREATE SCHEMA other"),
    ("schema", MISSING, '"Odd ""Name"', 'DROP SCHEMA "Odd ""Name" CASCADE'),
    ("extension", UNEXPECTED, "pg_trgm", "CREATE EXTENSION pg_trgm"),
    ("extension", MISSING, "citext", "DROP EXTENSION citext"),
    ("extension", CHANGED, "citext", _CITEXT),
    ("enum", CHANGED, "mart.state", "ALTER TYPE mart.state ADD VALUE 'begun' AFTER 'new'"),
    ("enum", CHANGED, "mart.state", "ALTER TYPE mart.state RENAME VALUE 'done' TO 'ready'"),
    ("enum", UNEXPECTED, "mart.size", "CREATE TYPE mart.size AS ENUM ('s', 'l')"),
    ("enum", MISSING, "mart.lonely", "DROP TYPE mart.lonely"),
    ("composite type", CHANGED, "mart.pair", "ALTER TYPE mart.pair ADD ATTRIBUTE z text"),
    ("composite type", UNEXPECTED, "mart.trio", "CREATE TYPE mart.trio AS (a int, b int, c int)"),
    ("composite type", MISSING, "mart.pair", "DROP TYPE mart.pair"),
    ("range", UNEXPECTED, "mart.gap", "CREATE TYPE mart.gap AS RANGE (SUBTYPE = date)"),
    ("range", MISSING, "mart.span", "DROP TYPE mart.span"),
    ("range", CHANGED, "mart.span", "DROP TYPE mart.span; CREATE TYPE mart.span AS RANGE (SUBTYPE = int4)"),
    ("domain", CHANGED, "mart.kilogram", "ALTER DOMAIN mart.kilogram SET DEFAULT 1"),
    ("domain", CHANGED, "mart.kilogram", "ALTER DOMAIN mart.kilogram SET NOT NULL"),
    ("domain", UNEXPECTED, "mart.gram", "CREATE DOMAIN mart.gram AS integer CHECK (VALUE > 0)"),
    ("domain", MISSING, "mart.litre", "DROP DOMAIN mart.litre"),
    ("comment", MISSING, "domain constraint mart.kilogram.positive", "COMMENT ON CONSTRAINT positive ON DOMAIN mart.kilogram IS NULL"),
    ("domain constraint", MISSING, "mart.kilogram.positive", "ALTER DOMAIN mart.kilogram DROP CONSTRAINT positive"),
    ("domain constraint", UNEXPECTED, "mart.litre.small", "ALTER DOMAIN mart.litre ADD CONSTRAINT small CHECK (VALUE < 9)"),
    ("domain constraint", CHANGED, "mart.kilogram.positive",
     "ALTER DOMAIN mart.kilogram DROP CONSTRAINT positive; ALTER DOMAIN mart.kilogram ADD CONSTRAINT positive CHECK (VALUE > 0)", "",
     ("comment domain constraint mart.kilogram.positive",)),
    ("collation", UNEXPECTED, "mart.other", "CREATE COLLATION mart.other (PROVIDER = libc, LOCALE = 'POSIX')"),
    ("collation", MISSING, "mart.unused", "DROP COLLATION mart.unused"),
    ("collation", CHANGED, "mart.unused",
     "DROP COLLATION mart.unused; CREATE COLLATION mart.unused (PROVIDER = libc, LOCALE = 'POSIX')"),
    ("collation", CHANGED, "mart.unused",
     "DROP COLLATION mart.unused; CREATE COLLATION mart.unused (PROVIDER = libc, LC_COLLATE = 'C', LC_CTYPE = 'POSIX')"),
    ("base type", CHANGED, "mart.label", "ALTER TYPE mart.label SET (TYPMOD_IN = varchartypmodin)"),
)  # fmt: skip

_TABLES = (
    ("table", UNEXPECTED, "mart.surprise", "CREATE TABLE mart.surprise (id serial PRIMARY KEY, t text UNIQUE)"),
    ("table", MISSING, "mart.scratch", "DROP TABLE mart.scratch"),
    ("table", MISSING, "mart.event_rest", "DROP TABLE mart.event_rest"),
    ("table", MISSING, "mart.event", "DROP TABLE mart.event"),
    ("table", CHANGED, "mart.scratch", "ALTER TABLE mart.scratch SET LOGGED"),
    ("column", UNEXPECTED, "mart.slip.extra", f"{_SLIP} ADD COLUMN extra text NOT NULL DEFAULT 'x'"),
    ("column", UNEXPECTED, "mart.event.extra", "ALTER TABLE mart.event ADD COLUMN extra text DEFAULT 'x'"),
    ("column", MISSING, "mart.customer.note", f"{_CUSTOMER} DROP COLUMN note"),
    ("column", MISSING, "mart.event.kind", "ALTER TABLE mart.event DROP COLUMN kind"),
    ("column", CHANGED, "mart.parent.b", "ALTER TABLE mart.parent ALTER COLUMN b TYPE text COLLATE mart.plain"),
    ("column", CHANGED, "mart.parent.a", "ALTER TABLE mart.parent ALTER COLUMN a TYPE bigint"),
    ("column", CHANGED, "mart.slip.twice",
     f"{_SLIP} DROP COLUMN twice, ADD COLUMN twice numeric GENERATED ALWAYS AS (amount * 3) STORED", "",
     ("column order mart.slip",)),
    ("column order", CHANGED, "mart.scratch", "ALTER TABLE mart.scratch DROP COLUMN a, ADD COLUMN a integer"),
    ("default", CHANGED, "mart.slip.amount", f"{_SLIP} ALTER COLUMN amount SET DEFAULT 1"),
    ("default", UNEXPECTED, "mart.slip.day", f"{_SLIP} ALTER COLUMN day SET DEFAULT '2024-01-01'"),
    ("default", MISSING, "mart.customer.kind", f"{_CUSTOMER} ALTER COLUMN kind DROP DEFAULT"),
    ("default", CHANGED, "mart.event.kind", "ALTER TABLE mart.event ALTER COLUMN kind SET DEFAULT 'f'"),
    ("not null", UNEXPECTED, "mart.slip.day", f"{_SLIP} ALTER COLUMN day SET NOT NULL"),
    ("not null", MISSING, "mart.slip.amount", f"{_SLIP} ALTER COLUMN amount DROP NOT NULL"),
    ("identity", CHANGED, "mart.customer.id", f"{_CUSTOMER} ALTER COLUMN id SET GENERATED ALWAYS"),
    ("identity", MISSING, "mart.customer.id", f"{_CUSTOMER} ALTER COLUMN id DROP IDENTITY"),
    ("identity", UNEXPECTED, "mart.numbered.n", "ALTER TABLE mart.numbered ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY"),
    ("default", CHANGED, "mart.open.amount", "ALTER VIEW mart.open ALTER COLUMN amount SET DEFAULT 8"),
    ("storage", UNEXPECTED, "mart.customer.name", f"{_CUSTOMER} ALTER COLUMN name SET STORAGE MAIN"),
    ("storage", MISSING, "mart.customer.note", f"{_CUSTOMER} ALTER COLUMN note SET STORAGE EXTENDED"),
    ("storage", CHANGED, "mart.customer.note", f"{_CUSTOMER} ALTER COLUMN note SET STORAGE MAIN"),
    ("compression", UNEXPECTED, "mart.customer.name", f"{_CUSTOMER} ALTER COLUMN name SET COMPRESSION pglz"),
    ("compression", MISSING, "mart.customer.kind", f"{_CUSTOMER} ALTER COLUMN kind SET COMPRESSION default"),
    ("statistics target", CHANGED, "mart.slip.amount", f"{_SLIP} ALTER COLUMN amount SET STATISTICS 10"),
    ("statistics target", UNEXPECTED, "mart.slip.day", f"{_SLIP} ALTER COLUMN day SET STATISTICS 10"),
    ("statistics target", MISSING, "mart.slip.amount", f"{_SLIP} ALTER COLUMN amount SET STATISTICS -1"),
    ("statistics target", UNEXPECTED, "mart.daily.day", "ALTER MATERIALIZED VIEW mart.daily ALTER COLUMN day SET STATISTICS 10"),
    ("statistics target", CHANGED, "mart.slip_expression.1", "ALTER INDEX mart.slip_expression ALTER COLUMN 1 SET STATISTICS 10"),
    ("statistics target", CHANGED, "mart.slip_together", "ALTER STATISTICS mart.slip_together SET STATISTICS 10"),
    ("column options", CHANGED, "mart.slip.day", f"{_SLIP} ALTER COLUMN day SET (n_distinct = 7)"),
    ("column options", UNEXPECTED, "mart.slip.amount", f"{_SLIP} ALTER COLUMN amount SET (n_distinct = 7)"),
    ("column options", UNEXPECTED, "mart.daily.day",
     "ALTER MATERIALIZED VIEW mart.daily ALTER COLUMN day SET (n_distinct = 5)"),
    ("column options", MISSING, "mart.slip.day", f"{_SLIP} ALTER COLUMN day RESET (n_distinct)"),
    ("storage parameters", CHANGED, "table mart.customer", f"{_CUSTOMER} SET (fillfactor = 70)"),
    ("storage parameters", UNEXPECTED, "table mart.slip", f"{_SLIP} SET (toast.autovacuum_enabled = false)"),
    ("storage parameters", UNEXPECTED, "index mart.slip_no", "ALTER INDEX mart.slip_no SET (fillfactor = 60)"),
    ("storage parameters", MISSING, "table mart.customer", f"{_CUSTOMER} RESET (fillfactor)"),
    ("sequence", CHANGED, "mart.numbers", "ALTER SEQUENCE mart.numbers INCREMENT 2 CYCLE"),
    ("sequence", CHANGED, "mart.slip_no_seq", "ALTER SEQUENCE mart.slip_no_seq OWNED BY NONE", "", ("owner sequence mart.slip_no_seq",)),
    ("sequence", CHANGED, "mart.numbers", "ALTER SEQUENCE mart.numbers OWNED BY mart.numbered.n", "", ("owner sequence mart.numbers",)),
    ("sequence", CHANGED, "mart.customer_id_seq", f"{_CUSTOMER} ALTER COLUMN id SET INCREMENT 2 SET CYCLE"),
    ("sequence", UNEXPECTED, "mart.more", "CREATE SEQUENCE mart.more"),
    ("sequence", MISSING, "mart.numbers", "DROP SEQUENCE mart.numbers"),
    ("inheritance", MISSING, "mart.child from mart.parent", "ALTER TABLE mart.child NO INHERIT mart.parent"),
    ("inheritance", UNEXPECTED, "mart.orphan from mart.parent", "ALTER TABLE mart.orphan INHERIT mart.parent"),
    ("partition", CHANGED, "mart.event_2024",
     "ALTER TABLE mart.event DETACH PARTITION mart.event_2024;"
     " ALTER TABLE mart.event ATTACH PARTITION mart.event_2024 FOR VALUES FROM ('2023-01-01') TO ('2025-01-01')"),
    ("partition", MISSING, "mart.event_2024", "ALTER TABLE mart.event DETACH PARTITION mart.event_2024"),
    ("partition", UNEXPECTED, "mart.free", "ALTER TABLE mart.logs ATTACH PARTITION mart.free FOR VALUES IN (2)"),
    ("clustering", MISSING, "mart.slip", f"{_SLIP} SET WITHOUT CLUSTER"),
    ("clustering", UNEXPECTED, "mart.customer", f"{_CUSTOMER} CLUSTER ON name_once"),
    ("clustering", CHANGED, "mart.slip", f"{_SLIP} CLUSTER ON slip_no"),
    ("replica identity", CHANGED, "mart.slip", f"{_SLIP} REPLICA IDENTITY USING INDEX slip_no"),
    ("replica identity", UNEXPECTED, "mart.customer", f"{_CUSTOMER} REPLICA IDENTITY NOTHING"),
    ("replica identity", MISSING, "mart.slip", f"{_SLIP} REPLICA IDENTITY DEFAULT"),
    ("column", MISSING, "mart.remote.id", "ALTER FOREIGN TABLE mart.remote DROP COLUMN id"),
    ("foreign table", UNEXPECTED, "mart.remote_2", "CREATE FOREIGN TABLE mart.remote_2 (id integer) SERVER far"),
    ("foreign table", MISSING, "mart.remote", "DROP FOREIGN TABLE mart.remote"),
    ("foreign table", CHANGED, "mart.remote", "ALTER FOREIGN TABLE mart.remote OPTIONS (SET file 'y')"),
    ("server", UNEXPECTED, "near", "CREATE SERVER near FOREIGN DATA WRAPPER elsewhere"),
    ("server", CHANGED, "far", "ALTER SERVER far OPTIONS (SET host 'new.example')"),
    ("foreign-data wrapper", UNEXPECTED, "nowhere", "CREATE FOREIGN DATA WRAPPER nowhere"),
    ("foreign-data wrapper", CHANGED, "elsewhere", "ALTER FOREIGN DATA WRAPPER elsewhere OPTIONS (ADD debug 'on')"),
    ("foreign-data wrapper", MISSING, "unused", "DROP FOREIGN DATA WRAPPER unused"),
    ("server", MISSING, "idle", "DROP SERVER idle"),
)  # fmt: skip

_CONSTRAINTS = (
    ("constraint", MISSING, "mart.customer.kind_known", f"{_CUSTOMER} DROP CONSTRAINT kind_known"),
    ("constraint", CHANGED, "mart.customer.kind_known",
     f"{_CUSTOMER} DROP CONSTRAINT kind_known, ADD CONSTRAINT kind_known CHECK (kind IN ('plain', 'rare'))", "",
     ("comment constraint mart.customer.kind_known",)),
    ("constraint", UNEXPECTED, "mart.slip.positive", f"{_SLIP} ADD CONSTRAINT positive CHECK (amount >= 0)"),
    ("constraint", CHANGED, "mart.slip.amount_small", f"{_SLIP} VALIDATE CONSTRAINT amount_small"),
    ("constraint", CHANGED, "mart.slip.slip_customer",
     f"{_SLIP} ALTER CONSTRAINT slip_customer DEFERRABLE INITIALLY DEFERRED"),
    ("constraint", MISSING, "mart.slip.slip_customer", f"{_SLIP} DROP CONSTRAINT slip_customer"),
    ("constraint", MISSING, "mart.event.event_pkey", "ALTER TABLE mart.event DROP CONSTRAINT event_pkey"),
    ("constraint", MISSING, "mart.slip.apart", f"{_SLIP} DROP CONSTRAINT apart"),
    ("constraint", UNEXPECTED, "mart.slip.day_once", f"{_SLIP} ADD CONSTRAINT day_once UNIQUE (day)"),
    # Made anew, the index has its parameter again.
    ("constraint", CHANGED, "mart.customer.name_once",
     f"{_CUSTOMER} DROP CONSTRAINT name_once, ADD CONSTRAINT name_once UNIQUE (name, kind) WITH (fillfactor = 85)", "",
     ("comment index mart.name_once",)),
    ("unenforced constraint", UNEXPECTED, "mart.slip.slip_customer", f"{_SLIP} DISABLE TRIGGER ALL"),
    ("index", MISSING, "mart.slip_expression", "DROP INDEX mart.slip_expression"),
    ("index", MISSING, "mart.event_no", "DROP INDEX mart.event_no"),
    ("index", UNEXPECTED, "mart.slip_more", "CREATE INDEX slip_more ON mart.slip (amount)"),
    ("index", UNEXPECTED, "mart.event_kind", "CREATE INDEX event_kind ON mart.event (kind)"),
    ("index", CHANGED, "mart.slip_expression",
     "DROP INDEX mart.slip_expression; CREATE INDEX slip_expression ON mart.slip ((amount + 2))", "",
     ("statistics target mart.slip_expression.1",)),
    # Made anew, it is what the table was clustered on and is known by to what reads its changes.
    ("index", CHANGED, "mart.slip_pair",
     "DROP INDEX mart.slip_pair; CREATE UNIQUE INDEX slip_pair ON mart.slip (day, customer); ALTER TABLE mart.slip CLUSTER ON slip_pair"),
    ("index", MISSING, "mart.slip_pair", "DROP INDEX mart.slip_pair"),
    ("index", CHANGED, "mart.known",
     "DROP INDEX mart.known; CREATE UNIQUE INDEX known ON mart.numbered (n DESC); ALTER TABLE mart.numbered REPLICA IDENTITY USING INDEX known"),
    ("invalid index", UNEXPECTED, "mart.slip_day", _INVALID),
    ("statistics", MISSING, "mart.slip_together", "DROP STATISTICS mart.slip_together"),
    ("statistics", UNEXPECTED, "mart.more", "CREATE STATISTICS mart.more ON no, day FROM mart.slip"),
    ("statistics", CHANGED, "mart.slip_apart",
     "DROP STATISTICS mart.slip_apart; CREATE STATISTICS mart.slip_apart ON no, day, amount FROM mart.slip"),
)  # fmt: skip

_PROGRAMS = (
    ("view", MISSING, "mart.totals", "DROP VIEW mart.totals"),
    ("view", CHANGED, "mart.open", _TOTALS),
    ("view", CHANGED, "mart.totals", "ALTER VIEW mart.totals SET (security_barrier = false)"),
    ("view", UNEXPECTED, "mart.extra", "CREATE VIEW mart.extra AS SELECT 1 AS one"),
    ("materialized view", MISSING, "mart.daily", "DROP MATERIALIZED VIEW mart.daily"),
    ("materialized view", UNEXPECTED, "mart.extra", "CREATE MATERIALIZED VIEW mart.extra AS SELECT 1 AS one"),
    ("materialized view", CHANGED, "mart.later", _DAILY),
    ("unpopulated view", UNEXPECTED, "mart.daily", "REFRESH MATERIALIZED VIEW mart.daily WITH NO DATA"),
    ("unpopulated view", MISSING, "mart.later", "REFRESH MATERIALIZED VIEW mart.later"),
    ("function", CHANGED, "mart.touch()", _SECOND),
    ("function", CHANGED, "mart.double(integer, text)", "ALTER FUNCTION mart.double(integer, text) SECURITY DEFINER"),
    ("function", UNEXPECTED, "mart.half(integer)", "CREATE FUNCTION mart.half(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a / 2'"),
    ("function", MISSING, "mart.double(integer, text)", "DROP FUNCTION mart.double"),
    ("procedure", MISSING, "mart.tidy(integer)", "DROP PROCEDURE mart.tidy"),
    ("procedure", CHANGED, "mart.tidy(integer)", "ALTER PROCEDURE mart.tidy SET work_mem = '1MB'"),
    ("procedure", UNEXPECTED, "mart.other()", "CREATE PROCEDURE mart.other() LANGUAGE sql AS 'SELECT 1'"),
    ("aggregate", MISSING, "mart.total(integer)", "DROP AGGREGATE mart.total(integer)"),
    ("aggregate", MISSING, "mart.all_of(*)", "DROP AGGREGATE mart.all_of(*)"),
    ("aggregate", UNEXPECTED, "mart.more_of(*)", "CREATE AGGREGATE mart.more_of(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '7')"),
    ("comment", UNEXPECTED, "aggregate mart.all_of(*)", "COMMENT ON AGGREGATE mart.all_of(*) IS 'how many'"),
    ("aggregate", UNEXPECTED, "mart.plus(integer)", "CREATE AGGREGATE mart.plus(integer) (SFUNC = int4_sum, STYPE = bigint)"),
    ("aggregate", CHANGED, "mart.total(integer)",
     "CREATE OR REPLACE AGGREGATE mart.total(integer) (SFUNC = int4_sum, STYPE = bigint, INITCOND = '1')"),
    ("aggregate", CHANGED, "mart.all_of(*)",
     "CREATE OR REPLACE AGGREGATE mart.all_of(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '1')"),
    ("aggregate", MISSING, "mart.biggest(integer)", "DROP AGGREGATE mart.biggest(integer)"),
    ("aggregate", MISSING, "mart.moving(integer)", "DROP AGGREGATE mart.moving(integer)"),
    ("aggregate", CHANGED, "mart.moving(integer)", _MOVING.format(64, "READ_WRITE")),
    ("aggregate", CHANGED, "mart.moving(integer)", _MOVING.format(32, "SHAREABLE")),
    ("operator", MISSING, "mart.===(mart.point, mart.point)", "DROP OPERATOR mart.=== (mart.point, mart.point)"),
    ("operator", CHANGED, "mart.===(mart.point, mart.point)", "ALTER OPERATOR mart.=== (mart.point, mart.point) SET (RESTRICT = eqsel)"),
    ("operator", UNEXPECTED, "mart.<=>(mart.point, mart.point)",
     "CREATE OPERATOR mart.<=> (FUNCTION = mart.same, LEFTARG = mart.point, RIGHTARG = mart.point)"),
    # Its negator is there as a shell from now on.
    ("operator", UNEXPECTED, "mart.<~>(mart.point, mart.point)",
     "CREATE OPERATOR mart.<~> (FUNCTION = mart.same, LEFTARG = mart.point, RIGHTARG = mart.point, NEGATOR = OPERATOR(mart.<!>))"),
    ("cast", MISSING, "(mart.point AS text)", "DROP CAST (mart.point AS text)"),
    ("cast", UNEXPECTED, "(mart.pair AS text)", "CREATE CAST (mart.pair AS text) WITH INOUT"),
    ("cast", CHANGED, "(mart.point AS text)",
     "DROP CAST (mart.point AS text); CREATE CAST (mart.point AS text) WITH INOUT"),
    ("text search dictionary", CHANGED, "mart.words", "ALTER TEXT SEARCH DICTIONARY mart.words (Accept = true)"),
    ("text search dictionary", UNEXPECTED, "mart.more", "CREATE TEXT SEARCH DICTIONARY mart.more (TEMPLATE = simple)"),
    ("text search dictionary", MISSING, "mart.unused_words", "DROP TEXT SEARCH DICTIONARY mart.unused_words"),
    ("text search configuration", CHANGED, "mart.search",
     "ALTER TEXT SEARCH CONFIGURATION mart.search ADD MAPPING FOR asciiword WITH mart.words"),
    ("text search configuration", UNEXPECTED, "mart.find", 'CREATE TEXT SEARCH CONFIGURATION mart.find (PARSER = "default")'),
    ("text search configuration", MISSING, "mart.search", "DROP TEXT SEARCH CONFIGURATION mart.search"),
    ("trigger", MISSING, "mart.customer.touched", "DROP TRIGGER touched ON mart.customer"),
    ("trigger", CHANGED, "mart.customer.touched",
     "CREATE OR REPLACE TRIGGER touched AFTER UPDATE ON mart.customer FOR EACH ROW EXECUTE FUNCTION mart.touch()"),
    ("trigger", UNEXPECTED, "mart.slip.new",
     "CREATE TRIGGER new BEFORE INSERT ON mart.slip EXECUTE FUNCTION mart.touch()"),
    ("trigger", MISSING, "mart.event.counted", "DROP TRIGGER counted ON mart.event"),
    ("trigger state", UNEXPECTED, "mart.customer.touched", f"{_CUSTOMER} DISABLE TRIGGER touched"),
    ("trigger state", CHANGED, "mart.customer.silent", f"{_CUSTOMER} ENABLE ALWAYS TRIGGER silent"),
    ("trigger state", MISSING, "mart.customer.silent", f"{_CUSTOMER} ENABLE TRIGGER silent"),
    ("event trigger", MISSING, "watched", "DROP EVENT TRIGGER watched"),
    ("event trigger", UNEXPECTED, "alarm", "CREATE EVENT TRIGGER alarm ON sql_drop EXECUTE FUNCTION mart.watch()"),
    ("event trigger", CHANGED, "watched",
     "DROP EVENT TRIGGER watched; CREATE EVENT TRIGGER watched ON sql_drop EXECUTE FUNCTION mart.watch()"),
    ("event trigger state", UNEXPECTED, "watched", "ALTER EVENT TRIGGER watched DISABLE"),
    ("event trigger state", MISSING, "asleep", "ALTER EVENT TRIGGER asleep ENABLE"),
    ("event trigger state", CHANGED, "asleep", "ALTER EVENT TRIGGER asleep ENABLE ALWAYS"),
    ("rule", MISSING, "mart.customer.keep", "DROP RULE keep ON mart.customer"),
    ("rule", CHANGED, "mart.customer.keep", "CREATE OR REPLACE RULE keep AS ON DELETE TO mart.customer DO ALSO NOTHING"),
    ("rule", UNEXPECTED, "mart.slip.mute", "CREATE RULE mute AS ON UPDATE TO mart.slip DO INSTEAD NOTHING"),
    ("rule state", UNEXPECTED, "mart.customer.keep", f"{_CUSTOMER} DISABLE RULE keep"),
    ("rule state", MISSING, "mart.scratch.quiet", "ALTER TABLE mart.scratch ENABLE RULE quiet"),
    ("rule state", CHANGED, "mart.scratch.quiet", "ALTER TABLE mart.scratch ENABLE ALWAYS RULE quiet"),
    ("publication", CHANGED, "news", "ALTER PUBLICATION news SET (publish = 'insert')"),
    ("publication", UNEXPECTED, "more", "CREATE PUBLICATION more"),
    ("publication", MISSING, "news", "DROP PUBLICATION news"),
    ("publication table", MISSING, "news of mart.customer", "ALTER PUBLICATION news DROP TABLE mart.customer"),
    ("publication table", UNEXPECTED, "news of mart.parent", "ALTER PUBLICATION news ADD TABLE mart.parent",
     "", ("publication table news of mart.child",)),
)  # fmt: skip

_ACCESS = (
    ("policy", MISSING, "mart.customer.own", "DROP POLICY own ON mart.customer"),
    ("policy", CHANGED, "mart.customer.own", "ALTER POLICY own ON mart.customer USING (true)"),
    ("policy", CHANGED, "mart.customer.own", "ALTER POLICY own ON mart.customer TO kinds_writer"),
    ("policy", UNEXPECTED, 'mart.slip."all"', 'CREATE POLICY "all" ON mart.slip'),
    ("row security", MISSING, "mart.customer", f"{_CUSTOMER} DISABLE ROW LEVEL SECURITY"),
    ("row security", CHANGED, "mart.customer", f"{_CUSTOMER} FORCE ROW LEVEL SECURITY"),
    ("row security", UNEXPECTED, "mart.slip", f"{_SLIP} ENABLE ROW LEVEL SECURITY"),
    ("owner", CHANGED, "table mart.slip", f"{_SLIP} OWNER TO kinds_owner"),
    ("owner", CHANGED, "function mart.touch()", "ALTER FUNCTION mart.touch() OWNER TO kinds_owner"),
    ("owner", CHANGED, "database itself", _database("ALTER DATABASE %I OWNER TO kinds_owner")),
    ("grant", UNEXPECTED, "table mart.slip to kinds_reader", "GRANT SELECT ON mart.slip TO kinds_reader"),
    ("grant", UNEXPECTED, "schema mart to PUBLIC", "GRANT USAGE ON SCHEMA mart TO PUBLIC"),
    ("grant", MISSING, "view mart.totals to kinds_reader", "REVOKE SELECT ON mart.totals FROM kinds_reader"),
    ("grant", CHANGED, "table mart.customer to kinds_reader", "GRANT INSERT ON mart.customer TO kinds_reader"),
    ("grant", MISSING, "column mart.slip.day to kinds_writer", "REVOKE UPDATE (day) ON mart.slip FROM kinds_writer"),
    ("grant", CHANGED, "column mart.slip.day to kinds_writer", "GRANT SELECT (day) ON mart.slip TO kinds_writer"),
    ("grant", UNEXPECTED, "column mart.slip.no to kinds_writer", "GRANT SELECT (no) ON mart.slip TO kinds_writer"),
    ("grant", MISSING, "sequence mart.numbers to kinds_writer", "REVOKE USAGE ON SEQUENCE mart.numbers FROM kinds_writer"),
    ("grant", CHANGED, "enum mart.state to kinds_writer",
     "REVOKE GRANT OPTION FOR USAGE ON TYPE mart.state FROM kinds_writer"),
    ("grant", UNEXPECTED, "function mart.double(integer, text) to kinds_writer",
     "GRANT EXECUTE ON FUNCTION mart.double TO kinds_writer"),
    ("grant", UNEXPECTED, "database itself to kinds_writer", _database("GRANT CREATE ON DATABASE %I TO kinds_writer")),
    ("grant", MISSING, "function mart.citext_hash(mart.citext) to kinds_writer",
     "REVOKE EXECUTE ON FUNCTION mart.citext_hash(mart.citext) FROM kinds_writer"),
    ("grant", UNEXPECTED, "base type mart.citext to kinds_reader", "GRANT USAGE ON TYPE mart.citext TO kinds_reader"),
    ("revoke", UNEXPECTED, "function mart.citext_hash(mart.citext) from PUBLIC",
     "REVOKE EXECUTE ON FUNCTION mart.citext_hash(mart.citext) FROM PUBLIC"),
    ("revoke", UNEXPECTED, "procedure mart.tidy(integer) from PUBLIC", "REVOKE EXECUTE ON PROCEDURE mart.tidy FROM PUBLIC"),
    ("revoke", MISSING, "function mart.double(integer, text) from PUBLIC",
     "GRANT EXECUTE ON FUNCTION mart.double TO PUBLIC"),
    ("revoke", UNEXPECTED, "database itself from PUBLIC", _database("REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC")),
    ("default privileges", CHANGED, "FOR ROLE kinds_owner IN SCHEMA mart ON TABLES TO kinds_reader",
     f"{_DEFAULTS} IN SCHEMA mart GRANT INSERT ON TABLES TO kinds_reader"),
    ("default privileges", MISSING, "FOR ROLE kinds_owner IN SCHEMA mart ON TABLES TO kinds_reader",
     f"{_DEFAULTS} IN SCHEMA mart REVOKE SELECT ON TABLES FROM kinds_reader"),
    ("default privileges", MISSING, "FOR ROLE kinds_owner ON FUNCTIONS FROM PUBLIC",
     f"{_DEFAULTS} GRANT EXECUTE ON FUNCTIONS TO PUBLIC"),
    ("default privileges", UNEXPECTED, "FOR ROLE kinds_owner ON SEQUENCES TO kinds_writer",
     f"{_DEFAULTS} GRANT USAGE ON SEQUENCES TO kinds_writer"),
    ("role", CHANGED, "kinds_writer", "ALTER ROLE kinds_writer CREATEDB", "ALTER ROLE kinds_writer NOCREATEDB"),
    ("role", CHANGED, "kinds_writer", "ALTER ROLE kinds_writer VALID UNTIL '2099-01-01'",
     "ALTER ROLE kinds_writer VALID UNTIL 'infinity'"),
    ("security label", UNEXPECTED, "test on table mart.customer", _LABEL),
    ("membership", UNEXPECTED, "kinds_writer in kinds_owner", "GRANT kinds_owner TO kinds_writer",
     "REVOKE kinds_owner FROM kinds_writer"),
    ("membership", MISSING, "kinds_reader in kinds_writer", "REVOKE kinds_writer FROM kinds_reader",
     "GRANT kinds_writer TO kinds_reader"),
    ("membership", CHANGED, "kinds_reader in kinds_writer", "GRANT kinds_writer TO kinds_reader WITH ADMIN OPTION",
     "REVOKE ADMIN OPTION FOR kinds_writer FROM kinds_reader"),
    ("setting", UNEXPECTED, "database work_mem", _database("ALTER DATABASE %I SET work_mem = 64000")),
    ("setting", UNEXPECTED, "database CONNECTION LIMIT", _database("ALTER DATABASE %I CONNECTION LIMIT 9")),
    ("setting", UNEXPECTED, "database role kinds_writer work_mem",
     _database("ALTER ROLE kinds_writer IN DATABASE %I SET work_mem = 64000")),
    ("setting", UNEXPECTED, "role kinds_writer statement_timeout",
     "ALTER ROLE kinds_writer SET statement_timeout = 9", "ALTER ROLE kinds_writer RESET statement_timeout"),
    ("setting", CHANGED, "database lock_timeout", _database("ALTER DATABASE %I SET lock_timeout = 8")),
    ("setting", MISSING, "database lock_timeout", _database("ALTER DATABASE %I RESET lock_timeout")),
    ("comment", CHANGED, "table mart.customer", "COMMENT ON TABLE mart.customer IS 'else'"),
    ("comment", MISSING, "constraint mart.customer.kind_known", "COMMENT ON CONSTRAINT kind_known ON mart.customer IS NULL"),
    ("comment", UNEXPECTED, "column mart.slip.day", "COMMENT ON COLUMN mart.slip.day IS 'when'"),
    ("comment", MISSING, "index mart.name_once", "COMMENT ON INDEX mart.name_once IS NULL"),
    ("comment", UNEXPECTED, "index mart.slip_no", "COMMENT ON INDEX mart.slip_no IS 'by number'"),
    ("comment", CHANGED, "column mart.totals.amount", "COMMENT ON COLUMN mart.totals.amount IS 'in euro'"),
)  # fmt: skip

_SINCE_15 = (
    ("sequence", CHANGED, "mart.numbers", "ALTER SEQUENCE mart.numbers SET UNLOGGED"),
    ("publication table", CHANGED, "news of mart.customer",
     "ALTER PUBLICATION news SET TABLE mart.customer WHERE (id > 0)"),
    ("publication table", MISSING, "picked of mart.slip", "ALTER PUBLICATION picked DROP TABLE mart.slip"),
    ("publication schema", UNEXPECTED, "news of public", "ALTER PUBLICATION news ADD TABLES IN SCHEMA public"),
    ("publication schema", MISSING, "all_of of mart", "ALTER PUBLICATION all_of DROP TABLES IN SCHEMA mart"),
    ("publication table", CHANGED, "news of mart.customer",
     "ALTER PUBLICATION news SET TABLE mart.customer (id, name)"),
    ("constraint", CHANGED, "mart.slip.slip_no",
     f"{_SLIP} DROP CONSTRAINT slip_no, ADD CONSTRAINT slip_no UNIQUE NULLS NOT DISTINCT (no)"),
    ("constraint", CHANGED, "mart.slip.slip_customer",
     f"{_SLIP} DROP CONSTRAINT slip_customer, ADD CONSTRAINT slip_customer FOREIGN KEY (customer)"
     " REFERENCES mart.customer ON DELETE SET NULL (customer) DEFERRABLE"),
    ("index", CHANGED, "mart.daily_day",
     "DROP INDEX mart.daily_day; CREATE UNIQUE INDEX daily_day ON mart.daily (day) NULLS NOT DISTINCT"),
    ("view", CHANGED, "mart.open", "ALTER VIEW mart.open SET (security_invoker = true)"),
)  # fmt: skip

_SINCE_16 = (
    ("membership", CHANGED, "kinds_reader in kinds_writer", "GRANT kinds_writer TO kinds_reader WITH INHERIT FALSE",
     "GRANT kinds_writer TO kinds_reader WITH INHERIT TRUE"),
    ("membership", CHANGED, "kinds_reader in kinds_writer", "GRANT kinds_writer TO kinds_reader WITH SET FALSE",
     "GRANT kinds_writer TO kinds_reader WITH SET TRUE"),
    ("collation", CHANGED, "mart.unused", _RULES),
    ("view", UNEXPECTED, "mart.parsed",
     "CREATE VIEW mart.parsed AS SELECT note IS JSON OBJECT AS good, JSON_OBJECT('a' : note) AS made FROM mart.customer"),
)  # fmt: skip

_SINCE_17 = (
    ("grant", UNEXPECTED, "table mart.slip to kinds_reader", "GRANT MAINTAIN ON mart.slip TO kinds_reader"),
    ("grant", CHANGED, "table mart.customer to kinds_reader", "GRANT MAINTAIN ON mart.customer TO kinds_reader"),
    ("default privileges", CHANGED, "FOR ROLE kinds_owner IN SCHEMA mart ON TABLES TO kinds_reader",
     f"{_DEFAULTS} IN SCHEMA mart GRANT MAINTAIN ON TABLES TO kinds_reader"),
    ("collation", UNEXPECTED, "mart.other", "CREATE COLLATION mart.other (PROVIDER = builtin, LOCALE = 'C.UTF-8')"),
    ("collation", CHANGED, "mart.unused",
     "DROP COLLATION mart.unused; CREATE COLLATION mart.unused (PROVIDER = builtin, LOCALE = 'C')"),
    ("column", CHANGED, "mart.slip.twice", f"{_SLIP} ALTER COLUMN twice SET EXPRESSION AS (amount * 3)"),
    ("identity", UNEXPECTED, "mart.event.no", "ALTER TABLE mart.event ALTER COLUMN no ADD GENERATED ALWAYS AS IDENTITY"),
    ("constraint", UNEXPECTED, "mart.event.once",
     "ALTER TABLE mart.event ADD CONSTRAINT once EXCLUDE USING btree (at WITH =, kind WITH =)"),
    ("operator", CHANGED, "mart.===(mart.point, mart.point)",
     "ALTER OPERATOR mart.=== (mart.point, mart.point) SET (HASHES, MERGES)"),
    ("event trigger", UNEXPECTED, "alarm", "CREATE EVENT TRIGGER alarm ON login EXECUTE FUNCTION mart.watch()"),
    ("view", UNEXPECTED, "mart.parsed",
     "CREATE VIEW mart.parsed AS SELECT t.a, JSON_VALUE(t.b, '$.x' RETURNING integer DEFAULT 0 ON EMPTY) AS x FROM"
     " JSON_TABLE(jsonb '[]', '$[*]' COLUMNS (a integer PATH '$.a', b jsonb PATH '$.b')) AS t"),
)  # fmt: skip

_SINCE_18 = (
    ("not null", CHANGED, "mart.slip.amount", f"{_SLIP} RENAME CONSTRAINT slip_amount_not_null TO there"),
    ("not null", UNEXPECTED, "mart.slip.day", f"{_SLIP} ADD CONSTRAINT day_there NOT NULL day"),
    ("not null", UNEXPECTED, "mart.slip.day", f"{_SLIP} ADD CONSTRAINT day_there NOT NULL day NOT VALID"),
    ("not null", CHANGED, "mart.stay.guest", f"{_STAY} VALIDATE CONSTRAINT guest_there"),
    ("not null", MISSING, "mart.stay.guest", f"{_STAY} DROP CONSTRAINT guest_there"),
    ("not null", CHANGED, "mart.stay.host", f"{_STAY} ALTER CONSTRAINT host_there NO INHERIT"),
    ("not null", CHANGED, "mart.stay.host", f"{_STAY} RENAME CONSTRAINT host_there TO host_known"),
    ("not null", UNEXPECTED, "mart.event.kind", "ALTER TABLE mart.event ADD CONSTRAINT some_kind NOT NULL kind"),
    ("not null", CHANGED, "mart.event.at", "ALTER TABLE mart.event RENAME CONSTRAINT event_at_not_null TO dated"),
    ("comment", UNEXPECTED, "not null mart.slip.amount", "COMMENT ON CONSTRAINT slip_amount_not_null ON mart.slip IS 'why'"),
    ("domain", CHANGED, "mart.kilogram", "ALTER DOMAIN mart.kilogram ADD CONSTRAINT there NOT NULL"),
    ("constraint", UNEXPECTED, "mart.slip.positive", f"{_SLIP} ADD CONSTRAINT positive CHECK (amount >= 0) NOT ENFORCED"),
    ("constraint", CHANGED, "mart.slip.slip_customer", f"{_SLIP} ALTER CONSTRAINT slip_customer NOT ENFORCED"),
    ("constraint", CHANGED, "mart.stay.guest_known", f"{_STAY} ALTER CONSTRAINT guest_known ENFORCED"),
    ("constraint", CHANGED, "mart.stay.stay_once",
     f"{_STAY} DROP CONSTRAINT stay_once, ADD CONSTRAINT stay_once UNIQUE (room, during)"),
    ("constraint", MISSING, "mart.stay.stay_once", f"{_STAY} DROP CONSTRAINT stay_once"),
    ("constraint", UNEXPECTED, "mart.stay.within",
     f"{_STAY} ADD CONSTRAINT within FOREIGN KEY (room, PERIOD during) REFERENCES mart.stay (room, PERIOD during)"),
    ("column", UNEXPECTED, "mart.slip.thrice", f"{_SLIP} ADD COLUMN thrice numeric GENERATED ALWAYS AS (amount * 3) VIRTUAL"),
    ("column", CHANGED, "mart.stay.nights", f"{_STAY} ALTER COLUMN nights SET EXPRESSION AS (0)"),
    ("column", CHANGED, "mart.stay.nights",
     f"{_STAY} DROP COLUMN nights, ADD COLUMN nights integer GENERATED ALWAYS AS (upper(during) - lower(during)) STORED"),
    ("publication", CHANGED, "news", "ALTER PUBLICATION news SET (publish_generated_columns = stored)"),
    ("default privileges", UNEXPECTED, "FOR ROLE kinds_owner ON LARGE OBJECTS TO kinds_writer",
     f"{_DEFAULTS} GRANT SELECT ON LARGE OBJECTS TO kinds_writer"),
)  # fmt: skip

MUTATIONS = (
    *(Mutation(*each) for each in (*_SCHEMAS_AND_TYPES, *_TABLES, *_CONSTRAINTS, *_PROGRAMS, *_ACCESS)),
    *(Mutation(*each)._replace(since=15) for each in _SINCE_15),
    *(Mutation(*each)._replace(since=16) for each in _SINCE_16),
    *(Mutation(*each)._replace(since=17) for each in _SINCE_17),
    *(Mutation(*each)._replace(since=18) for each in _SINCE_18),
)  # fmt: skip
