"""An expected catalogue that was kept is used while all it was made from is the same."""

from __future__ import annotations

from dataclasses import replace

import handmade
import pytest
from handmade import BASELINE, HEAD, NEXT

from dbops import catalogue
from dbops.errors import Problem
from dbops.operations import scratch
from dbops.runner import Answer

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


WHOLE = '["schema", "raw", "CREATE SCHEMA raw"]'
TORN = f'{WHOLE}\n["index", "raw.t_a", null, "table", "raw.t"]'


class Server:
    """A machine that gives one catalogue after the other."""

    def __init__(self, *catalogues):
        self.catalogues = list(catalogues)

    def read(self, *_, **__):
        return Answer(code=0, out=self.catalogues.pop(0), error="")


def read_from(target, *catalogues):
    return scratch.live(replace(target, machine=Server(*catalogues)), state(target))


def test_a_catalogue_that_an_object_went_out_of_is_read_once_more(target):
    assert len(read_from(target, TORN, WHOLE).objects) == 1


def test_a_schema_that_keeps_changing_is_said_to(target):
    with pytest.raises(Problem) as caught:
        read_from(target, TORN, TORN, WHOLE)
    assert caught.value.render() == (
        "error: local_dev: the schema changed while it was read\n"
        "where: sanbou_dev\n"
        "why:   index raw.t_a has no definition, twice: somebody is changing objects\n"
        "next:  type the same command again"
    )


def test_another_row_that_is_no_object_is_a_bug(target):
    with pytest.raises(ValueError, match="7 is no object"):
        read_from(target, "7", WHOLE)
