from __future__ import annotations

import pwd
import shlex
import subprocess
import sys
from pathlib import Path

import handmade
import pytest

from dbops.commands import database, psql
from dbops.commands.embedded import EmbeddedBackend
from dbops.commands.shell import words
from dbops.embedded import Embedded
from dbops.environments.model import Database, Migrations
from dbops.errors import UsageProblem
from dbops.runbook import Runbook

# As a folder and as an argument; no part of it may ever be run.
HOSTILE = 'it\'s "$(touch pwned)" `touch pwned`; 本番\nnew  line'
POSTGRES = pwd.struct_passwd(("postgres", "x", 105, 110, "", "/", "/bin/sh"))

# Says what it was given, and makes the data directory as initdb does.
PROGRAM = """\
#!/bin/sh
printf '%s\\0' "$@" >"$0.given"
printf '%s' "${PGDATA:-}" >"$0.data"
for each; do
    case ${0##*/}$each in initdb--pgdata=*) touch "${each#--pgdata=}/PG_VERSION" ;; esac
done
"""


def _embedded(directory, binaries=Path("/pg/bin"), user=None, **changed):
    embedded = Embedded(environment=handmade.make_environment(directory, **changed))
    vars(embedded).update(binaries=binaries, user=user)
    return embedded


def _backend(embedded, status="running", **facts):
    service = handmade.Service(
        status=status,
        data=embedded.data,
        socket_directory=embedded.socket_directory,
        **{"port": 24001, "major": 17, "binaries_major": 17, **facts},
    )
    return EmbeddedBackend(embedded=embedded, service=service)


@pytest.fixture
def backend(tmp_path):
    return _backend(_embedded(tmp_path))


@pytest.fixture
def fakes(tmp_path):
    """Folders of hostile names with programs that write down what they are given."""
    directory = tmp_path / HOSTILE
    (directory / "bin").mkdir(parents=True)
    for name in ("psql", "initdb", "pg_ctl", "pg_isready", "postgres"):
        (directory / "bin" / name).write_text(PROGRAM, encoding="utf-8")
        (directory / "bin" / name).chmod(0o755)
    return _embedded(directory, binaries=directory / "bin")


def _given(embedded, program):
    path = embedded.binaries / f"{program}.given"
    return path.read_text(encoding="utf-8").split("\0")[:-1]


def _run(embedded, *steps):
    """Run the steps as their runbook does, in an empty directory."""
    directory = embedded.environment.project_directory.parent / "run"
    directory.mkdir(exist_ok=True)
    script = Runbook(verb="up", environment="x", steps=steps).script()
    done = subprocess.run(
        ["sh", "-s", str(directory)], input=script, text=True, cwd=directory, check=False
    )
    log = (directory / "log").read_text(encoding="utf-8")
    assert not list(directory.rglob("pwned"))
    assert done.returncode == 0, log


# Reaching the database


def test_a_tool_is_connected_to_the_environments_database(backend):
    assert backend.tool("pg_dump", "--schema-only") == [
        "/pg/bin/pg_dump",
        f"--host={backend.service.socket_directory}",
        "--port=24001",
        "--username=postgres",
        "--dbname=sanbou_dev",
        "--schema-only",
    ]


def test_a_tool_may_be_connected_to_another_database(backend):
    assert "--dbname=postgres" in backend.tool("psql", database="postgres")


def test_psql_reads_no_start_up_file_and_stops_at_the_first_error(backend):
    assert psql.command(backend)[5:] == ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]


def test_a_program_that_connects_by_itself_is_told_where(backend):
    assert backend.variables("other") == {
        "PGHOST": str(backend.service.socket_directory),
        "PGPORT": "24001",
        "PGUSER": "postgres",
        "PGDATABASE": "other",
    }


def test_alembic_is_run_in_the_project_with_no_address_and_no_secret_in_its_url(backend):
    project = backend.embedded.environment.project_directory
    here, _, rest = backend.alembic("upgrade", "head").partition(" && ")
    assert here == words("cd", project)
    assert shlex.split(rest) == [
        "env",
        *(f"{name}={value}" for name, value in backend.variables().items()),
        "DATABASE_URL=postgresql+psycopg2://",
        *(sys.executable, "-m", "alembic", "--config", f"{project}/migrations_v2/alembic.ini"),
        *("upgrade", "head"),
    ]


