from __future__ import annotations

import json
import shlex

import handmade
import pytest

from dbops import runner
from dbops.errors import ExitCode, Problem
from dbops.operations import views
from dbops.operations.views import View


def _view(name, *sources, populated=True, unique_index=True):
    return View(
        name=name,
        populated=populated,
        unique_index=unique_index,
        sources=sources,
        size_bytes=8192,
    )


def _levels(*found):
    return [(each.name, each.level) for each in views.levelled(found)]


def test_views_that_read_no_other_are_on_the_first_level_in_order_of_name():
    assert _levels(_view("mart.b"), _view("mart.a")) == [("mart.a", 1), ("mart.b", 1)]


def test_a_view_is_one_level_above_the_highest_of_its_sources():
    found = [
        _view("mart.top", "mart.middle", "mart.low"),
        _view("mart.middle", "mart.low"),
        _view("mart.low"),
        _view("mart.alone"),
    ]
    assert _levels(*found) == [
        ("mart.alone", 1),
        ("mart.low", 1),
        ("mart.middle", 2),
        ("mart.top", 3),
    ]


def test_no_views_have_no_levels():
    assert views.levelled([]) == ()


@pytest.mark.parametrize(
    ("populated", "unique_index", "concurrently"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_only_a_populated_view_with_a_unique_index_is_refreshed_concurrently(
    populated, unique_index, concurrently
):
    view = _view("mart.x", populated=populated, unique_index=unique_index)
    assert view.concurrently is concurrently


@pytest.fixture
def target(tmp_path):
    return handmade.make_target(tmp_path)


@pytest.fixture
def catalogue(monkeypatch):
    """Let psql answer with the views a test gives."""

    def answer(*found, code=0, error=""):
        rows = [
            {
                "name": each.name,
                "populated": each.populated,
                "unique_index": each.unique_index,
                "sources": each.sources,
                "bytes": each.size_bytes,
            }
            for each in found
        ]
        said = runner.Answer(code=code, out=json.dumps(rows), error=error)
        monkeypatch.setattr(runner, "read", lambda *_, **__: said)

    return answer


THREE = (
    _view("mart.top", "mart.low"),
    _view("mart.low"),
    _view("mart.other", populated=False),
    _view("mart.slow", unique_index=False),
)


def _refresh(target, view=None):
    return views.refresh(target, handmade.running(target), view=view)


def test_all_views_are_refreshed_level_by_level_two_at_a_time(target, catalogue):
    catalogue(*THREE)
    assert [(each.title, each.group) for each in _refresh(target).steps] == [
        ("refresh mart.low concurrently", "level 1, 1"),
        ("refresh mart.other", "level 1, 1"),
        ("refresh mart.slow", "level 1, 2"),
        ("refresh mart.top concurrently", "level 2, 1"),
    ]


def test_a_refresh_names_the_view_quoted_and_sees_that_it_is_populated(target, catalogue):
    catalogue(_view('mart.it\'s "受入"; x'))
    (step,) = _refresh(target).steps
    statement = 'REFRESH MATERIALIZED VIEW CONCURRENTLY "mart"."it\'s ""受入""; x"'
    assert f"--command={statement}" in shlex.split(step.command)
    assert "relispopulated" in step.verify


def test_one_view_is_refreshed_alone_and_what_reads_it_is_told(target, catalogue):
    catalogue(*THREE)
    runbook = _refresh(target, "mart.low")
    assert [each.title for each in runbook.steps] == ["refresh mart.low concurrently"]
    assert runbook.notes == ("these read what is refreshed and stay as they are: mart.top",)


def test_a_view_is_not_refreshed_alone_before_those_it_reads(target, catalogue):
    low, other = _view("mart.low", populated=False), _view("mart.other", "mart.low")
    catalogue(_view("mart.top", "mart.low", "mart.other", populated=False), low, other)
    with pytest.raises(Problem) as raised:
        _refresh(target, "mart.top")
    assert raised.value.code == ExitCode.REFUSED
    assert raised.value.message == (
        "error: local_dev: mart.top reads what was never refreshed\n"
        "where: mart.low\n"
        "why:   a materialized view cannot be read before its first refresh\n"
        "next:  inv mv-refresh --env local_dev, which refreshes all in their order"
    )
    assert len(_refresh(target, "mart.low").steps) == 1
    assert len(_refresh(target).steps) == 3


def test_views_that_make_readers_wait_are_told(target, catalogue):
    catalogue(*THREE)
    waiting = "no unique index, so readers wait while these are refreshed: mart.slow"
    assert _refresh(target).notes == (waiting,)


def test_without_views_there_is_nothing_to_refresh(target, catalogue):
    catalogue()
    runbook = _refresh(target)
    assert (runbook.steps, runbook.reason) == ((), "there are no materialized views")


@pytest.mark.parametrize(
    ("typed", "why", "instead"),
    [
        ("mart.lwo", "did you mean mart.low?", "mart.low"),
        ("'; DROP", "there are mart.low, mart.other, mart.slow, mart.top", "SCHEMA.NAME"),
    ],
)
def test_an_unknown_view_gets_the_nearest_name(target, catalogue, typed, why, instead):
    catalogue(*THREE)
    with pytest.raises(Problem) as raised:
        _refresh(target, typed)
    assert raised.value.code == ExitCode.USAGE
    assert raised.value.message == (
        f"error: local_dev: no materialized view is called {typed!r}\n"
        "where: database sanbou_dev\n"
        f"why:   {why}\n"
        f"next:  inv mv-refresh --env local_dev --view {instead}"
    )


def test_a_catalogue_that_cannot_be_read_is_a_problem(target, catalogue):
    catalogue(code=2, error="psql: error: no\n")
    with pytest.raises(Problem) as raised:
        _refresh(target)
    assert raised.value.message == (
        "error: local_dev: the views cannot be listed\n"
        "where: sanbou_dev\n"
        "why:   psql: error: no\n"
        "next:  inv health --env local_dev"
    )


def test_the_conclusion_counts_what_can_be_read(target, catalogue):
    catalogue(*THREE)
    conclusion = views.refreshed(target, handmade.running(target))
    assert conclusion.sentence == "local_dev: 3 of 4 materialized views are populated"
    assert dict(conclusion.facts)["unpopulated"] == ["mart.other"]
