"""What a command costs while another one is typed, and that it loses nothing by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from invoke.collection import Collection

import tasks
from dbops import hints
from dbops.commandline import end_with_reader, keep_compiled


def _typed(monkeypatch, line):
    monkeypatch.setattr(sys, "argv", ["/x/bin/inv", *line.split()])


def _loaded_by_invoke():
    return Collection.from_module(tasks)


@pytest.mark.parametrize("line", ["", "--list", "--complete -- inv", "al-cur --env local_dev"])
def test_a_command_nobody_typed_is_not_asked_for_its_options(monkeypatch, line):
    _typed(monkeypatch, line)
    contexts = {each.name: each for each in _loaded_by_invoke().to_contexts()}
    assert contexts.keys() == tasks.namespace.task_names.keys()
    assert [name for name, each in contexts.items() if each.args] == ["al-cur"] * ("al-cur" in line)


@pytest.mark.parametrize(
    "line",
    [
        "restore --env local_dev",
        "backup restore",
        "--help restore",
        "--help=restore",
        "restore --help",
        "--complete -- inv restore --",
        "--complete -- 'inv restore --'",
    ],
)
def test_a_command_that_may_be_meant_has_all_its_options_with_their_help(monkeypatch, line):
    _typed(monkeypatch, line)
    found = next(each for each in _loaded_by_invoke().to_contexts() if each.name == "restore")
    options = {"--env", "--dump", "--sql", "--from", "--plan", "--json", "--force", "--confirm"}
    assert found.flags.keys() == options
    assert all(each.help for each in found.args.values())


def test_another_program_sees_every_option_of_every_command(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/bin/pytest"])
    found = {each.name: each for each in _loaded_by_invoke().to_contexts()}
    assert {name for name, each in found.items() if not each.args} == {
        "check",
        "rig-up",
        "rig-down",
    }


def test_the_hint_leaves_invoke_the_help_of_what_it_looked_at(monkeypatch):
    _typed(monkeypatch, "al-up --env local_dev")
    hints.check(sys.argv, tasks.namespace)
    assert all(each.help for each in _loaded_by_invoke()["al-up"].get_arguments())


@pytest.mark.parametrize("name", sorted(tasks.namespace.task_names))
def test_every_parameter_of_a_command_has_a_default(name):
    command = tasks.namespace[name]
    defaults = [each.default for each in command.argspec(command.body).parameters.values()]
    assert all(each is None or isinstance(each, bool | int | str) for each in defaults)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    made = tmp_path / "tasks.py"
    made.write_text("answer = 1\n")
    return made


def _spec(file):
    found = spec_from_file_location("tasks_of_a_test", file)
    assert found
    return found


def _answer(spec):
    """Load the file as Invoke does, from its bytecode where that is good."""
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.answer


def _never_compile(spec, monkeypatch):
    monkeypatch.setattr(
        type(spec.loader), "source_to_code", lambda *_, **__: pytest.fail("compiled")
    )


def test_a_file_that_invoke_loads_is_compiled_once(file, monkeypatch):
    keep_compiled(_spec(file))
    again = _spec(file)
    _never_compile(again, monkeypatch)
    assert _answer(again) == 1


def test_a_changed_file_is_never_run_from_old_bytecode(file):
    keep_compiled(_spec(file))
    file.write_text("answer = 22\n")
    assert _answer(_spec(file)) == 22


def test_the_bytecode_of_a_changed_file_is_made_anew(file, monkeypatch):
    keep_compiled(_spec(file))
    file.write_text("answer = 22\n")
    keep_compiled(_spec(file))
    again = _spec(file)
    _never_compile(again, monkeypatch)
    assert _answer(again) == 22


def test_no_bytecode_is_kept_when_python_was_told_so(file, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    keep_compiled(_spec(file))
    assert list(file.parent.iterdir()) == [file]


def test_a_place_that_takes_no_bytecode_is_no_error(file):
    (file.parent / "__pycache__").write_text("a file where the directory would be")
    keep_compiled(_spec(file))
    assert _answer(_spec(file)) == 1


@pytest.mark.parametrize("spec", [None, ModuleSpec("nowhere", None)])
def test_a_module_without_a_file_keeps_nothing(spec):
    assert keep_compiled(spec) is None


@pytest.mark.parametrize("line", ["invoke --list", "fabric --list", "invoke al-up --help"])
def test_a_list_whose_reader_left_ends_without_a_word(line):
    module, *words = line.split()
    reader, writer = os.pipe()
    os.close(reader)
    root = Path(tasks.__file__).parent
    done = subprocess.run(
        [sys.executable, "-m", module, "--search-root", root, *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


def test_a_command_does_not_end_with_its_reader(monkeypatch):
    before = signal.getsignal(signal.SIGPIPE)
    _typed(monkeypatch, "al-up --env local_dev")
    end_with_reader()
    assert signal.getsignal(signal.SIGPIPE) is before is signal.SIG_IGN
