"""The old target names run the commands they always meant, whatever their variables hold."""

from __future__ import annotations

import re
import runpy
import subprocess

import pytest
from making import ROOT, Checkout, refusal
from old_targets import OLD

TARGETS = sorted({target for old in OLD for target in old.targets.split()})
NAMES = sorted({re.sub("-v2|-env", "", target) for target in TARGETS})
# al-rev and the snapshot are made on local_dev unless told otherwise.
AT_HOME = {"al-rev", "al-rev-auto", "al-dump-schema-current"}
HOSTILE = [
    'it\'s "quoted"',
    "a; touch INJECTED",
    "$(touch INJECTED) `touch INJECTED` $HOME ${HOME} $$",
    "$(shell touch INJECTED)",
    "$(ENV) $(MAKE) $@ $1",
    "品目マスタを追加、100% # 注",
    "two  spaces, \\ and at the end \\",
    "-x --force",
    "a=b, c:d (e) {f} *.py ~ & | < > !",
    "first\nsecond",
]


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


@pytest.mark.parametrize("old", OLD, ids=lambda old: f"{old.targets.split()[0]}-{old.command}")
def test_an_old_target_runs_its_command_in_every_spelling(checkout, old):
    targets = old.targets.split()
    typed = [f"{name}={value}" for name, value in old.variables.items()]
    made = checkout.make(*targets, *typed)
    assert (made.returncode, made.stderr) == (0, "")
    assert checkout.seen() == [old.words] * len(targets)


def test_every_command_of_an_old_target_exists_with_its_options():
    # Loaded anew: Invoke takes a task's help away when its arguments are asked for.
    namespace = runpy.run_path(str(ROOT / "tasks.py"))["namespace"]
    for task, *words in (old.command.split() for old in OLD):
        arguments = namespace[task].get_arguments()
        options = {f"--{name}": each.takes_value for each in arguments for name in each.names}
        for option, equals, _ in (word.partition("=") for word in words):
            assert options[option] is bool(equals), f"{task} {option}"


def test_there_is_no_target_but_the_listed_ones():
    command = ["make", "--print-data-base", "--question", "help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    phony = re.search(r"^\.PHONY: (.+)$", shown, re.MULTILINE)
    assert phony
    assert sorted(phony[1].split()) == sorted(["help", *TARGETS])


@pytest.mark.parametrize("message", HOSTILE)
def test_a_message_arrives_as_it_was_typed_and_runs_nothing(checkout, message):
    made = checkout.make("al-rev", f"MSG={message}")
    assert made.returncode == 0, made.stderr
    assert checkout.seen() == [["al-rev", f"--message={message}"]]
    assert not list(checkout.directory.rglob("INJECTED"))


@pytest.mark.parametrize("value", HOSTILE)
def test_no_variable_runs_anything(checkout, value):
    names = ("ENV", "REV", "DUMP", "SQL", "S", "CONFIRM", "FORCE", "PLAN")
    made = checkout.make("al-stamp", *(f"{name}={value}" for name in names))
    assert made.returncode == 0, made.stderr
    assert checkout.seen() == [
        [
            "al-stamp",
            *(f"--{name}={value}" for name in ("env", "rev", "dump", "sql", "service", "confirm")),
            "--plan",
        ]
    ]
    assert not list(checkout.directory.rglob("INJECTED"))


@pytest.mark.parametrize("name", sorted(set(NAMES) - AT_HOME))
def test_a_target_without_its_environment_is_refused_in_four_lines(checkout, name):
    made = checkout.make(name, "REV=0001_baseline", "DUMP=a.dump", "SQL=a.sql")
    what, where, why, following = refusal(made, 4)
    assert (what, where) == ("error: no environment is named", f"where: make {name}")
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
    lines = refusal(checkout.make(*typed.split()), 4)
    assert lines[0] == f"error: {what}"
    assert lines[3] == f"next:  make {typed.split()[0]} {following}"
    assert checkout.seen() == []


@pytest.mark.parametrize("typed", [[], ["--environment-overrides"]])
def test_the_shells_own_variables_choose_no_target_and_permit_nothing(checkout, typed):
    shell = {"ENV": "vm_prod", "FORCE": "1", "CONFIRM": "vm_prod"}
    assert refusal(checkout.make(*typed, "db-reset-volume", **shell), 4)
    assert checkout.make(*typed, "db-reset-volume", "ENV=dev", **shell).returncode == 0
    assert checkout.seen() == [["db-reset-volume", "--env=dev"]]


def test_the_shell_may_ask_for_a_plan(checkout):
    assert checkout.make("al-up", "ENV=dev", PLAN="1").returncode == 0
    assert checkout.seen() == [["al-up", "--env=dev", "--plan"]]


def test_targets_run_in_the_order_they_are_typed_one_at_a_time(checkout):
    assert checkout.make("--jobs=4", "down", "up", "al-cur", "ENV=dev").returncode == 0
    assert [words[0] for words in checkout.seen()] == ["down", "up", "al-cur"]


def test_a_failing_command_fails_the_target_with_its_code_shown(checkout):
    made = checkout.make("al-up", "al-cur", "ENV=dev", "INV=sh -c 'echo refused >&2; exit 3' --")
    assert refusal(made, 3) == ["refused"]


def test_the_makefile_works_from_another_directory(checkout, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for option in ("--makefile={}/Makefile", "--directory={}"):
        made = checkout.make(option.format(checkout.directory), "al-up", "ENV=dev", at=elsewhere)
        assert made.returncode == 0, made.stderr
    assert checkout.seen() == [["al-up", "--env=dev"]] * 2


@pytest.mark.parametrize("typed", [[], ["help"]])
def test_help_lists_every_target_with_its_command(checkout, typed):
    shown = checkout.make(*typed).stdout
    rows = re.findall(r"^  (\S+)(?: [A-Z]+=)* +inv (\S+).* {2}\w", shown, re.MULTILINE)
    commands = {old.targets.split()[0]: old.words[0] for old in OLD}
    assert sorted(rows) == sorted((name, commands[name]) for name in NAMES)
    assert checkout.seen() == []


def test_help_names_every_exit_code(checkout):
    shown = checkout.make("help").stdout
    for code in ("1 failed", "2 differ", "3 refused", "4 usage", "69 unreach", "75 locked", "130"):
        assert code in shown
