"""The layers: which module may import which, who executes, who prints, and what stays unloaded."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import tasks

ROOT = Path(__file__).parents[2]
# From the bottom to the top; a module imports its own layer and those below it.
LAYERS = (
    {"errors"},
    {
        "environments",
        "state",
        "runbook",
        "revisions",
        "revision_file",
        "revision_graph",
        "manifest",
        "argv",
        "hints",
    },
    {
        "sql_text",
        "snapshot_rules",
        "snapshot_text",
        "snapshot",
        "schema_text",
        "catalogue",
        "linting",
    },
    {"commands"},
    {"events", "runner", "locking", "journal", "ssh_config"},
    {"machine", "session", "mirror"},
    {"binaries", "embedded", "compose", "server", "places"},
    {"target"},
    {"guard", "output", "hosts", "upstream"},
    {"probe"},
    {"verb", "runs", "release"},
    {"local", "detached", "following"},
    {"operations"},
    {"perform", "side_by_side"},
    {"commandline"},
    {"tasks"},
    {"fabfile"},
)
HEAVY = {"yaml", "pydantic", "rich", "fabric", "paramiko", "sqlalchemy", "alembic", "psycopg2"}
EXECUTING = {"subprocess", "multiprocessing", "pty", "asyncio", "pexpect"}
SPAWNING = {"system", "popen", "fork", "forkpty", "execv", "execve", "execvp", "execvpe", "execl"}
SPAWNING |= {"posix_spawn", "posix_spawnp", "spawnv", "spawnl", "startfile"}


def _name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {_name(each): each for each in sorted((ROOT / "dbops").rglob("*.py"))}
FILES |= {name: ROOT / f"{name}.py" for name in ("tasks", "fabfile")}
PACKAGE = sorted(name for name in FILES if name.startswith("dbops"))


@cache
def _tree(name):
    return ast.parse(FILES[name].read_bytes())


def _is_for_types(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _nodes(node, *, inside=True):
    """Yield what is there when the program runs; INSIDE functions, too, or only while importing."""
    for child in ast.iter_child_nodes(node):
        if _is_for_types(child):
            continue
        if isinstance(child, ast.FunctionDef) and not inside:
            continue
        yield child
        yield from _nodes(child, inside=inside)


def _imports(name, *, inside=True):
    found = set()
    for node in _nodes(_tree(name), inside=inside):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            whole = (f"{module}.{each.name}" for each in node.names)
            found.update(each if each in FILES else module for each in whole)
    return found


def _own(name, **how):
    return {each for each in _imports(name, **how) if each in FILES} - {"dbops"}


def _roots(name):
    return {each.split(".")[0] for each in _imports(name)}


def _layer(name):
    part = name.removeprefix("dbops.").split(".")[0]
    found = [number for number, names in enumerate(LAYERS) if part in names]
    assert found, f"{name} has no place in the layers yet"
    return found[0]


@pytest.mark.parametrize("name", [each for each in FILES if each != "dbops"])
def test_a_module_imports_only_its_own_layer_and_those_below(name):
    too_high = {each for each in _own(name) if _layer(each) > _layer(name)}
    assert not too_high


def test_no_modules_import_each_other_in_a_circle():
    left = {name: _own(name, inside=False) for name in FILES}
    while free := [name for name, needed in left.items() if not needed & left.keys()]:
        for name in free:
            del left[name]
    assert not left


@pytest.mark.parametrize("name", PACKAGE)
def test_only_the_runner_executes(name):
    spawned = {
        node.attr
        for node in _nodes(_tree(name))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os"
    }
    if name != "dbops.runner":
        assert not EXECUTING & _roots(name)
        assert not SPAWNING & spawned


@pytest.mark.parametrize("name", [each for each in PACKAGE if not each.startswith("dbops.output")])
def test_only_output_prints(name):
    for node in _nodes(_tree(name)):
        assert not (isinstance(node, ast.Name) and node.id in {"print", "input"})
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in {"sys.stdout", "sys.stderr", "sys.__stdout__"}


@pytest.mark.parametrize("name", [each for each in PACKAGE if ".commands" in each])
def test_commands_are_pure(name):
    acting = {"runner", "perform", "probe", "output", "journal", "guard", "operations", "session"}
    assert not {f"dbops.{each}" for each in acting} & _imports(name)
    called = {ast.unparse(each.func) for each in _nodes(_tree(name)) if isinstance(each, ast.Call)}
    assert not called & {"open", "os.system", "print"}


@pytest.mark.parametrize("name", PACKAGE)
def test_the_package_does_not_know_the_programs_that_use_it(name):
    assert not {"tasks", "fabfile", "app", "tests"} & _roots(name)


@pytest.mark.parametrize("name", PACKAGE)
def test_only_the_session_opens_connections_to_hosts(name):
    if not name.startswith("dbops.session"):
        assert not {"fabric", "paramiko"} & _roots(name)


@pytest.mark.parametrize(
    "name", [each for each in PACKAGE if each.startswith("dbops.environments")]
)
def test_environments_stand_on_errors_alone(name):
    others = {each for each in _own(name) if not each.startswith("dbops.environments")}
    assert others <= {"dbops.errors"}


@pytest.mark.parametrize("name", [each for each in PACKAGE if each.startswith("dbops.operations")])
def test_operations_decide_and_leave_the_performing_to_others(name):
    assert "dbops.perform" not in _imports(name)


def _loaded(program):
    return {each.split(".")[0] for each in _modules(program)}


def _modules(program):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{program}\nimport json, sys; print(json.dumps(list(sys.modules)))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def heavy():
    # Invoke's own YAML looks into an installed PyYAML for its C parser, whatever tasks there are.
    return HEAVY - _loaded("import invoke.program")


def test_listing_the_commands_loads_nothing_heavy(heavy):
    loaded = _modules("import sys; sys.argv = ['inv', '--list']; import tasks")
    assert "invoke" in loaded
    assert not heavy & {each.split(".")[0] for each in loaded}
    assert "dbops.environments" not in loaded


def test_the_commands_are_compiled_once_though_invoke_keeps_no_bytecode(tmp_path):
    kept = {each: text for each, text in os.environ.items() if not each.startswith("PYTHON")}
    subprocess.run(
        [sys.executable, "-m", "invoke", "--search-root", ROOT, "--list"],
        env={**kept, "PYTHONPYCACHEPREFIX": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert list(tmp_path.joinpath(*ROOT.parts[1:]).glob("tasks.*.pyc"))


def test_asking_where_a_database_is_and_upgrading_at_head_load_nothing_heavy(heavy):
    modules = ("perform", "operations.migrations", "environments", "embedded", "commands.embedded")
    assert not heavy & _loaded("\n".join(f"import dbops.{each}" for each in modules))


def test_asking_where_a_database_is_loads_nothing_of_what_changes_it():
    loaded = _modules("import dbops.perform, dbops.operations.standing")
    assert "dbops.operations.standing" in loaded
    operations = {"rehearsal", "databases", "services", "migrations"}
    assert not {f"dbops.operations.{each}" for each in operations} & loaded
    assert not {"dbops.detached", "dbops.local", "dbops.hosts", "dbops.session"} & loaded


@pytest.mark.parametrize("name", sorted(tasks.namespace.task_names))
def test_a_command_has_a_sentence_and_help_for_each_of_its_options(name):
    command = tasks.namespace[name]
    assert command.__doc__
    assert command.__doc__.strip().splitlines()[0].endswith((".", ")"))
    assert not [each.name for each in command.get_arguments() if not each.help]
