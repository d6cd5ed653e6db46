"""Schemas of any size, made from a seed, and how their catalogue is read."""

# ruff: noqa: E501 -- SQL is read by its lines
from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from test_migrations_environment import bundled_binaries

from dbops.catalogue import parse
from dbops.commands import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_KIND = (Path(__file__).parent / "data" / "every_kind.sql").read_text(encoding="utf-8")
ROLES = """
    CREATE ROLE kinds_owner; CREATE ROLE kinds_reader; CREATE ROLE kinds_writer LOGIN;
    GRANT kinds_writer TO kinds_reader;
"""
TYPES = ("integer", "bigint", "text", "varchar(20)", "numeric(10, 2)", "date", "timestamptz", "boolean",
         "jsonb", "integer[]", "interval", "uuid")  # fmt: skip
DEFAULTS = {
    "integer": "-1", "text": "'a''b'", "varchar(20)": "'new'", "numeric(10, 2)": "0", "boolean": "false",
    "timestamptz": "'2024-03-31 02:30:00+09'", "interval": "'1 day 2 hours'", "jsonb": "'{}'",
}  # fmt: skip


def psql(database: dict[str, str], script: str, *, programs: Path | None = None) -> str:
    """Return what psql prints for SCRIPT, from its standard input."""
    options = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
    done = subprocess.run(
        [(programs or bundled_binaries()) / "psql", *options, "--file=-"],
        env={"PATH": os.environ["PATH"], "PGOPTIONS": "-c client_min_messages=error", **database},
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_catalogue(database: dict[str, str]):
    return parse(psql(database, sql.query("catalogue").read_text(encoding="utf-8")))


def schema(tables: int, seed: int = 1) -> str:
    """Return the statements for a schema of TABLES tables, partitions included."""
    return "\n".join(_Schema(tables, seed).statements())


class _Schema:
    def __init__(self, tables: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables = tables
        self.plain: set[int] = set()

    def statements(self) -> Iterator[str]:
        yield "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TYPE one.state AS ENUM ('a', 'b');"
        yield "CREATE DOMAIN one.part AS numeric CHECK (VALUE BETWEEN 0 AND 1 AND VALUE <> 0.5);"
        made = 0
        while made < self.tables:
            if made % 10 == 9 and made + 3 <= self.tables:
                yield from self.partitioned(made)
                made += 3
            else:
                yield from self.table(made)
                self.plain.add(made)
                made += 1
        for number in range(0, self.tables, 4):
            yield from self.programs(number)

    def name(self, number: int) -> str:
        return f"{'one' if number % 2 else 'two'}.t_{number}"

    def table(self, number: int) -> Iterator[str]:
        name = self.name(number)
        columns = [self.column(at) for at in range(self.random.randint(3, 12))]
        if self.random.random() < 0.3:
            columns.append("twice bigint GENERATED ALWAYS AS (id * 2) STORED")
        yield f"""CREATE TABLE {name} (id {self.random.choice(("serial", "integer GENERATED ALWAYS AS IDENTITY"))}
            PRIMARY KEY, kind varchar(10) NOT NULL DEFAULT 'a', at date, {", ".join(columns)},
            state one.state, CONSTRAINT kind_{number} CHECK (kind IN ('a', 'b') AND id BETWEEN 0 AND 9 AND id <> 5));"""
        yield f"CREATE INDEX ON {name} (at DESC, kind) WHERE kind IN ('a', 'c');"
        if number - 10 in self.plain:
            other = self.name(number - 10)
            yield f"ALTER TABLE {name} ADD COLUMN other integer REFERENCES {other};"
        if number % 5 == 0:
            yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"
            yield f"CREATE POLICY mine ON {name} USING (kind IN ('a', 'b') OR id BETWEEN 1 AND 2 AND at IS NULL);"
            yield f"GRANT SELECT, UPDATE ON {name} TO PUBLIC; COMMENT ON TABLE {name} IS 'it''s {number}';"
            yield f"ALTER TABLE {name} DROP COLUMN at CASCADE, ADD COLUMN at date;"

    def column(self, at: int) -> str:
        kind = self.random.choice(TYPES)
        default = DEFAULTS.get(kind)
        extra = f" DEFAULT {default}" if default and self.random.random() < 0.5 else ""
        return f'"c {at}" {kind}{extra}' + (" NOT NULL" if self.random.random() < 0.3 else "")

    def partitioned(self, number: int) -> Iterator[str]:
        name = self.name(number)
        yield f"CREATE TABLE {name} (id integer, at date NOT NULL, kind text DEFAULT 'x') PARTITION BY RANGE (at);"
        yield f"CREATE TABLE {name}_old PARTITION OF {name} FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');"
        yield f"CREATE TABLE {name}_rest PARTITION OF {name} DEFAULT;"
        yield f"ALTER TABLE {name} ADD PRIMARY KEY (id, at); CREATE INDEX ON {name} (kind, at);"
        yield f"ALTER TABLE {name} ADD CHECK (kind IN ('x', 'y'));"

    def programs(self, number: int) -> Iterator[str]:
        name = self.name(number if number in self.plain else 0)
        view = f"one.v_{number}"
        yield f"""CREATE VIEW {view} AS SELECT t.id, t.kind, CASE WHEN t.id IN (1, 2) THEN 'x' ELSE t.kind END AS word,
            count(*) OVER (PARTITION BY t.kind ORDER BY t.id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS near,
            extract(year FROM t.at) AS year FROM {name} t
            WHERE t.kind IN ('a', 'b') AND t.at BETWEEN '2024-01-01' AND now()::date AND t.id > 0;"""
        if number % 8 == 0:
            yield f"CREATE MATERIALIZED VIEW two.m_{number} AS SELECT kind, max(id) AS top FROM {view} GROUP BY kind;"
            yield f"CREATE UNIQUE INDEX ON two.m_{number} (kind);"
        yield f"""CREATE FUNCTION two.f_{number}(a varchar, b integer DEFAULT -1, VARIADIC c text[] DEFAULT '{{}}')
            RETURNS boolean LANGUAGE sql STABLE
            BEGIN ATOMIC SELECT a IN ('x', 'y') AND b BETWEEN 1 AND 5 AND b <> 3; END;"""
        if number % 12 == 0:
            yield f"""CREATE FUNCTION two.g_{number}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN NEW.kind := 'a'; RETURN NEW; END$$;
                CREATE TRIGGER g_{number} BEFORE INSERT ON {name} FOR EACH ROW WHEN (NEW.kind IN ('a', 'b'))
                EXECUTE FUNCTION two.g_{number}();"""
