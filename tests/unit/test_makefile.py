"""The old target names run the commands they always meant, whatever their variables hold."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from old_targets import OLD

from dbops import guard
from dbops.environments import makefile
from dbops.errors import UsageProblem

ROOT = Path(__file__).resolve().parents[2]
PRINTS = """\
import json, os, sys
with open(os.path.join(os.path.dirname(__file__), "seen"), "a") as seen:
    print(json.dumps({"words": sys.argv[1:], "at": os.getcwd()}), file=seen)
"""
TARGETS = sorted({target for old in OLD for target in old.targets.split()})
NAMES = sorted({re.sub("-v2|-env", "", target) for target in TARGETS})
HOSTILE = [
    'it\'s "quoted"',
    "a; touch INJECTED",
    "$(touch INJECTED) `touch INJECTED` $HOME ${HOME} $$",
    "$(shell touch INJECTED)",
    "$(ENV) $(MAKE) $@ $1",
    "品目マスタを追加、100% # 注",
    "  two  spaces \\ at the end \\",
    "-x --force",
    "a=b, c:d (e) {f} *.py ~ & | < > !",
    "first\nsecond",
]
YAML = """\
project: shop
project_directory: our shop
environments:
  live:
    aliases: [now]
    backend: compose
    database: {name: shop$1, user: Keeper}
    compose:
      project: live
      files: ["it's #1.yml", more/compose.yml]
      env_files: [.env.live]
      volume: live_data
      database_service: postgres
    backup: {directory: "~/dumps of $HOME #2", keep: 3}
  far: {backend: server, database: {name: shop}, server: {host: db.example.com}}
retired: {old: live}
"""
SHOWN = "printf '[%s]\\n' \"$@\"\n"


class Checkout:
    """A directory with the Makefile, and programs that only note how they were called."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        shutil.copy(ROOT / "Makefile", directory)
        (directory / "stub").mkdir()
        stub = directory / "stub" / "inv"
        stub.write_text(f"#!{sys.executable} -IS\n{PRINTS}")
        stub.chmod(0o755)
        (directory / "scripts").mkdir()
        (directory / "scripts" / "backup.sh").write_text(SHOWN)
        self.configure((ROOT / "environments.yaml").read_text(encoding="utf-8"))

    def configure(self, text: str) -> None:
        """Write environments.yaml, and environments.mk from it."""
        file = self.directory / "environments.yaml"
        file.write_text(text, encoding="utf-8")
        written = makefile.text(file, file.read_bytes())
        (self.directory / "environments.mk").write_text(written, encoding="utf-8")

    def make(
        self, *words: str, at: Path | None = None, **shell: str
    ) -> subprocess.CompletedProcess:
        """Run make with WORDS, with nothing but SHELL and PATH in its environment."""
        return subprocess.run(
            ["make", "INV=" + str(self.directory / "stub" / "inv"), *words],
            cwd=at or self.directory,
            env={"PATH": os.environ["PATH"], "HOME": "/home/keeper", **shell},
            capture_output=True,
            text=True,
            check=False,
        )

    def seen(self) -> list[list[str]]:
        """Return the words of every command line that inv was given."""
        seen = self.directory / "stub" / "seen"
        if not seen.exists():
            return []
        lines = seen.read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["words"] for line in lines]


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def _typed(variables):
    return [f"{name}={value}" for name, value in variables.items()]


def _lines(made):
    """Return what make printed as an error, without its own last line."""
    *lines, last = made.stderr.splitlines()
    assert last.startswith("make: *** [")
    return lines


@pytest.mark.parametrize("old", OLD, ids=lambda old: f"{old.targets.split()[0]}-{old.command}")
def test_an_old_target_runs_its_command_in_every_spelling(checkout, old):
    targets = old.targets.split()
    made = checkout.make(*targets, *_typed(old.variables))
    assert (made.returncode, made.stderr) == (0, "")
    assert checkout.seen() == [old.words] * len(targets)


