"""What a move of the baseline is made of: the edited file, the new revision, what it leaves."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from handmade import BASELINE, HEAD, NEXT, make_target, running, write_revision

from dbops import catalogue, revisions
from dbops.commands import moving
from dbops.environments.editing import with_baseline
from dbops.errors import ExitCode, Problem, Refused, UsageProblem
from dbops.operations import (
    adoption,
    advance,
    migrations,
    require,
    rows,
    scratch,
    stamping,
    standing,
    walk,
    which,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
INI = "migrations_v2/alembic.ini"
FILE = """\
project: app
defaults:
  migrations:
    baseline: 0001_baseline   # stands for the snapshot
environments:
  one:
    backend: embedded
    database: {name: one}
"""


@pytest.fixture
def target(tmp_path):
    return make_target(tmp_path)


def edited(tmp_path, text, new=NEXT):
    file = tmp_path / "environments.yaml"
    return with_baseline(file, text.encode(), ini=INI, old=BASELINE, new=new).decode()


# environments.yaml


def test_only_the_value_changes_and_a_comment_stays(tmp_path):
    expected = FILE.replace("0001_baseline ", f'"{NEXT}" ')
    assert edited(tmp_path, FILE) == expected


def test_the_key_is_added_where_the_default_held(tmp_path):
    text = FILE.replace("baseline: 0001_baseline   # stands for the snapshot", "schemas: [public]")
    added = edited(tmp_path, text)
    assert added == text.replace("    schemas", f'    baseline: "{NEXT}"\n    schemas')


def test_a_flow_mapping_stays_one(tmp_path):
    start, end = FILE.index("  migrations"), FILE.index("environments:")
    text = f"{FILE[:start]}  migrations: {{schemas: [public]}}\n{FILE[end:]}"
    assert f'{{baseline: "{NEXT}", schemas: [public]}}' in edited(tmp_path, text)


def test_an_environment_of_another_history_keeps_its_baseline(tmp_path):
    other = (
        "  two:\n    backend: embedded\n    database: {name: two}\n    migrations: {ini: b.ini}\n"
    )
    with pytest.raises(UsageProblem) as raised:
        edited(tmp_path, FILE + other)
    assert "cannot be changed by itself" in raised.value.what
    own = other.replace("{ini: b.ini}", "{ini: b.ini, baseline: other}")
    assert edited(tmp_path, FILE + own).endswith(own)


def test_nothing_to_change_is_a_usage_problem(tmp_path):
    start, end = FILE.index("defaults"), FILE.index("environments:")
    with pytest.raises(UsageProblem):
        edited(tmp_path, FILE[:start] + FILE[end:])


# the revision file


def advanced_file(directory, revision=HEAD):
    """Write a baseline revision as a move does, and return its path."""
    relations = directory / "relations"
    relations.write_text('    "raw.slips",\n    "mart.日報",\n', encoding="utf-8")
    path = directory / "migrations_v2" / "alembic" / "versions" / f"{revision}.py"
    facts = moving.Facts(
        revision=revision, snapshot="sql/schema.sql", replaces=((COMMIT, (BASELINE,)),)
    )
    text = moving.baseline_file(facts, str(relations), path)
    subprocess.run(["sh", "-c", text], check=True)
    return path


def test_the_written_revision_is_read_back_with_what_it_replaces(target):
    folder = target.versions
    (folder / f"{BASELINE}.py").unlink()
    path = advanced_file(target.environment.project_directory)
    graph = revisions.read(folder)
    assert graph[HEAD].replaces == ((COMMIT, (BASELINE,)),)
    assert (graph[HEAD].parents, graph.head) == ((), HEAD)
    assert graph.archived == {BASELINE: COMMIT}
    assert '    "mart.日報",\n' in path.read_text(encoding="utf-8")


def test_replaces_has_to_be_plain_text(target):
    path = target.versions / f"{HEAD}.py"
    path.write_text(f'revision = "{HEAD}"\ndown_revision = None\nreplaces = names()\n')
    with pytest.raises(Problem) as raised:
        revisions.read(target.versions)
    assert raised.value.what == "replaces is not written as plain text"


# a database behind it


@pytest.fixture
def moved(target):
    (target.versions / f"{BASELINE}.py").unlink()
    advanced_file(target.environment.project_directory)
    vars(target)["graph"] = revisions.read(target.versions)
    return target


def test_behind_the_baseline_the_commit_that_helps_is_named(moved):
    with pytest.raises(Refused) as raised:
        require.known_version(moved, running(moved, BASELINE).database)
    assert raised.value.what == f"local_dev is at {BASELINE}, behind the baseline {BASELINE}"
    commands = f"git switch --detach {COMMIT}; inv al-up --env local_dev; git switch -"
    assert raised.value.next_command == commands


@pytest.mark.parametrize("facts", [{}, {"recorded": ("upgrade", BASELINE)}])
def test_what_is_behind_is_neither_adopted_nor_stamped(moved, facts):
    state = running(moved, *([] if facts else [BASELINE]), **facts)
    helps = f"git switch --detach {COMMIT}; inv al-up --env local_dev; git switch -"
    for act in (
        lambda: adoption.adopt(moved, state, accept=None),
        lambda: migrations.upgrade(moved, state),
        *([] if facts else [lambda: stamping.stamp(moved, state, revision=HEAD)]),
    ):
        with pytest.raises(Refused) as raised:
            act()
        assert raised.value.next_command == helps


def test_which_tells_that_it_is_behind(moved, monkeypatch):
    other = catalogue.parse('["table", "raw.slips", "TABLE"]')
    monkeypatch.setattr(scratch, "live", lambda *_: other)
    monkeypatch.setattr(
        walk, "catalogues", lambda *_: (each for each in [(HEAD, catalogue.parse(""))])
    )
    found = which.which(moved, running(moved, BASELINE))
    assert found["says"] == "behind"
    assert found["next"].startswith(f"git switch --detach {COMMIT}; ")


def test_where_it_is_tells_that_it_is_behind(moved):
    assert COMMIT in standing.current(moved, running(moved, BASELINE))["behind_baseline"]
    assert "behind_baseline" not in standing.current(moved, running(moved, HEAD))


def test_archived_is_not_vanished_and_its_id_is_not_edited(moved):
    archive = moved.versions.with_name("archive")
    archive.mkdir()
    write_revision(moved.environment.project_directory, NEXT, HEAD)
    vars(moved)["graph"] = revisions.read(moved.versions)
    (archive / "old.py").write_text("as it was applied")
    digest = hashlib.sha256(b"as it was applied").hexdigest()
    files = (
        (BASELINE, "0" * 64),
        (HEAD, digest),
        ("20250101_000000000", "2" * 64),
        (NEXT, "1" * 64),
    )
    now = moved.graph[NEXT].sha256[:12]
    vanished, edited = standing.retold(moved, running(moved, NEXT, revision_files=files))
    gone = "revision 20250101_000000000 was applied and its file vanished"
    assert vanished == f"{gone} (222222222222 then, none now)"
    assert edited == (
        f"revision {NEXT} was edited after it was applied (111111111111 then, {now} now)"
    )


# refusals that need no database


def test_a_branch_that_would_lose_its_beginning_is_refused(target):
    write_revision(target.environment.project_directory, NEXT, BASELINE)
    with pytest.raises(Refused) as raised:
        advance._check_path(target.graph, HEAD)
    assert raised.value.why == f"{NEXT} follows {BASELINE}, which would be archived"


def test_outside_git_nothing_is_moved(target):
    with pytest.raises(Problem) as raised:
        advance.advance(target, running(target, HEAD), revision=HEAD, accepted=None)
    assert (raised.value.what, raised.value.code) == (
        "git does not know this checkout",
        ExitCode.FAILED,
    )


def test_the_baseline_itself_is_nothing_to_do(target):
    found = advance.advance(target, running(target, HEAD), revision=BASELINE, accepted=None)
    assert (found.steps, found.reason) == ((), f"{BASELINE} is the baseline already")


# rows


@pytest.mark.parametrize(
    ("body", "writes"),
    [
        ('op.execute("INSERT INTO t VALUES (1)")', True),
        ("op.bulk_insert(t, [])", True),
        ('op.execute("CREATE TABLE a (); UPDATE t SET a = 1")', True),
        ('op.execute("CREATE TABLE a AS SELECT 1")', True),
        ('op.execute("WITH new AS (SELECT 1) INSERT INTO t SELECT * FROM new")', True),
        (
            'op.execute("CREATE FUNCTION f() RETURNS void AS $$ INSERT INTO t $$ LANGUAGE sql")',
            False,
        ),
        ("op.execute(\"COMMENT ON TABLE t IS 'insert into'\")", False),
        ('op.add_column("t", column)', False),
    ],
)
def test_a_revision_that_writes_rows_is_known_by_its_statements(tmp_path, body, writes):
    path = tmp_path / "a.py"
    path.write_text(
        f'def upgrade():\n    {body}\n\ndef downgrade():\n    op.execute("DELETE FROM t")\n'
    )
    assert rows.written_by(path) is writes
