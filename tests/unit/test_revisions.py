from __future__ import annotations

import hashlib
import re

import pytest

from dbops import revisions
from dbops.errors import ExitCode, Problem, UsageProblem


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "versions").mkdir()
    return tmp_path / "versions"


def _write(folder, name, *parents, title=""):
    down = {0: "None", 1: repr(parents[0]) if parents else ""}.get(len(parents), repr(parents))
    text = f'"""{title}"""\n\nrevision = {name!r}\ndown_revision = {down}\n'
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


def _graph(folder, **parents):
    for name, each in parents.items():
        _write(folder, name, *each)
    return revisions.read(folder)


def _ids(found):
    return [each.id for each in found]


def _problem(act, *arguments, code=ExitCode.FAILED):
    with pytest.raises(Problem) as raised:
        act(*arguments)
    assert raised.value.code == code
    return raised.value


# Reading files


def test_a_revision_is_read_with_its_parents_title_and_hash(folder):
    _write(folder, "a", title="begin\n\nMore of it.")
    _write(folder, "b", "a")
    graph = revisions.read(folder)
    path = folder / "a.py"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert graph["a"] == revisions.Revision(
        id="a", parents=(), title="begin", path=path, sha256=digest, has_downgrade=False
    )
    assert (graph["b"].parents, graph["b"].title) == (("a",), "b")


def test_annotated_names_and_several_parents_are_understood(folder):
    _graph(folder, a=(), b=())
    text = "revision: str = 'c'\ndown_revision: tuple[str, ...] | None = ('a', 'b')\n"
    (folder / "c.py").write_text(text)
    assert revisions.read(folder)["c"].parents == ("a", "b")


def test_no_code_of_a_revision_is_run(folder):
    (folder / "a.py").write_text("revision = 'a'\ndown_revision = None\nraise SystemExit(1)\n")
    assert "a" in revisions.read(folder)


def test_what_alembic_passes_over_is_passed_over(folder):
    (folder / "__init__.py").write_text("x = 1\n")
    (folder / ".#a.py").symlink_to("nobody@nowhere")
    assert revisions.read(folder).revisions == {}


def test_a_file_that_is_not_python_is_told_with_its_line(folder):
    (folder / "a.py").write_text("revision = 'a'\ndown_revision = (\n")
    told = _problem(revisions.read, folder)
    assert told.message == (
        "error: a revision file is not valid Python\n"
        f"where: {folder}/a.py:2\n"
        "why:   '(' was never closed (a.py, line 2)\n"
        "next:  correct it, or move a file that is no revision out of the folder"
    )


@pytest.mark.parametrize("content", [b"x = '\xff'\n", b"x = 1\0\n"])
def test_a_file_of_other_bytes_than_text_is_a_problem(folder, content):
    (folder / "a.py").write_bytes(content)
    assert _problem(revisions.read, folder).what == "a revision file is not valid Python"


@pytest.mark.parametrize("value", ["BASE", "make()", "5", "('a', 5)"])
def test_a_parent_that_is_no_plain_text_is_told_with_its_line(folder, value):
    (folder / "b.py").write_text(f"revision = 'b'\ndown_revision = {value}\n")
    assert _problem(revisions.read, folder).message == (
        "error: down_revision is not written as plain text\n"
        f"where: {folder}/b.py:2\n"
        "why:   revision files are read and not run: it needs 'ID', ('ID', 'ID') or None\n"
        "next:  spell down_revision out in that line"
    )


@pytest.mark.parametrize("value", ["NAME", "None", "7"])
def test_an_id_that_is_no_plain_text_is_told_with_its_line(folder, value):
    (folder / "b.py").write_text(f"revision = {value}\ndown_revision = None\n")
    assert _problem(revisions.read, folder).what == "revision is not written as plain text"


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "revision, down_revision = 'b', None\n",
        "if True:\n    revision = 'b'\n    down_revision = None\n",
    ],
)
def test_a_file_without_an_id_of_its_own_is_refused(folder, text):
    (folder / "b.py").write_text(text)
    assert _problem(revisions.read, folder).message == (
        "error: a revision file does not say its revision\n"
        f"where: {folder}/b.py\n"
        "why:   files are read and not run: it needs a line of its own, revision = ...\n"
        "next:  correct it, or move a file that is no revision out of the folder"
    )


