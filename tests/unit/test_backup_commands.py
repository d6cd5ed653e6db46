"""What the shell text about backups does, run by sh where no database is needed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest

from dbops import environments
from dbops.commands import backup, psql
from dbops.commands.shell import RUN


class Words:
    """A backend whose programs are only named."""

    def tool(self, name, *arguments, database=None):
        return [name, f"--dbname={database}", *arguments]


def named(dump: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-ec", f"dump=$DUMP\n{backup._NAMEABLE}\necho well"],
        env={b"DUMP": dump, b"PATH": os.environb[b"PATH"], b"LC_ALL": b"C.UTF-8"},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    "dump", ["/srv/a b/x.dump", "/srv/バックアップ/x.dump", "/srv/it's $HOME.dump"]
)
def test_a_dump_of_an_ordinary_name_is_taken(dump):
    assert named(dump.encode()).stdout == b"well\n"


@pytest.mark.parametrize(
    ("dump", "why"),
    [
        (b'/srv/"x".dump', b"has a quote or a backslash"),
        (b"/srv/x\\.dump", b"has a quote or a backslash"),
        (b"/srv/\xa5\xd0\xa5\xc3\xa5\xaf.dump", b"is not UTF-8"),
    ],
)
def test_a_dump_whose_name_would_break_the_journal_is_refused(dump, why):
    done = named(dump)
    assert done.returncode == 1
    assert why in done.stdout


def test_a_command_that_backs_up_leaves_a_file_and_not_one_of_another_environment(tmp_path):
    environment = environments.find("vm_prod", usage="{}")
    settings = replace(environment.backup, directory=str(tmp_path / "kept"))
    found = replace(environment, backup=settings, project_directory=tmp_path)
    stamp = "20260102T030405Z_0001.dump"
    mine, other = f"kept/vm_prod_{stamp}", f"kept/vm_stg_{stamp}"
    script = (
        f"mkdir kept; sleep 0.1; echo 1 >{mine}; touch -d '1 hour' {other}; echo 2 >kept/.partial"
    )
    text = backup._by_command(found, script).replace(RUN, str(tmp_path))
    done = subprocess.run(
        ["sh", "-ec", f'{text}\necho "$dump"'], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(tmp_path / mine)
    (tmp_path / mine).unlink()
    text = backup._by_command(found, f"touch -d '1 hour' {other}").replace(RUN, str(tmp_path))
    done = subprocess.run(["sh", "-ec", text], capture_output=True, text=True, check=False)
    assert (done.returncode, "no new file is in" in done.stdout) == (1, True)


def test_the_question_about_every_table_is_cut_into_arguments_the_kernel_takes():
    statements = [
        f"SELECT {number} WHERE (SELECT count(*) FROM s.t) <> 1" for number in range(5000)
    ]
    asked = psql.ask_all(Words(), statements, "x")
    assert all(each in asked for each in statements)
    assert max(map(len, asked.split("--command="))) < 1 << 17
    assert "--command=" in psql.ask_all(Words(), [], "x")
    assert asked.index("statement_timeout") < asked.index("SELECT 0 ")
