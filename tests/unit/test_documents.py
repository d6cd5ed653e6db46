"""The documents say what is there: every command, option, link and exit code they name exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from old_targets import OLD

from dbops.errors import ExitCode
from dbops.hints import HERE
from fabfile import namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
COMMANDS = ROOT / "docs" / "commands.md"
DECISIONS = ROOT / "docs" / "adr"
# Each Japanese document with the English one it says the same as.
PAIRS = {ROOT / "README.ja.md": README}
PAIRS |= {each: ROOT / "docs" / each.name for each in sorted((ROOT / "docs" / "ja").glob("*.md"))}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted(
    [ROOT / "tasks.py", ROOT / "fabfile.py", ROOT / "inv"]
    + [
        path
        for folder in ("dbops", "app", "migrations_v2", "sql")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".mako"}
    ]
)
# Those of fabfile.py are all: it adds its own to those of tasks.py.
ARGUMENTS = {name: namespace[name].get_arguments() for name in namespace.task_names}
COMMON = {"--env", "--plan", "--plan-id", "--json", "--force", "--confirm"}
BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

# The word after inv or fab, and what follows it up to the end of that command.
COMMAND = re.compile(
    r"\b(?P<program>inv|fab) (?:-H [\w,*-]+ )?(?P<help>--help )?(?P<name>[a-z][a-z0-9-]*\w)"
    r"(?P<rest>(?:(?!\binv |\bfab )[^\n,;|#`])*)"
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def options(task: str) -> set[str]:
    return {f"--{name.replace('_', '-')}" for each in ARGUMENTS[task] for name in each.names}


def typed(task: str) -> set[str]:
    """Return the options of TASK, with those that Invoke makes to take back what is on."""
    on = [each for each in ARGUMENTS[task] if each.kind is bool and each.default]
    return options(task) | {f"--no-{each.name}" for each in on}


def section(text: str, heading: str) -> str:
    level = heading.partition(" ")[0]
    after = text.partition(f"\n{heading}\n")[2]
    assert after, f"there is no heading {heading!r}"
    return re.split(rf"^{level} ", after, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every table row of TEXT, headings left out."""
    lines = text.splitlines()
    heads = {number - 1 for number, line in enumerate(lines) if re.match(r"\|[-|]+$", line)}
    found = [line for number, line in enumerate(lines) if number not in heads]
    cells = [re.split(r"\s*\|\s*", line.strip("| ")) for line in found if line.startswith("| ")]
    return [[each.strip() for each in row] for row in cells]


def command_rows() -> dict[str, list[str]]:
    tables = COMMANDS.read_text(encoding="utf-8").partition("## Common options")[0]
    found = [row for row in rows(tables) if row]
    names = [row[0].strip("`") for row in found]
    assert len(names) == len(set(names)), "a command stands in two rows"
    return dict(zip(names, found, strict=True))


def code(text: str) -> str:
    """Return what stands in code blocks and code spans, one a line."""
    return "\n".join([*BLOCK.findall(text), *spans(BLOCK.sub("", text))])


