"""What people type wrong, and what must never be taken for more than a name."""

from __future__ import annotations

import ast
import shutil

import pytest
from watching import everything, refused, succeeded

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
HOSTILE = [
    "local dev",
    'it\'s "quoted"',
    "x; touch canary",
    "$(touch canary)",
    "`touch canary`",
    "x' || pg_sleep(9) || '",
    "a\nb",
    "本番 環境",
    "../../etc",
    "%s {0} ${HOME}",
    "back\\slash",
    '"""',
]


@pytest.fixture
def unchanged(head):
    """local_dev at head; afterwards nothing may differ."""
    before = everything(head)
    yield head
    assert everything(head) == before


@pytest.mark.parametrize(
    ("words", "what", "meant"),
    [
        (("al-upp", *DEV), "no command is called 'al-upp'", "did you mean al-up?"),
        (("al_up", *DEV), "no command is called 'al_up'", "did you mean al-up?"),
        (("migrate", *DEV), "no command is called 'migrate'", "commands"),
        (("al-up", "--envv", "local_dev"), "al-up has no option --envv", "did you mean --env?"),
        (("al-up", "--force", *DEV), "al-up has no option --force", "its options are"),
        (("al-up", "local_dev"), "al-up: 'local_dev' stands alone", "given with --env"),
        (("al-up", "--env", "local_devv"), "local_devv", "local_dev"),
        (("al-up", "--env", "Local_Dev"), "Local_Dev", "local_dev"),
        (("al-up", "--env", "local_stg"), "local_stg", "local_dev"),
        (("al-up",), "--env", "local_dev"),
        (("al-stamp", "--rev", "0001_base_line", *DEV), "0001_base_line", "mean 0001_baseline?"),
    ],
)
def test_a_wrong_word_gets_the_right_one(unchanged, words, what, meant):
    told = refused(unchanged.inv(*words), ExitCode.USAGE, what)
    assert meant in told


def test_an_alias_is_the_same_environment(unchanged):
    assert unchanged.json("ps", "--env", "dev") == unchanged.json("ps", *DEV)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "words",
    [("al-up", "--env"), ("mv-refresh", *DEV, "--view"), ("al-stamp", *DEV, "--rev")],
    ids=["env", "view", "rev"],
)
def test_a_hostile_name_is_only_an_unknown_name(head, words, name):
    refused(head.inv(*words, name), ExitCode.USAGE, "")
    assert not list(head.directory.rglob("canary"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_confirmation_is_only_a_wrong_name(head, name):
    words = ("db-init-from-snapshot", "--env", "vault", "--force", "--confirm", name)
    refused(head.inv(*words), ExitCode.REFUSED, "is not the environment's name")
    assert not list(head.directory.rglob("canary"))
    assert head.json("ps", "--env", "vault")["status"] == "absent"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_only_a_title(head, name):
    folder = head.directory / "migrations_v2/alembic/versions"
    before = set(folder.rglob("*"))
    try:
        succeeded(head.inv("al-rev", "--message", name))
        (file,) = {each for each in folder.rglob("*") if each.suffix == ".py"} - before
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
        assert file.parent == folder
        succeeded(head.inv("al-hist", *DEV))
        assert not list(head.directory.rglob("canary"))
    finally:
        for added in set(folder.rglob("*.py")) - before:
            added.unlink()


def test_a_hostile_accepted_hash_is_only_a_wrong_hash(head):
    head.psql(
        "CREATE TABLE mart.by_hand ()",
        "UPDATE alembic_version SET version_num = 'other'",
        "INSERT INTO dbops.revision_log (operation, revision) VALUES ('stamp', '0001_baseline')",
    )
    try:
        done = head.inv("al-adopt", *DEV, "--accept", "$(touch canary)")
        refused(done, ExitCode.DIFFERENCES, "1 difference")
        assert not list(head.directory.rglob("canary"))
    finally:
        versions = "UPDATE alembic_version SET version_num = '20251212_100000000'"
        log = "DELETE FROM dbops.revision_log WHERE operation = 'stamp'"
        head.psql("DROP TABLE mart.by_hand", versions, f"{log} AND file_sha256 IS NULL")


@pytest.mark.parametrize("name", ["DATABASE_URL", "PGHOST", "PGPORT", "PGDATABASE", "PGSERVICE"])
def test_a_variable_of_the_shell_never_chooses_the_target(unchanged, name):
    for verb in ("al-cur", "al-up", "psql"):
        done = unchanged.inv(verb, *DEV, **{name: "somewhere_else"})
        told = refused(done, ExitCode.REFUSED, "this shell names another target")
        assert told.endswith(f"next:  unset {name}")


@pytest.mark.parametrize(
    ("before", "after", "what", "place"),
    [
        ("project: sanbou", "project: [sanbou", "a bracket that is not closed", "2:9"),
        ("aliases: [dev]", "aliasses: [dev]", "unknown key", "17:5"),
        ("{name: sanbou_dev}", "{name: 42}", "needs text, got 42", "18:16"),
        ("backend: embedded", "backend: embeded", 'did you mean "embedded"?', "3:3"),
    ],
)
def test_a_wrong_environments_file_is_refused_with_the_place(unchanged, before, after, what, place):
    file = unchanged.directory / "environments.yaml"
    kept = unchanged.directory / "environments.yaml.kept"
    shutil.copy2(file, kept)
    try:
        unchanged.edit("environments.yaml", before, after)
        done = unchanged.inv("al-up", *DEV)
        assert done.returncode == ExitCode.USAGE
        assert done.stderr.startswith("error: ")
        assert what in done.stderr
        assert f"where: environments.yaml:{place}" in done.stderr.replace(str(file), file.name)
        assert "Traceback" not in done.stderr
    finally:
        kept.rename(file)


def test_an_environments_file_that_is_missing_is_named(unchanged):
    done = unchanged.inv("al-up", *DEV, DBOPS_ENVIRONMENTS="/no/such/environments.yaml")
    assert "/no/such/environments.yaml" in refused(done, ExitCode.USAGE, "cannot be read")
