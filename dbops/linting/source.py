"""Our own rules on a revision's Python; the lines of what they find are those of the file."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping

from dbops.linting.finding import Found

_IGNORE = re.compile(r"\blint-ignore:[ \t]*(?P<rule>[a-z][a-z-]*)?[ \t]*(?P<reason>[^\n\r]*)")
_SQL_IGNORE = re.compile(rf"--[ \t]*{_IGNORE.pattern}")
_FOREIGN = re.compile(r"--[ \t]*squawk-ignore")
_OFFLINE = {"is_offline_mode", "as_sql", "get_bind"}
_WITHOUT_REASON = (
    "without a reason; write `# lint-ignore: RULE REASON` in the file, or `-- lint-ignore: RULE "
    "REASON` in the SQL"
)

Reasons = Mapping[str, str]


def check(source: str, *, wrote: bool, failed: bool = False) -> Iterator[Found]:
    """Return what the rules find in a revision file.

    Args:
        source: the file's text, valid Python.
        wrote: whether its upgrade wrote any SQL.
        failed: whether it ended with an error, so that not all it does is known.
    """
    module = ast.parse(source)
    functions = {each.name: each for each in module.body if isinstance(each, ast.FunctionDef)}
    upgrade = functions.get("upgrade")
    if not (wrote or failed) and upgrade and not _does_nothing(upgrade):
        what = "its upgrade does something and writes no SQL without a database"
        yield Found(rule="writes-no-sql", message=what, line=upgrade.lineno)
    if wrote or failed:
        yield from _downgrade(functions.get("downgrade"), source)
    if not failed:
        yield from _asking(module)
    for line, remark in _remarks(source):
        yield from _unexplained(_IGNORE, remark, line)


def check_sql(sql: str, line: int) -> Iterator[Found]:
    """Return what is wrong with the ignoring comments in SQL that LINE of the file wrote."""
    yield from _unexplained(_SQL_IGNORE, sql, line)
    if _FOREIGN.search(sql):
        what = f"squawk-ignore ignores {_WITHOUT_REASON}"
        yield Found(rule="ignore-without-reason", message=what, line=line)


def reasons(source: str) -> Reasons:
    """Return what a revision file ignores in all of the revision: the reason by rule."""
    return _explained(_IGNORE, "\n".join(remark for _, remark in _remarks(source)))


def sql_reasons(sql: str) -> Reasons:
    """Return what comments in SQL ignore in it: the reason by rule."""
    return _explained(_SQL_IGNORE, sql)


def _explained(pattern: re.Pattern[str], text: str) -> Reasons:
    found = {each["rule"]: each["reason"].strip() for each in pattern.finditer(text)}
    return {rule: reason for rule, reason in found.items() if rule and reason}


def _unexplained(pattern: re.Pattern[str], text: str, line: int) -> Iterator[Found]:
    for each in pattern.finditer(text):
        if not each["rule"] or not each["reason"].strip():
            what = f"lint-ignore {each['rule'] or 'names no rule, and is'} {_WITHOUT_REASON}"
            yield Found(rule="ignore-without-reason", message=what, line=line)


def _remarks(source: str) -> Iterator[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return ((each.start[0], each.string) for each in tokens if each.type == tokenize.COMMENT)


def _asking(module: ast.Module) -> Iterator[Found]:
    """Yield where what runs on a server may be something else than what was written out."""
    up = [each for each in module.body if getattr(each, "name", "") != "downgrade"]
    for node in (each for part in up for each in ast.walk(part)):
        name = getattr(node, "attr", getattr(node, "id", None))
        if name in _OFFLINE:
            what = f"{name}: on a server it may run something else than what was read here"
            yield Found(rule="asks-the-connection", message=what, line=node.lineno)  # type: ignore[attr-defined]  # a statement has one


def _downgrade(function: ast.FunctionDef | None, source: str) -> Iterator[Found]:
    advice = "write the way back, or raise with the reason why there is none"
    if function is None:
        yield Found(rule="downgrade-without-reason", message=f"there is no downgrade; {advice}")
    elif _does_nothing(function) and not _is_explained(function, source):
        what = f"the downgrade takes nothing back and does not say why; {advice}"
        yield Found(rule="downgrade-without-reason", message=what, line=function.lineno)


def _is_explained(function: ast.FunctionDef, source: str) -> bool:
    inside = range(function.lineno, (function.end_lineno or function.lineno) + 1)
    return bool(ast.get_docstring(function)) or any(line in inside for line, _ in _remarks(source))


def _does_nothing(function: ast.FunctionDef) -> bool:
    return all(_is_empty(each) for each in function.body)


def _is_empty(node: ast.stmt) -> bool:
    """Return whether NODE is pass, a text, an ellipsis, a bare return or a raise without a word."""
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Raise):
        return not (isinstance(node.exc, ast.Call) and node.exc.args)
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass) or is_text
