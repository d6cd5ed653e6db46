"""A backup is kept only when it is proven, and what its manifest says is true."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path

import psycopg2
import pytest
from conftest import _binaries
from watching import BASELINE, HEAD, succeeded, until

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
ON_A_VM = """\
awk cat chmod cksum cut date df dirname docker env find grep make mkdir mv rm sed sh sha256sum sort
sync tail tr wc"""
STRANGE = (
    'CREATE TABLE "odd (name) "" here"."Two ""quotes"" (and) FROM stdin;" (t text)',
    """INSERT INTO "odd (name) "" here"."Two ""quotes"" (and) FROM stdin;"
        VALUES ('COPY public.fake (t) FROM stdin;'), ('\\.'), (E'two\\nlines'), (NULL), ('')""",
    "CREATE TABLE public.no_columns ()",
    "INSERT INTO public.no_columns DEFAULT VALUES",
    """CREATE FUNCTION public.prints() RETURNS text LANGUAGE sql AS $$ SELECT '
COPY public.fake (t) FROM stdin;
1' $$""",
    r'CREATE TABLE public."a\q\\b" (n int)',
    r'INSERT INTO public."a\q\\b" VALUES (1)',
    "CREATE UNLOGGED TABLE public.unlogged AS SELECT generate_series(1, 7)",
)
COUNTED = """\
SELECT format('%I.%I', n.nspname, c.relname),
       (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', n.nspname,
                                                   c.relname), false, true, '')))[1]::text
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""


@pytest.fixture
def folder(head):
    """Where the backups of local_dev go; emptied afterwards."""
    path = head.directory / "backups"
    yield path
    shutil.rmtree(path, ignore_errors=True)


def manifest(folder):
    """Return the newest manifest and its dump."""
    newest = max(folder.glob("*.json"))
    return json.loads(newest.read_text(encoding="utf-8")), newest.with_suffix(".dump")


def is_true(project, folder):
    """Compare the newest manifest with its dump, and with the database as it is."""
    said, dump = manifest(folder)
    assert said["bytes"] == dump.stat().st_size
    assert said["sha256"] == hashlib.sha256(dump.read_bytes()).hexdigest()
    assert (said["file"], said["revision"], said["environment"]) == (dump.name, HEAD, "local_dev")
    assert said["server_version"] == int(project.psql("SHOW server_version_num"))
    live = dict(line.rsplit("|", 1) for line in project.psql(COUNTED).splitlines())
    assert {table: str(rows) for table, rows in said["rows"].items()} == live
    assert said["tables"] == len(live)


def test_the_manifest_says_what_the_database_holds(head, folder):
    head.psql('CREATE SCHEMA "odd (name) "" here"', *STRANGE)
    head.psql("INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.100)")
    try:
        assert f"at {HEAD}" in succeeded(head.inv("backup", *DEV))
        is_true(head, folder)
        assert manifest(folder)[0]["rows"]["public.unlogged"] == 7
        tested = succeeded(head.inv("backups", *DEV, "--restore-test"))
        assert "was restored and holds every row" in tested
    finally:
        head.psql(
            'DROP SCHEMA "odd (name) "" here" CASCADE',
            r'DROP TABLE public.no_columns, public.unlogged, public."a\q\\b"',
            "DROP FUNCTION public.prints()",
        )
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    listed = head.json("backups", *DEV, "--verify")
    assert [each["damage"] for each in listed] == [""]


def test_the_newest_are_kept_and_never_fewer_than_two(head, folder):
    folder.mkdir()
    # Another environment's name may begin with this one's.
    others = [f"local_dev_copy_20200101T000000Z_{BASELINE}.{end}" for end in ("dump", "json")]
    for each in others:
        (folder / each).touch()
    head.edit("environments.yaml", "aliases: [dev]", "aliases: [dev]\n    backup: {keep: 1}")
    taken = [head.json("backup", *DEV)["dump"] for _ in range(3)]
    head.edit("environments.yaml", "aliases: [dev]\n    backup: {keep: 1}", "aliases: [dev]")
    assert [each["dump"] for each in head.json("backups", *DEV)] == taken[:0:-1]
    left = {each.name for each in folder.iterdir()} - set(others)
    assert left == {f"{Path(each).stem}.{end}" for each in taken[1:] for end in ("dump", "json")}
    assert all((folder / each).exists() for each in others)


def test_a_linked_directory_is_kept_small_too(head, folder, tmp_path):
    folder.symlink_to(tmp_path)
    head.edit("environments.yaml", "aliases: [dev]", "aliases: [dev]\n    backup: {keep: 2}")
    try:
        taken = [head.json("backup", *DEV)["dump"] for _ in range(3)]
    finally:
        head.edit("environments.yaml", "aliases: [dev]\n    backup: {keep: 2}", "aliases: [dev]")
        folder.unlink()
    assert sorted(each.name for each in tmp_path.glob("*.dump")) == [
        Path(each).name for each in taken[1:]
    ]


def test_what_lies_in_a_folder_below_is_neither_counted_nor_removed(head, folder):
    head.must("backup", *DEV)
    old = folder / "zz-kept-for-the-audit"
    old.mkdir()
    for each in [*folder.glob("local_dev_*")]:
        for number in range(8):
            name = each.name.replace("_2", f"_3{number}", 1).replace(f"_3{number}0", f"_3{number}")
            shutil.copy(each, old / name)
    below = sorted(old.iterdir())
    taken = [head.json("backup", *DEV)["dump"] for _ in range(2)]
    assert sorted(old.iterdir()) == below
    assert all(Path(each).exists() for each in taken)


@pytest.fixture
def script(head, folder):
    """Starts the script by itself, as a VM does without Python."""
    folder.mkdir(mode=0o700)

    def start(*options):
        file = Path(__file__).parents[2] / "scripts" / "backup.sh"
        words = ["sh", file, "--environment", "local_dev", "--directory", folder, *options]
        words += ["--keep", "7", "--database", "sanbou_dev", "--user", "postgres", "--", "env"]
        path = f"{_binaries()}:{os.environ['PATH']}"
        variables = {**os.environ, **head.libpq(), "PATH": path}
        pipe = subprocess.PIPE
        return subprocess.Popen(words, env=variables, stdout=pipe, stderr=pipe, text=True)

    return start


def test_the_script_takes_the_lock_and_says_so(script, folder, tmp_path):
    lock = tmp_path / "lock"
    lock.write_text('{"verb":"deploy","who":"rin"}\n')
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy = script("--lock", str(lock))
        error = busy.communicate(timeout=60)[1]
    assert busy.returncode == ExitCode.LOCKED
    assert "another command is changing local_dev" in error
    assert '"who":"rin"' in error
    assert not [*folder.glob("*.dump")]
    done = script("--lock", str(lock))
    done.communicate(timeout=60)
    assert done.returncode == 0
    assert json.loads(lock.read_text())["verb"] == "backup"


def test_two_scripts_in_one_second_take_two_names(script, folder):
    both = [script() for _ in range(2)]
    said = {each.communicate(timeout=60)[0].strip() for each in both}
    assert [each.returncode for each in both] == [0, 0]
    assert said == {str(each) for each in folder.glob("*.dump")}
    assert len(said) == 2
    assert not [each for each in folder.iterdir() if each.name.startswith(".")]


def test_a_clock_that_ran_ahead_does_not_cost_the_newest_backup(head, folder):
    head.must("backup", *DEV)
    said, dump = manifest(folder)
    for year in range(2090, 2099):
        name = f"local_dev_{year}0101T000000Z_{HEAD}"
        shutil.copy(dump, folder / f"{name}.dump")
        ahead = {**said, "file": f"{name}.dump", "taken_at": f"{year}0101T000000Z"}
        (folder / f"{name}.json").write_text(json.dumps(ahead), encoding="utf-8")
    told = succeeded(head.inv("backup", *DEV))
    today = [each for each in folder.glob("*.dump") if "_209" not in each.name]
    assert len(today) == 1
    assert f"{today[0].name} is proven" in told
    assert today[0] != dump
    assert today[0].with_suffix(".json").exists()


def test_tables_of_an_extension_count_as_pg_dump_takes_them(head, folder):
    head.psql(
        "CREATE TABLE public.of_extension (a int)",
        "CREATE TABLE public.settings_of_it AS SELECT 1 AS a",
        "ALTER EXTENSION plpgsql ADD TABLE public.of_extension",
        "ALTER EXTENSION plpgsql ADD TABLE public.settings_of_it",
        "UPDATE pg_extension SET extcondition = ARRAY[''],"
        " extconfig = ARRAY['public.settings_of_it'::regclass] WHERE extname = 'plpgsql'",
    )
    try:
        succeeded(head.inv("backup", *DEV))
        rows = manifest(folder)[0]["rows"]
        assert rows["public.settings_of_it"] == 1
        assert "public.of_extension" not in rows
        query = head.directory / "sql" / "queries" / "probe.sql"
        probed = json.loads(head.psql("\\set migration_lock 1", f"\\i {query}"))
        assert probed["tables"] == len(rows)
    finally:
        head.psql(
            "UPDATE pg_extension SET extcondition = NULL, extconfig = NULL"
            " WHERE extname = 'plpgsql'",
            "ALTER EXTENSION plpgsql DROP TABLE public.of_extension",
            "ALTER EXTENSION plpgsql DROP TABLE public.settings_of_it",
            "DROP TABLE public.of_extension, public.settings_of_it",
        )


def test_rows_are_of_one_moment_while_writers_go_on(head, folder):
    head.psql("CREATE TABLE public.one (n int)", "CREATE TABLE public.three (n int)")
    stop, written = threading.Event(), []
    writers = [threading.Thread(target=_write, args=(head, stop, written)) for _ in range(2)]
    for each in writers:
        each.start()
    try:
        until(lambda: len(written) > 50, "the writers to write")
        succeeded(head.inv("backup", *DEV))
        before = len(written)
        until(lambda: len(written) > before, "the writers to go on")
    finally:
        stop.set()
        for each in writers:
            each.join()
        head.psql("DROP TABLE public.one, public.three")
    rows = manifest(folder)[0]["rows"]
    assert rows["public.three"] == 3 * rows["public.one"]
    assert 50 <= rows["public.one"] < len(written)


def _write(project, stop, written):
    reached = project.libpq()
    connection = psycopg2.connect(
        host=reached["PGHOST"], port=reached["PGPORT"], user="postgres", dbname="sanbou_dev"
    )
    while not stop.wait(0.002):
        with connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO public.one VALUES (1)")
            cursor.execute("INSERT INTO public.three VALUES (1), (2), (3)")
        written.append(1)
    connection.close()


def test_make_backup_needs_docker_and_a_shell_alone(compose_project, tmp_path):
    for each in ON_A_VM.split():
        (tmp_path / each).symlink_to(shutil.which(each))
    project = compose_project
    project.must("al-up", "--env", "vm_stg")
    said = succeeded(project.make("backup", "ENV=vm_stg", PATH=str(tmp_path)))
    found = project.json("backups", "--env", "vm_stg", "--verify")
    assert [each["damage"] for each in found] == [""]
    assert Path(found[0]["dump"]).name in said
    assert (found[0]["revision"], found[0]["tables"]) == (HEAD, 42)
    tested = succeeded(project.inv("backups", "--env", "vm_stg", "--restore-test"))
    assert "was restored and holds every row" in tested