@pytest.mark.parametrize("old", OLD, ids=lambda old: old.command)
def test_every_command_of_an_old_target_exists_with_its_options(old):
    # Loaded anew: Invoke takes a task's help away when its arguments are asked for.
    namespace = runpy.run_path(str(ROOT / "tasks.py"))["namespace"]
    task, *words = old.command.split()
    assert task in namespace.task_names
    arguments = namespace[task].get_arguments()
    options = {f"--{name}": each.takes_value for each in arguments for name in each.names}
    for word in words:
        option, equals, _ = word.partition("=")
        assert options[option] is bool(equals)


def test_there_is_no_target_but_the_listed_ones():
    made = subprocess.run(
        ["make", "--print-data-base", "--question", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    phony = re.search(r"^\.PHONY: (.+)$", made.stdout, re.MULTILINE)
    assert phony
    assert sorted(phony[1].split()) == sorted(["help", *TARGETS])


@pytest.mark.parametrize("message", HOSTILE)
def test_a_message_arrives_as_it_was_typed_and_runs_nothing(checkout, message):
    made = checkout.make("al-rev", f"MSG={message}")
    assert made.returncode == 0, made.stderr
    # make drops blanks before the value of a variable
    assert checkout.seen() == [["al-rev", f"--message={message.lstrip()}"]]
    assert not list(checkout.directory.rglob("INJECTED"))


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    ("target", "name", "option"),
    [
        ("al-up", "ENV", "--env"),
        ("al-stamp ENV=dev", "REV", "--rev"),
        ("restore-from-dump ENV=dev", "DUMP", "--dump"),
        ("restore-from-sql ENV=dev", "SQL", "--sql"),
        ("logs ENV=dev", "S", "--service"),
        ("al-down ENV=dev", "CONFIRM", "--confirm"),
    ],
)
def test_no_variable_runs_anything(checkout, target, name, option, value):
    made = checkout.make(*target.split(), f"{name}={value}")
    assert made.returncode == 0, made.stderr
    assert f"{option}={value.lstrip()}" in checkout.seen()[0]
    assert not list(checkout.directory.rglob("INJECTED"))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"al-rev", "al-rev-auto"}))
def test_a_target_without_its_environment_is_refused_in_four_lines(checkout, name):
    if name == "al-dump-schema-current":
        pytest.skip("it exports from local_dev unless told otherwise")
    made = checkout.make(f"{name}", "REV=0001_baseline", "DUMP=a.dump", "SQL=a.sql")
    what, where, why, following = _lines(made)
    assert made.returncode == 2
    assert what == "error: no environment is named"
    assert where == f"where: make {name}"
    assert why == (
        "why:   ENV is read from the command line of make alone; known are local_dev or dev,"
        " local_demo or demo, vm_stg or stg, vm_prod or prod"
    )
    assert following.startswith(f"next:  make {name} ENV=local_dev")
    assert checkout.seen() == []


@pytest.mark.parametrize(
    ("typed", "what", "following"),
    [
        ("al-stamp ENV=dev", "no revision is named", "ENV=local_dev REV=0001_baseline"),
        ("al-rev", "the revision has no message", 'MSG="add the stock table"'),
        (
            "restore-from-dump ENV=dev SQL=a",
            "no dump is named",
            "ENV=local_dev DUMP=backups/FILE.dump",
        ),
        ("restore-from-sql ENV=dev DUMP=a", "no SQL file is named", "ENV=local_dev SQL=FILE.sql"),
    ],
)
def test_what_a_target_needs_besides_is_asked_for_by_name(checkout, typed, what, following):
    lines = _lines(checkout.make(*typed.split()))
    assert lines[0] == f"error: {what}"
    assert lines[-1] == f"next:  make {typed.split()[0]} {following}"
    assert checkout.seen() == []