def test_a_module_of_the_project_is_run_in_the_project(backend):
    here, _, rest = backend.python("app.demo_data", "--years=2").partition(" && ")
    assert here == words("cd", backend.embedded.environment.project_directory)
    assert shlex.split(rest)[-4:] == [sys.executable, "-m", "app.demo_data", "--years=2"]


def test_one_service_of_a_server_that_is_the_only_one_is_refused(backend):
    assert backend.logs(5, None, follow=False)[:3] == ["tail", "-n", "5"]
    with pytest.raises(UsageProblem) as raised:
        backend.logs(5, "core_api", follow=False)
    assert raised.value.what.endswith("has one service")


def test_words_reach_a_tool_unchanged_through_a_shell(fakes):
    backend = _backend(fakes)
    done = subprocess.run(["sh", "-c", words(*backend.tool("psql", HOSTILE, ""))], check=False)
    assert done.returncode == 0
    assert _given(fakes, "psql") == [*backend.tool("psql")[1:], HOSTILE, ""]


def test_hostile_names_reach_psql_quoted_for_sql_and_for_the_shell(fakes):
    environment = handmade.make_environment(
        fakes.environment.project_directory, database=Database(name=HOSTILE)
    )
    embedded = Embedded(environment=environment)
    vars(embedded).update(binaries=fakes.binaries, user=None)
    step = database.create(_backend(embedded), environment)
    subprocess.run(["sh", "-c", step.command], check=True)
    name = '"' + HOSTILE.replace('"', '""') + '"'
    key = HOSTILE.replace("'", "''''")
    alone = f"pg_advisory_lock(pg_catalog.hashtextextended(''dbops:create:{key}'', 0))"
    assert _given(fakes, "psql")[-3:] == [
        f"--command=DO 'BEGIN PERFORM pg_catalog.{alone}; END'",
        f"--command=CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'",
        f"--command=ALTER DATABASE {name} SET dbops.environment = 'local_dev'",
    ]


def test_a_snapshot_of_a_hostile_name_is_given_to_psql_by_its_path(fakes, tmp_path):
    migrations = Migrations(snapshot=f"{HOSTILE}.sql", roles=None)
    environment = handmade.make_environment(tmp_path, migrations=migrations)
    text = psql.transaction(
        _backend(fakes),
        psql.File(words(database.snapshot_file(environment))),
        "SELECT 1",
    )
    subprocess.run(["sh", "-c", text], check=True)
    assert _given(fakes, "psql")[-2:] == [f"--file={tmp_path}/{HOSTILE}.sql", "--command=SELECT 1"]


# The life of the server


def _titles(steps):
    return [each.title for each in steps]


PREPARE = "make the directories of the server"
INITDB = "create the data directory, PostgreSQL 17"
START = "start PostgreSQL on port 24001"
STOP = "stop PostgreSQL"
REMOVE = "remove the data directory"


@pytest.mark.parametrize(
    ("status", "start", "stop", "restart", "remove"),
    [
        ("absent", [PREPARE, INITDB, START], [], [START], []),
        ("stopped", [START], [], [START], [REMOVE]),
        ("running", [], [STOP], [STOP, START], [STOP, REMOVE]),
    ],
)
def test_each_verb_has_only_the_steps_that_are_missing(
    tmp_path, status, start, stop, restart, remove
):
    backend = _backend(_embedded(tmp_path), status)
    assert _titles(backend.start()) == start
    assert _titles(backend.stop()) == stop
    assert _titles(backend.restart()) == restart
    assert _titles(backend.remove()) == remove


def test_a_server_started_under_another_path_is_stopped_and_started(tmp_path):
    assert _titles(_backend(_embedded(tmp_path), moved=True).start()) == [STOP, START]


def test_a_stale_pid_file_is_removed_before_the_server_is_started(tmp_path):
    embedded = _embedded(tmp_path)
    pid = words("rm", "-f", "--", embedded.data / "postmaster.pid")
    (stale,) = _backend(embedded, "stopped", stale=True).start()
    (clean,) = _backend(embedded, "stopped").start()
    assert stale.command.startswith(pid)
    assert pid not in clean.command


