"""A target of a few small files and states made by hand: all that a plan is made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbops.environments.model import Database as DatabaseSettings
from dbops.environments.model import Environment, Guard, Migrations, Roles
from dbops.state import Database, Service, State
from dbops.target import Target

BASELINE = "0001_baseline"
HEAD = "20251212_100000000"
NEXT = "20260101_000000000"
LEGACY = "20251212_110000000"
RELATIONS = ("raw.slips", "mart.daily")
SNAPSHOT = """\
--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Name: mart; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA mart;


--
-- Name: raw; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA raw;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: slips; Type: TABLE; Schema: raw; Owner: -
--

CREATE TABLE raw.slips (
    id integer NOT NULL
);


--
-- Name: daily; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.daily AS
 SELECT count(*) AS count FROM raw.slips;


--
-- PostgreSQL database dump complete
--
"""


DOWN = "\n\ndef downgrade() -> None:\n    pass\n"


def write_revision(directory: Path, name: str, follows: str | None, more: str = DOWN) -> None:
    text = f'"""Title of {name}."""\n\nrevision = {name!r}\ndown_revision = {follows!r}\n{more}'
    path = directory / "migrations_v2" / "alembic" / "versions" / f"{name}.py"
    path.write_text(text, encoding="utf-8")


def make_environment(directory: Path, **changed: Any) -> Environment:
    settings: dict[str, Any] = {
        "backend": "embedded",
        "database": DatabaseSettings(name="sanbou_dev"),
        "migrations": Migrations(schemas=("raw", "mart"), legacy_heads=(LEGACY,)),
        "roles": Roles(owner="sanbou_owner", app="sanbou_app"),
    }
    return Environment(
        name="local_dev",
        project="sanbou",
        project_directory=directory,
        file=directory / "environments.yaml",
        **{**settings, **changed},
    )


def make_target(directory: Path, *, protected: bool = False, **changed: Any) -> Target:
    (directory / "migrations_v2" / "alembic" / "versions").mkdir(parents=True)
    (directory / "sql").mkdir()
    ini = "[alembic]\nscript_location = %(here)s/alembic\n"
    (directory / "migrations_v2" / "alembic.ini").write_text(ini, encoding="utf-8")
    (directory / "sql" / "schema_baseline.sql").write_text(SNAPSHOT, encoding="utf-8")
    write_revision(directory, BASELINE, None)
    write_revision(directory, HEAD, BASELINE)
    guard = Guard(protected=protected)
    target = Target(environment=make_environment(directory, guard=guard, **changed))
    # Not looked for on this machine: where the binaries are, and which account runs the server.
    vars(target.place).update(binaries=Path("/pg/bin"), user=None)
    return target


def service(target: Target, status: str = "running", **facts: Any) -> Service:
    embedded: Any = target.place
    return Service(
        status=status,  # type: ignore[arg-type]  # made by hand
        port=24001,
        data=embedded.data,
        socket_directory=embedded.socket_directory,
        **{"major": 17, "binaries_major": 17, **facts},
    )


def absent(target: Target) -> State:
    return State(service=service(target, "absent", major=0), database=None)


def stopped(target: Target, **facts: Any) -> State:
    return State(service=service(target, "stopped", **facts), database=None)


def running(target: Target, *versions: str, **facts: Any) -> State:
    """Return the state of a database that holds the snapshot's objects and its roles."""
    found = {
        "exists": True,
        "server_version": 170010,
        "environment": target.name,
        "versions": versions,
        "objects": 2,
        "schemas": ("mart", "public", "raw"),
        "relations": RELATIONS,
        "roles": ("postgres", "sanbou_owner", "sanbou_app"),
    }
    return State(service=service(target), database=Database(**{**found, **facts}))


def empty(target: Target, *versions: str, **facts: Any) -> State:
    nothing: dict[str, Any] = {"objects": 0, "schemas": ("public",), "relations": ()}
    return running(target, *versions, **{**nothing, **facts})


def dropped(target: Target) -> State:
    return State(service=service(target), database=Database(exists=False))