def test_the_shells_own_variables_choose_no_target_and_permit_nothing(checkout):
    shell = {"ENV": "vm_prod", "FORCE": "1", "CONFIRM": "vm_prod"}
    assert checkout.make("db-reset-volume", **shell).returncode == 2
    assert checkout.make("--environment-overrides", "db-reset-volume", **shell).returncode == 2
    assert checkout.make("db-reset-volume", "ENV=dev", **shell).returncode == 0
    assert checkout.seen() == [["db-reset-volume", "--env=dev"]]


def test_a_plan_is_asked_for_by_the_shell_too(checkout):
    assert checkout.make("al-up", "ENV=dev", PLAN="1").returncode == 0
    assert checkout.seen() == [["al-up", "--env=dev", "--plan"]]


def test_a_failing_command_fails_the_target_with_its_code_shown(checkout):
    made = checkout.make("al-up", "ENV=dev", "INV=sh -c 'exit 3' --")
    assert made.returncode == 2
    assert made.stderr.rstrip().endswith("al-up] Error 3")


def test_the_makefile_works_from_another_directory(checkout, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    file = f"--makefile={checkout.directory}/Makefile"
    made = checkout.make(file, "backup", "ENV=prod", at=elsewhere)
    assert made.returncode == 0, made.stderr
    assert "[--environment]\n[vm_prod]\n" in made.stdout
    inside = checkout.make(f"--directory={checkout.directory}", "al-up", "ENV=dev", at=elsewhere)
    assert inside.returncode == 0, inside.stderr
    assert checkout.seen() == [["al-up", "--env=dev"]]


@pytest.mark.parametrize("typed", [[], ["help"]])
def test_help_lists_every_target_with_its_command(checkout, typed):
    shown = checkout.make(*typed).stdout
    rows = re.findall(r"^  ([a-z-]+)(?: [A-Z= ]+)? {2,}inv ([a-z-]+).* (\w+)$", shown, re.MULTILINE)
    commands = {old.targets.split()[0]: old.words[0] for old in OLD}
    assert [(name, command) for name, command, _ in rows] == list(commands.items())
    assert checkout.seen() == []


def test_help_names_every_exit_code(checkout):
    shown = checkout.make().stdout
    for code in (
        "1 failed",
        "2 differences",
        "3 refused",
        "4 usage",
        "69 unreachable",
        "75 locked",
    ):
        assert code in shown


# Backups, where there is no Python


@pytest.mark.parametrize("name", ["vm_prod", "prod"])
@pytest.mark.parametrize("target", ["backup", "backup-env", "backup-v2", "backup-v2-env"])
def test_a_compose_environment_is_dumped_by_the_script_alone(checkout, target, name):
    made = checkout.make(target, f"ENV={name}")
    assert (made.returncode, made.stderr, checkout.seen()) == (0, "", [])
    assert re.findall(r"\[(.*)\]", made.stdout) == [
        *("--environment", "vm_prod", "--directory", "backups", "--keep", "7"),
        *("--database", "sanbou_prod", "--user", "postgres", "--"),
        *("docker", "compose", "--project-directory=.", "--project-name=vm_prod"),
        *("--file=docker/docker-compose.prod.yml", "--env-file=.env.prod", "exec", "-T", "db"),
    ]


def test_a_backup_of_a_compose_environment_needs_a_shell_and_cksum_alone(checkout):
    tools = checkout.directory / "tools"
    tools.mkdir()
    for each in ("make", "sh", "cksum"):
        (tools / each).symlink_to(shutil.which(each))
    made = checkout.make("backup", "ENV=vm_stg", PATH=str(tools))
    assert (made.returncode, made.stderr) == (0, "")
    assert "[vm_stg]" in made.stdout


def test_paths_and_names_reach_the_script_as_they_are_written(checkout):
    checkout.configure(YAML)
    made = checkout.make("backup", "ENV=now")
    assert (made.returncode, made.stderr) == (0, "")
    assert re.findall(r"\[(.*)\]", made.stdout) == [
        *("--environment", "live", "--directory", "/home/keeper/dumps of $HOME #2"),
        *("--keep", "3", "--database", "shop$1", "--user", "Keeper", "--"),
        *("docker", "compose", "--project-directory=our shop", "--project-name=live"),
        *("--file=our shop/it's #1.yml", "--file=our shop/more/compose.yml"),
        *("--env-file=our shop/.env.live", "exec", "-T", "postgres"),
    ]


def test_an_environment_that_is_no_compose_project_is_dumped_by_inv(checkout):
    checkout.configure(YAML)
    assert checkout.make("backup", "ENV=far").returncode == 0
    assert checkout.seen() == [["backup", "--env=far"]]


def test_another_environments_file_is_left_to_inv(checkout):
    made = checkout.make("backup", "ENV=vm_prod", DBOPS_ENVIRONMENTS="other.yaml")
    assert made.returncode == 0
    assert checkout.seen() == [["backup", "--env=vm_prod"]]


@pytest.mark.parametrize(
    ("name", "what", "following"),
    [
        ("local_prod", "local_prod is retired", "make backup ENV=vm_prod"),
        ("local_stg", "local_stg is retired", "make backup ENV=vm_stg"),
        ("vm_prd", "'vm_prd' is not an environment", "make backup ENV=local_dev"),
        ("prod:x=y", "'prod:x=y' is not an environment", "make backup ENV=local_dev"),
        ("vm_prod vm_stg", "'vm_prod vm_stg' is not an environment", "make backup ENV=local_dev"),
        ("$(NAME)", "'$(NAME)' is not an environment", "make backup ENV=local_dev"),
    ],
)
def test_a_name_that_is_none_is_refused_without_python(checkout, name, what, following):
    made = checkout.make("backup", f"ENV={name}")
    lines = _lines(made)
    assert (made.returncode, made.stdout, checkout.seen()) == (2, "", [])
    assert lines[:2] == [f"error: {what}", "where: environments.yaml"]
    assert lines[3:] == [f"next:  {following}"]
    assert made.stderr.rstrip().endswith("Error 4")


@pytest.mark.parametrize("variable", guard.AMBIENT_DOCKER)
def test_a_shell_that_names_another_engine_or_project_is_refused(checkout, variable):
    made = checkout.make("backup", "ENV=vm_prod", **{variable: "other"})
    assert (made.stdout, _lines(made)) == (
        "",
        [
            "error: vm_prod: this shell names another target",
            f"where: {variable}",
            "why:   only environments.yaml chooses the database",
            f"next:  unset {variable}",
        ],
    )
    assert made.stderr.rstrip().endswith("Error 3")


@pytest.mark.parametrize("name", ["vm_prod", "vm_new"])
def test_words_written_from_another_environments_yaml_are_not_used(checkout, name):
    with (checkout.directory / "environments.yaml").open("a") as file:
        file.write("# one more line\n")
    made = checkout.make("backup", f"ENV={name}")
    assert (made.stdout, _lines(made)) == (
        "",
        [
            "error: environments.mk does not match environments.yaml",
            "where: environments.mk",
            "why:   environments.yaml was edited after it was written",
            "next:  .venv/bin/python -m dbops.environments.makefile",
        ],
    )


# environments.mk


def test_the_committed_file_is_current():
    source = makefile.FILE.with_name("environments.yaml")
    written = makefile.text(source, source.read_bytes())
    assert makefile.FILE.read_text(encoding="utf-8") == written


@pytest.mark.parametrize("content", [b"", b"a", b"\0", YAML.encode(), bytes(range(256)) * 300])
def test_the_checksum_is_that_of_cksum(content):
    printed = subprocess.run(["cksum"], input=content, capture_output=True, check=True).stdout
    assert makefile.cksum(content) == printed.decode().strip()


def test_a_wrong_environments_file_gives_no_words():
    with pytest.raises(UsageProblem) as caught:
        makefile.text(Path("environments.yaml"), YAML.replace("keep: 3", "keep: 0").encode())
    assert XX in str(caught.value)