def test_the_server_does_not_inherit_the_lock(tmp_path):
    (start,) = _backend(_embedded(tmp_path), "stopped").start()
    assert " 9>&-;" in start.command


def test_a_data_directory_is_made_beside_its_place_and_renamed_when_complete(tmp_path):
    embedded = _embedded(tmp_path)
    initdb = _backend(embedded, "absent").start()[1].command.splitlines()
    assert initdb[0] == words("rm", "-rf", "--", f"{embedded.data}.partial")
    assert initdb[-1] == words("mv", "--", f"{embedded.data}.partial", embedded.data)


@pytest.mark.parametrize(
    ("major", "locale"),
    [
        (18, ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]),
        (17, ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]),
        (16, ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]),
    ],
)
def test_the_locale_is_the_same_everywhere_as_far_as_the_version_can(tmp_path, major, locale):
    steps = _backend(_embedded(tmp_path), "absent", binaries_major=major).start()
    initdb = next(each for each in steps[1].command.splitlines() if "initdb" in each)
    assert shlex.split(initdb)[-len(locale) :] == locale


def test_a_server_that_is_not_ours_alone_asks_for_a_password_over_tcp(tmp_path):
    initdb = _backend(_embedded(tmp_path), "absent").start()[1].command
    assert "--auth-host=scram-sha-256" in initdb
    assert "--auth-local=trust" in initdb


def test_root_runs_server_programs_as_another_account_and_gives_it_the_files(tmp_path):
    embedded = _embedded(tmp_path, binaries=Path("/pg/bin"), user=POSTGRES)
    vars(embedded)["data_link"] = Path("/srv/app/.dbops/data")
    steps = _backend(embedded, "absent").start()
    assert _titles(steps) == [PREPARE, INITDB, START]
    account = "cd / && setpriv --reuid=105 --regid=110 --clear-groups -- /pg/bin/"
    assert f"\n{account}initdb " in steps[1].command
    assert f"({account}pg_ctl " in steps[2].command
    assert words("chown", "105:110", "--", embedded.log) in steps[0].command
    assert words("chown", "105:110", "--", f"{embedded.data}.partial") in steps[1].command


def test_hostile_folders_are_made_filled_started_stopped_and_removed(fakes):
    data = fakes.data
    _run(fakes, *_backend(fakes, "absent").start())
    assert (data / "PG_VERSION").exists()
    assert data.stat().st_mode & 0o777 == 0o700
    assert fakes.password.stat().st_mode & 0o777 == 0o600
    assert len(fakes.password.read_text()) == 32
    assert f"--pwfile={fakes.password}" in _given(fakes, "initdb")
    assert (fakes.binaries / "pg_ctl.data").read_text(encoding="utf-8") == str(data)
    assert _given(fakes, "pg_ctl")[-1] == "start"
    _run(fakes, *_backend(fakes).stop())
    assert _given(fakes, "pg_ctl")[0] == f"--pgdata={data}"
    _run(fakes, *_backend(fakes, "stopped").remove())
    assert not data.exists()
    assert not fakes.password.exists()


def test_the_options_of_the_server_are_quoted_for_the_shell_pg_ctl_starts(fakes):
    (start,) = _backend(fakes, "stopped").start()
    _run(fakes, *_backend(fakes, "absent").start())
    options = next(each for each in _given(fakes, "pg_ctl") if each.startswith("--options="))
    settings = shlex.split(options.removeprefix("--options="))[1::2]
    assert settings == [
        "listen_addresses=127.0.0.1",
        "port=24001",
        f"unix_socket_directories={fakes.socket_directory}",
        "timezone=UTC",
        "log_timezone=UTC",
    ]
    assert start.title == START


@pytest.mark.parametrize("name", ["a,b", 'a"b', "x" * 90])
def test_a_socket_lies_elsewhere_when_its_path_is_long_or_a_list_to_postgresql(tmp_path, name):
    directory = _embedded(tmp_path / name).socket_directory
    assert directory.parent == Path("/tmp")
    assert directory != _embedded(tmp_path / f"{name}2").socket_directory