def spans(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def strings(path: Path) -> str:
    """Return the texts in a source file; what is filled in at run time is an asterisk."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    return "\n".join(_strings(ast.parse(text)))


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".command"):
            yield from (f"inv {_text(each)}" for each in node.args)
        elif isinstance(node, (ast.JoinedStr, ast.Constant)):
            yield _text(node)
        else:
            yield from _strings(node)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(ast.literal_eval(node)) if is_text else "*"


def wrong(text: str) -> list[str]:
    """Return every command in TEXT that does not exist, and every option its task has not."""
    found = []
    for each in COMMAND.finditer(text):
        name = each["name"]
        if name not in ARGUMENTS:
            found.append(each[0].strip())
        else:
            unknown = set(OPTION.findall(each["rest"])) - typed(name)
            found += [f"inv {name} {option}" for option in sorted(unknown)]
    return found


def slug(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


def test_every_command_stands_in_a_table_and_no_other() -> None:
    assert set(command_rows()) == set(ARGUMENTS)


@pytest.mark.parametrize("task", sorted(ARGUMENTS))
def test_the_tables_name_the_options_of_each_command(task: str) -> None:
    own = set(re.findall(r"`(--[a-z-]+)`", command_rows()[task][2]))
    assert options(task) - COMMON <= own <= typed(task)


@pytest.mark.parametrize("task", sorted(ARGUMENTS))
def test_the_tables_say_whether_a_command_destroys_changes_or_reads(task: str) -> None:
    reading = {"reads", "opens", "ends", "this machine"}
    kinds = {"--force": {"destroys"}, "--plan": {"changes"}, "": reading}
    expected = next(kind for option, kind in kinds.items() if option in {*options(task), ""})
    assert command_rows()[task][3].removeprefix("reads; with `--restore-test` ") in expected


@pytest.mark.parametrize("option", ["--env", "--json"])
def test_the_table_names_the_commands_without_a_common_option(option: str) -> None:
    common = rows(section(COMMANDS.read_text(encoding="utf-8"), "## Common options"))
    taken_by = next(row[1] for row in common if row[0] == f"`{option}`")
    assert set(spans(taken_by)) == {each for each in ARGUMENTS if option not in options(each)}


@pytest.mark.parametrize("task", sorted(ARGUMENTS))
def test_each_command_and_each_option_has_help(task: str) -> None:
    assert (namespace[task].__doc__ or "").strip()
    assert all(each.help for each in ARGUMENTS[task])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_the_documents_exists(path: Path) -> None:
    assert wrong(code(path.read_text(encoding="utf-8"))) == []


def test_the_documents_show_commands_at_all() -> None:
    texts = (code(each.read_text(encoding="utf-8")) for each in DOCUMENTS)
    assert sum(len(COMMAND.findall(each)) for each in texts) > 200


def test_every_command_a_message_names_exists() -> None:
    texts = {str(path.relative_to(ROOT)): strings(path) for path in SOURCES}
    assert sum(len(COMMAND.findall(text)) for text in texts.values()) > 60
    assert {path: wrong(text) for path, text in texts.items() if wrong(text)} == {}


def test_a_wrong_command_or_option_would_be_found() -> None:
    assert wrong("inv al-upp --env x") == ["inv al-upp --env x"]
    assert wrong("type inv al-up --env x --finish, or inv al-cur --json") == ["inv al-up --finish"]
    assert wrong("./inv --help nothing") == ["inv --help nothing"]
    assert wrong("fab -H stg,prod healthy") == ["fab -H stg,prod healthy"]
    assert wrong("fab -H prod deploy --no-pull --no-push --to a") == ["inv deploy --no-push"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), f"{path.name}: {target}"
        assert linked.is_relative_to(ROOT), f"{path.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{path.name}: {target}"


def test_the_documents_name_what_reads_and_yet_takes_one_host() -> None:
    told = section(COMMANDS.read_text(encoding="utf-8"), "## Deploys").partition("\n| ")[0]
    named = spans(told.rpartition("except ")[2])
    reads = {name for name, row in command_rows().items() if row[3] == "reads"}
    one = {each for each in reads - set(HERE) if not namespace[each].reads}
    assert set(named) == one | {"backups --restore-test"}
    deploying = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert spans(re.findall(r"read;\n([^.]*)", deploying)[0]) == named


def test_every_exit_code_is_told() -> None:
    table = rows(section(COMMANDS.read_text(encoding="utf-8"), "## Exit codes"))
    assert {name: int(code) for code, name, _ in table} == {
        each.name.lower(): each.value for each in ExitCode
    }


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    files = sorted(each.name for each in DECISIONS.glob("[0-9]*.md"))
    assert [each[:4] for each in files] == [f"{number + 1:04}" for number in range(len(files))]
    listed = rows((DECISIONS / "README.md").read_text(encoding="utf-8"))
    for name, row in zip(files, listed, strict=True):
        title = (DECISIONS / name).read_text(encoding="utf-8").splitlines()[0]
        assert row == [name[:4], f"[{title.removeprefix(f'# {name[:4]} ')}]({name})"]


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_has_context_decision_and_consequences_in_few_lines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 35


def test_every_old_target_stands_in_a_table_with_its_command() -> None:
    table = rows(section(COMMANDS.read_text(encoding="utf-8"), "## From the old make targets"))
    listed = {spans(old)[0].split()[1]: spans(new)[0].split()[1] for old, new in table}
    plain = {re.sub("-v2|-env", "", each.targets.split()[0]): each.words[0] for each in OLD}
    assert listed == plain


def headings(text: str) -> list[str]:
    return re.findall(r"^(#+) ", BLOCK.sub("", text), re.MULTILINE)


def linked(path: Path) -> list[Path]:
    """Return the files that the links of PATH lead to; in English, and without its translation."""
    targets = re.findall(r"\]\((?!https?://)([^)\s#]+)", path.read_text(encoding="utf-8"))
    found = {(path.parent / each).resolve() for each in targets}
    return sorted({PAIRS.get(each, each) for each in found} - {path, PAIRS.get(path, path)})


def texts(path: Path) -> tuple[str, str]:
    """Return the Japanese text at PATH and the English one."""
    return path.read_text(encoding="utf-8"), PAIRS[path].read_text(encoding="utf-8")


TRANSLATED = pytest.mark.parametrize(
    "path", PAIRS, ids=lambda path: str(path.relative_to(ROOT)) if isinstance(path, Path) else ""
)


@TRANSLATED
@pytest.mark.parametrize("part", [headings, BLOCK.findall])
def test_a_translation_has_the_same_headings_and_code(path: Path, part: Any) -> None:
    japanese, english = map(part, texts(path))
    assert japanese == english


@TRANSLATED
def test_a_translation_has_the_same_links(path: Path) -> None:
    assert linked(path) == linked(PAIRS[path])


@TRANSLATED
def test_a_translation_has_the_same_tables_with_the_same_names(path: Path) -> None:
    japanese, english = map(rows, texts(path))
    assert [names(row) for row in japanese] == [names(row) for row in english]


def names(row: list[str]) -> tuple[list[str], list[str]]:
    """Return what is the same in every language: the first cell's code or number, all code."""
    return re.findall(r"`[^`]+`|^\d+$", row[0]), sorted(spans(" ".join(row)))
