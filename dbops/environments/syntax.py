"""From the bytes of environments.yaml to its data, or to the place where it stops being YAML."""

from __future__ import annotations

import yaml

from dbops.environments.document import Document, Finding, Mark

_PLAIN_WORDS = (
    ("mapping values are not allowed", "a second colon, or a line indented too far; quote text"),
    ("could not find expected ':'", "a key without a colon"),
    ("expected <block end>", "this line is not indented like the ones above it"),
    ("but found another document", "a second document (---); one file holds one"),
    ("unexpected end of stream", "the file ends inside quotes or brackets"),
    ("expected ',' or", "a bracket that is not closed, or a comma is missing"),
)


def parse(content: bytes) -> Document:
    """Return the data of CONTENT; what is no YAML at all is the one finding of an empty document.

    Args:
        content: the bytes of the file, UTF-8 with or without a byte order mark.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _broken(_at(content[: error.start].decode()), "not UTF-8 text; save it as UTF-8")
    try:
        return _document(text)
    except yaml.MarkedYAMLError as error:
        return _broken(_place(error), _sentence(error, text))
    except yaml.reader.ReaderError as error:
        return _broken(
            _at(text[: error.position]),
            f"a character that YAML does not allow: {chr(error.character)!r}",
        )
    except RecursionError:
        return _broken(Mark(1, 1), "nested too deeply to be read")
    except (ValueError, OverflowError):  # PyYAML: "\UFFFFFFFF" is passed to chr() unchecked
        return _broken(Mark(1, 1), "an escape in it names no character")


def _document(text: str) -> Document:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        return _broken(Mark(1, 1), "the file is empty")
    document = Document()
    document.data = document.read(node)
    return document


def _broken(mark: Mark, what: str) -> Document:
    return Document(findings=[Finding((), what, mark)])


def _at(before: str) -> Mark:
    return Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _place(error: yaml.MarkedYAMLError) -> Mark:
    mark = error.problem_mark or error.context_mark
    return Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)


def _sentence(error: yaml.MarkedYAMLError, text: str) -> str:
    lines, line = text.split("\n"), _place(error).line - 1
    if line < len(lines) and "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]:
        return "a tab; YAML is indented with spaces"
    said = f"{error.context or ''} {error.problem or ''}".strip()
    return next((plain for theirs, plain in _PLAIN_WORDS if theirs in said), said)
