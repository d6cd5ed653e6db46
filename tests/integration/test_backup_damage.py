"""A dump damaged in any way is found, and never comes near the live database."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import pytest
from conftest import _binaries
from watching import HEAD, contents, refused, succeeded

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
NAME = f"local_dev_20260101T000000Z_{HEAD}"
COMPRESSED = ("zstd", "gzip")
KINDS = {"zstd": "zstd:3", "gzip": "gzip:6", "none": "none"}
PLACES = (0.02, 0.5, 0.95)


@pytest.fixture(scope="module")
def dumps(head, tmp_path_factory):
    """A dump of each kind, each with a manifest that is true of it."""
    head.psql(
        "INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.100)",
        "CREATE TABLE public.words AS SELECT n, 'a ' || n AS word FROM generate_series(1, 9999) n",
    )
    head.must("backup", *DEV)
    taken = max((head.directory / "backups").glob("*.json"))
    facts = json.loads(taken.read_text(encoding="utf-8"))
    folder = tmp_path_factory.mktemp("dumps")
    for kind, method in KINDS.items():
        dump = folder / f"{kind}.dump"
        words = ["pg_dump", "--format=custom", f"--compress={method}", f"--file={dump}"]
        subprocess.run([_binaries() / words[0], *words[1:]], env=head.libpq(), check=True)
        describe(dump, facts)
    return folder


def describe(dump, facts):
    """Write the manifest that makes DUMP a proven one, whatever it holds."""
    content = dump.read_bytes()
    own = {"file": dump.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    dump.with_suffix(".json").write_text(json.dumps({**facts, **own}), encoding="utf-8")


@pytest.fixture(params=KINDS)
def dump(head, dumps, request):
    """A backup of one kind, the only one there is; the live database has moved on since."""
    folder = head.directory / "backups"
    shutil.rmtree(folder)
    folder.mkdir()
    for end in ("dump", "json"):
        shutil.copy(dumps / f"{request.param}.{end}", folder / f"{NAME}.{end}")
    return folder / f"{NAME}.dump"


def facts_of(dump):
    return json.loads(dump.with_suffix(".json").read_text(encoding="utf-8"))


def edit(dump, **facts):
    dump.with_suffix(".json").write_text(json.dumps({**facts_of(dump), **facts}), encoding="utf-8")


def cut(dump, place):
    with dump.open("r+b") as file:
        file.truncate(int(dump.stat().st_size * place))


def flip(dump, place):
    """Turn one bit over."""
    with dump.open("r+b") as file:
        file.seek(int(dump.stat().st_size * place))
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


def is_found(project, dump, why):
    """Assert that a look at the backups ends with 2 and says which one is wrong, and how."""
    looked = project.inv("backups", *DEV, "--verify")
    assert looked.returncode == ExitCode.DIFFERENCES, looked.stdout + looked.stderr
    told = [line for line in looked.stdout.splitlines() if line.endswith(str(dump))]
    assert len(told) == 1
    assert why in told[0]
    damage = json.loads(project.inv("backups", *DEV, "--verify", "--json").stdout)[0]["damage"]
    assert why in damage


def is_not_restored(project, dump, code, why):
    """Assert that a restore says no, and that the live database is what it was."""
    before = contents(project), live(project)
    told = refused(project.inv("restore", *DEV, "--dump", str(dump)), code, why)
    assert (contents(project), live(project)) == before
    return told


def live(project):
    """Return which databases let clients in, and under which numbers."""
    return project.psql(
        "SELECT oid, datname, datallowconn FROM pg_database"
        " WHERE datname NOT LIKE '%restoring' ORDER BY 1"
    )


def test_an_undamaged_one_is_proven_and_restored(head, dump):
    assert [each["damage"] for each in head.json("backups", *DEV, "--verify")] == [""]
    head.psql("DELETE FROM public.words WHERE n > 10")
    succeeded(head.inv("restore", *DEV, "--dump", str(dump)))
    assert head.psql("SELECT count(*) FROM public.words") == "9999"
    head.must("restore-forget", *DEV)


@pytest.mark.parametrize("place", [*PLACES, 0.99999])
def test_a_cut_dump(head, dump, place):
    cut(dump, place)
    is_found(head, dump, "bytes instead of")
    is_not_restored(head, dump, ExitCode.FAILED, "the dump is damaged")


@pytest.mark.parametrize("place", PLACES)
def test_one_bit_flipped(head, dump, place):
    flip(dump, place)
    is_found(head, dump, "its sha256 is another one")
    is_not_restored(head, dump, ExitCode.FAILED, "the dump is damaged")


@pytest.mark.parametrize("dump", ["zstd"], indirect=True)
def test_an_empty_and_a_missing_dump(head, dump):
    cut(dump, 0)
    is_found(head, dump, "it has 0 bytes")
    is_not_restored(head, dump, ExitCode.USAGE, "this is no dump")
    dump.unlink()
    is_found(head, dump, "the dump is missing")
    is_not_restored(head, dump, ExitCode.USAGE, "no file is there")


@pytest.mark.parametrize("dump", COMPRESSED, indirect=True)
@pytest.mark.parametrize("place", PLACES[1:])
def test_a_cut_dump_whose_manifest_was_made_to_fit(head, dump, place):
    facts = facts_of(dump)
    cut(dump, place)
    describe(dump, facts)
    is_not_restored(head, dump, ExitCode.FAILED, f"stopped at: read {dump.name} in full")


@pytest.mark.parametrize("dump", ["none"], indirect=True)
def test_a_dump_without_a_row_of_its_manifest(head, dump):
    facts = facts_of(dump)
    edit(dump, rows={**facts["rows"], "ref.tax_rate": facts["rows"]["ref.tax_rate"] + 1})
    why = is_not_restored(head, dump, ExitCode.FAILED, "stopped at: compare")
    assert "ref.tax_rate" in why
    tested = head.inv("backups", *DEV, "--restore-test", "--dump", str(dump))
    assert "ref.tax_rate" in refused(tested, ExitCode.FAILED, "stopped at: compare")


@pytest.mark.parametrize("dump", ["zstd"], indirect=True)
def test_an_edited_manifest(head, dump):
    facts = facts_of(dump)
    edit(dump, sha256="0" * 64)
    is_found(head, dump, "its sha256 is another one")
    is_not_restored(head, dump, ExitCode.FAILED, "the dump is damaged")
    edit(dump, **{**facts, "bytes": 1})
    is_found(head, dump, "bytes instead of 1")
    edit(dump, **{**facts, "environment": "vm_prod"})
    is_found(head, dump, "its manifest is of vm_prod")
    told = is_not_restored(head, dump, ExitCode.REFUSED, "the dump is of vm_prod")
    assert f"restore --dump {dump} " in told
    assert told.endswith("--from vm_prod")
    edit(dump, **{**facts, "server_version": 990000})
    is_not_restored(head, dump, ExitCode.REFUSED, "the dump is of PostgreSQL 99")
    edit(dump, **{**facts, "rows": {"ref.tax_rate; DROP TABLE public.words": 1}})
    is_not_restored(head, dump, ExitCode.FAILED, "a manifest names no table")
    dump.with_suffix(".json").write_text(json.dumps(facts)[:-20], encoding="utf-8")
    is_not_restored(head, dump, ExitCode.FAILED, "a manifest cannot be read")
    refused(head.inv("backups", *DEV, "--verify"), ExitCode.FAILED, "a manifest cannot be read")


@pytest.mark.parametrize("dump", ["none"], indirect=True)
def test_a_manifest_proves_no_other_file_of_its_name(head, dump):
    other = dump.with_suffix(".bad")
    other.write_bytes(b"PGDMP and then nothing")
    tested = head.inv("backups", *DEV, "--restore-test", "--dump", str(other))
    refused(tested, ExitCode.USAGE, "the dump has no manifest")


def test_a_dump_without_a_manifest_is_read_in_full_before_it_is_used(head, dump):
    dump.with_suffix(".json").unlink()
    cut(dump, 0.5)
    is_not_restored(head, dump, ExitCode.FAILED, f"stopped at: read {dump.name} in full")
    assert succeeded(head.inv("backups", *DEV, "--verify")).strip() == "there are no backups"
    dump.write_bytes(b"PostgreSQL database dump\n")
    is_not_restored(head, dump, ExitCode.USAGE, "this is no dump")