def test_a_file_that_does_not_say_what_it_follows_is_refused(folder):
    (folder / "b.py").write_text("revision = 'b'\n")
    told = _problem(revisions.read, folder)
    assert told.what == "a revision file does not say its down_revision"


@pytest.mark.parametrize("name", ["", "a" * 33, "a b", "a@b", "a+1", "x-1", "a:b"])
def test_an_id_that_alembic_cannot_use_is_refused(folder, name):
    _write(folder, "x")
    (folder / "x.py").write_text(f"revision = {name!r}\ndown_revision = None\n")
    told = _problem(revisions.read, folder)
    assert told.what == f"{name!r} cannot be the id of a revision"
    assert told.where == f"{folder}/x.py:1"


def test_what_a_revision_depends_on_is_among_those_it_follows(folder):
    _graph(folder, a=(), b=("a",))
    path = folder / "c.py"
    path.write_text("revision = 'c'\ndown_revision = 'b'\ndepends_on = ('a',)\n")
    assert revisions.read(folder)["c"].needs == ("a",)
    path.write_text("revision = 'c'\ndown_revision = 'b'\ndepends_on = 'd'\n")
    assert _problem(revisions.read, folder).message == (
        "error: revision c depends on d, which it does not follow\n"
        f"where: {path}\n"
        "why:   an upgrade to it would not be sure to run the other one first\n"
        "next:  name it in down_revision, or drop depends_on"
    )


def test_two_files_with_one_id_are_refused(folder):
    _write(folder, "a")
    (folder / "copy.py").write_text((folder / "a.py").read_text())
    assert _problem(revisions.read, folder).message == (
        "error: two files are revision a\n"
        "where: a.py, copy.py\n"
        "why:   a database that says it is at this id could be at either of them\n"
        "next:  remove the copy, or give the newer file an id of its own"
    )


def test_a_parent_without_a_file_is_refused(folder):
    _write(folder, "b", "a")
    assert _problem(revisions.read, folder).message == (
        "error: revision b follows a, which has no file\n"
        f"where: {folder}/b.py\n"
        "why:   the file was deleted or never committed, or baseline-advance was killed\n"
        f"next:  git status {folder}"
    )


def test_a_missing_folder_is_refused(tmp_path):
    assert _problem(revisions.read, tmp_path / "gone", code=ExitCode.USAGE).message == (
        "error: the folder of revisions is missing\n"
        f"where: {tmp_path}/gone\n"
        "why:   migrations.ini in environments.yaml points beside it\n"
        f"next:  correct migrations.ini, or mkdir {tmp_path}/gone"
    )


# The graph


def test_the_head_is_what_nothing_follows(folder):
    assert _graph(folder, a=(), b=("a",), c=("b",)).head == "c"


def test_two_heads_are_refused_with_their_files(folder):
    graph = _graph(folder, a=(), b=("a",), c=("a",))
    assert graph.heads == ("b", "c")
    with pytest.raises(Problem) as raised:
        _ = graph.head
    assert raised.value.message == (
        "error: 2 heads: b, c\n"
        "where: b.py, c.py\n"
        "why:   two revisions follow the same one, so the order of the upgrade is not decided\n"
        "next:  edit down_revision in c.py to 'b'"
    )


@pytest.mark.parametrize(
    ("parents", "edits"),
    [
        ({"r21": ("r20",), "r22": ("r20",), "r23": ("r21",)}, ["r21 follows r22"]),
        ({"r21": ("r20",), "r22": ("r20",), "r23": ("r22",)}, ["r22 follows r21"]),
        ({"r21": ("r20",), "r22": ("r20",), "r23": ()}, ["r23 follows r21", "r21 follows r22"]),
        (
            {"r21": ("r20",), "r22": ("r20",), "r23": ("r20",), "r24": ("r22", "r23")},
            ["r22 follows r21"],
        ),
    ],
)
def test_two_heads_are_one_once_what_is_advised_was_done(folder, parents, edits):
    graph, done = _graph(folder, r20=(), **parents), []
    while len(graph.heads) > 1:
        told = _problem(getattr, graph, "head").next_command
        file, head = re.fullmatch(r"edit down_revision in (\w+)\.py to '(\w+)'", told).groups()
        done.append(f"{file} follows {head}")
        _write(folder, file, head)
        graph = revisions.read(folder)
        assert len(done) <= len(edits), done
    assert done == edits


