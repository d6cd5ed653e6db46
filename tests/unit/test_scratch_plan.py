"""An expected catalogue that was kept is used while all it was made from is the same."""

from __future__ import annotations

from dataclasses import replace

import handmade
import pytest
from handmade import BASELINE, HEAD, NEXT

from dbops import catalogue
from dbops.operations import scratch

INI, ROLES, SNAPSHOT = (
    "migrations_v2/alembic.ini",
    "sql/bootstrap_roles.sql",
    "sql/schema_baseline.sql",
)
LOCALE = ("UTF8", "C", "C", "b", "C.UTF-8", None, "pg_default")


@pytest.fixture
def target(tmp_path):
    """Return a target whose catalogue of HEAD was kept."""
    made = handmade.make_target(tmp_path / "work")
    (made.files / ROLES).write_text("SELECT 1;\n", encoding="utf-8")
    path = scratch._cache(made, state(made), HEAD)
    path.parent.mkdir(parents=True)
    path.write_text(catalogue.dump(catalogue.parse('["schema", "raw", "CREATE SCHEMA raw"]')))
    return made


def state(target, **facts):
    return handmade.running(target, HEAD, **{"locale": LOCALE, **facts})


def test_what_was_kept_is_used_while_nothing_changed(target):
    assert scratch.kept(target, state(target), HEAD) is not None
    assert scratch.kept(target, state(target), BASELINE) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"server_version": 170011},
        {"locale": ("UTF8", "C", "C", "c", None, None, "pg_default")},
        {"roles": ("postgres", "sanbou_owner")},
    ],
)
def test_another_server_database_or_role_has_another_one(target, facts):
    assert scratch.kept(target, state(target, **facts), HEAD) is None


def test_another_account_has_another_one(target):
    user = replace(target.environment.database, user="keeper")
    other = replace(target, environment=replace(target.environment, database=user))
    assert scratch.kept(other, state(other), HEAD) is None


BESIDE = ("env.py", "dbops_migrator/lock.py", "versions/rows.csv")


@pytest.mark.parametrize(
    "file", [INI, ROLES, SNAPSHOT, *(f"migrations_v2/alembic/{each}" for each in BESIDE)]
)
def test_a_file_that_changed_has_another_one(target, file):
    (target.files / file).parent.mkdir(exist_ok=True)
    with (target.files / file).open("a", encoding="utf-8") as text:
        text.write("\n")
    target.forget()
    assert scratch.kept(target, state(target), HEAD) is None


def test_a_later_revision_and_what_python_compiled_change_nothing(target):
    handmade.write_revision(target.environment.project_directory, NEXT, HEAD)
    compiled = target.versions / "__pycache__" / "rows.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(b"compiled")
    target.forget()
    assert scratch.kept(target, state(target), HEAD) is not None
