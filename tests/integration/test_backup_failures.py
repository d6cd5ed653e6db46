"""A backup that fails, is killed or does not fit leaves no dump behind, and says why."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import pytest
from conftest import ROOT, _binaries
from watching import kill, refused, succeeded, unavailable, until

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")


@pytest.fixture
def folder(head):
    """Where the backups of local_dev go; emptied afterwards."""
    path = head.directory / "backups"
    yield path
    shutil.rmtree(path, ignore_errors=True)


def is_proven(project):
    """Assert that there is one backup, and that it is whole."""
    assert [each["damage"] for each in project.json("backups", *DEV, "--verify")] == [""]


def script(project, folder, path, **more):
    """Start the script that takes backups, with programs in PATH instead of PostgreSQL's own."""
    reached = project.libpq()
    beside = [f"PATH={path}:{_binaries()}:/usr/bin:/bin", f"PGHOST={reached['PGHOST']}"]
    given = {"environment": "local_dev", "directory": folder, "keep": 2, "user": "postgres"}
    options = [word for key, value in given.items() for word in (f"--{key}", str(value))]
    return subprocess.Popen(
        [
            *("sh", str(ROOT / "scripts" / "backup.sh"), *options, "--database", "sanbou_dev"),
            *("--", "env", *beside, f"PGPORT={reached['PGPORT']}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
        **more,
    )


def ended(process):
    out, error = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def shim(folder, program, text):
    """Put a program in FOLDER that stands before PostgreSQL's own; $REAL is that one."""
    folder.mkdir(exist_ok=True)
    file = folder / program
    file.write_text(f"#!/bin/sh\nREAL={_binaries() / program}\n{text}\n", encoding="utf-8")
    file.chmod(0o755)
    return folder


FAILING = {
    "fails halfway": ("pg_dump", '"$REAL" "$@" | head -c 9000; exit 1', "pg_dump failed"),
    "is killed": ("pg_dump", '"$REAL" "$@" | head -c 9000; kill -9 $$', "pg_dump failed"),
    "writes nothing": ("pg_dump", "exit 0", "cannot be read back"),
    "is cut": ("pg_dump", '"$REAL" "$@" | head -c 90000', "cannot be read back"),
    "leaves a table out": ("pg_dump", '"$REAL" "$@" -T ref.tax_rate', "holds 41 tables"),
    "cannot be read": ("pg_restore", '"$REAL" "$@" | head -n 99; exit 1', "cannot be read back"),
    "cannot be asked": ("psql", "exit 2", "the database does not answer"),
}


@pytest.mark.parametrize("how", FAILING)
def test_a_backup_that_fails_leaves_nothing(head, folder, tmp_path, how):
    program, text, told = FAILING[how]
    done = ended(script(head, folder, shim(tmp_path / "bin", program, text)))
    assert "" not in refused(done, ExitCode.FAILED, told).splitlines()
    assert list(folder.iterdir()) == []
    assert succeeded(head.inv("backups", *DEV)).strip() == "there are no backups"


@pytest.mark.parametrize("program", ["pg_dump", "pg_restore"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_backup_that_is_killed_leaves_no_dump(head, folder, tmp_path, program, how):
    slow = shim(tmp_path / "bin", program, f'"$REAL" "$@"; touch {tmp_path}/there; exec sleep 60')
    running = script(head, folder, slow)
    until((tmp_path / "there").exists, f"{program} to have worked")
    os.killpg(running.pid, how)
    assert ended(running).returncode != 0
    left = [each.name for each in folder.iterdir()]
    assert all(each.startswith(".") for each in left)
    assert how == signal.SIGKILL or left == []
    succeeded(head.inv("backup", *DEV))
    is_proven(head)


def test_a_killed_command_leaves_a_backup_that_ends_or_none(head, folder):
    kill(head.start("backup", *DEV))
    succeeded(head.inv("backup", *DEV))
    is_proven(head)


def test_a_full_disk_is_told_and_the_backups_before_are_kept(head, folder, tmp_path):
    if os.geteuid():
        unavailable("only root mounts a small disk")
    succeeded(head.inv("backup", *DEV))
    shutil.copytree(folder, tmp_path / "kept")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=True)
    try:
        shutil.copytree(tmp_path / "kept", folder, dirs_exist_ok=True)
        head.psql(
            "CREATE TABLE public.noise AS SELECT string_agg(gen_random_uuid()::text, '') AS n"
            " FROM generate_series(1, 200000)"
        )
        told = refused(head.inv("backup", *DEV), ExitCode.FAILED, "back up sanbou_dev")
        assert "No space left on device" in told
        assert [each["damage"] for each in head.json("backups", *DEV, "--verify")] == [""]
        assert len(list(folder.iterdir())) == 2
        subprocess.run(["mount", "-o", "remount,size=1m", folder], check=True)
        told = refused(head.inv("backup", *DEV), ExitCode.FAILED, "back up sanbou_dev")
        assert "too little room for a backup" in told
        assert len(list(folder.iterdir())) == 2
    finally:
        head.psql("DROP TABLE IF EXISTS public.noise")
        subprocess.run(["umount", folder], check=True)


def test_another_environments_database_is_not_backed_up(head, folder, tmp_path):
    head.psql("ALTER DATABASE sanbou_dev SET dbops.environment = 'vm_prod'")
    try:
        refused(head.inv("backup", *DEV), ExitCode.REFUSED, "says that it is vm_prod")
        done = ended(script(head, folder, tmp_path))
        refused(done, ExitCode.REFUSED, "says that it is vm_prod")
    finally:
        head.psql("ALTER DATABASE sanbou_dev SET dbops.environment = 'local_dev'")
    assert list(folder.iterdir()) == []