def test_no_revision_at_all_has_no_head(folder):
    with pytest.raises(Problem, match="there are no revisions"):
        _ = revisions.read(folder).head


def test_the_history_lists_each_revision_after_those_it_follows(folder):
    graph = _graph(folder, z=(), y=("z",), a=("y",), b=("y",), m=("a", "b"))
    assert _ids(graph.history) == ["z", "y", "a", "b", "m"]


def test_a_merge_may_follow_a_revision_and_its_ancestor(folder):
    graph = _graph(folder, M=("a", "b"), z=(), b=("z",), a=("b",))
    assert _ids(graph.history) == ["z", "b", "a", "M"]


def test_a_long_history_is_ordered(folder):
    names = [f"r{number:04d}" for number in range(1500)]
    each = [
        revisions.Revision(
            id=name, parents=(before,) if before else (), title="", path=folder, sha256=""
        )
        for name, before in zip(names, ["", *names], strict=False)
    ]
    assert _ids(revisions.Graph(reversed(each)).history) == names


@pytest.mark.parametrize("parents", [{"a": ("a",)}, {"a": ("b",), "b": ("a",)}])
def test_revisions_that_follow_each_other_are_refused(folder, parents):
    graph = _graph(folder, **parents)
    with pytest.raises(Problem, match="follows itself"):
        _ = graph.history


def test_ancestors_hold_the_revisions_themselves_and_forget_unknown_ones(folder):
    graph = _graph(folder, a=(), b=("a",), c=("b",))
    assert graph.ancestors(["b", "legacy"]) == {"a", "b"}


@pytest.mark.parametrize(
    ("applied", "target", "expected"),
    [
        ([], "c", ["a", "b", "c"]),
        (["a"], "c", ["b", "c"]),
        (["c"], "c", []),
        (["c"], "a", []),
    ],
)
def test_between_lists_what_an_upgrade_would_run(folder, applied, target, expected):
    graph = _graph(folder, a=(), b=("a",), c=("b",))
    assert _ids(graph.between(applied, target)) == expected


# Naming one


CHAIN = {"0001_baseline": (), "20251212_100000000": ("0001_baseline",)}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("0001_baseline", "0001_baseline"),
        ("0001", "0001_baseline"),
        ("2025", "20251212_100000000"),
        ("head", "20251212_100000000"),
        ("heads", "20251212_100000000"),
    ],
)
def test_a_revision_is_named_by_its_id_its_beginning_or_head(folder, given, meant):
    assert _graph(folder, **CHAIN).resolve(given) == meant


def test_an_ambiguous_beginning_is_refused_with_all_it_begins(folder):
    graph = _graph(folder, **CHAIN, **{"20251213_1": ("20251212_100000000",)})
    assert _problem(graph.resolve, "2025", code=ExitCode.USAGE).message == (
        "error: '2025' begins 2 revisions\n"
        "where: the revision files of this checkout\n"
        "why:   they are 20251212_100000000, 20251213_1\n"
        "next:  type more of the one that is meant"
    )


def test_a_mistyped_revision_gets_the_nearest_name(folder):
    told = _problem(_graph(folder, **CHAIN).resolve, "0001_basline", code=ExitCode.USAGE)
    assert isinstance(told, UsageProblem)
    assert told.message == (
        "error: no revision is called '0001_basline'\n"
        "where: the revision files of this checkout\n"
        "why:   did you mean 0001_baseline?\n"
        "next:  inv al-hist --env local_dev"
    )


@pytest.mark.parametrize("given", ["", "本番; x"])
def test_a_revision_like_no_other_is_refused_with_the_newest(folder, given):
    told = _problem(_graph(folder, **CHAIN).resolve, given, code=ExitCode.USAGE)
    assert told.what == f"no revision is called {given!r}"
    assert told.why == "the newest is 20251212_100000000"
