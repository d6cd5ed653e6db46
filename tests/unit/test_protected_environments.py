"""What is refused on a protected environment whatever is typed, and what is not."""

from __future__ import annotations

import handmade
import pytest
from handmade import HEAD

from dbops.errors import ExitCode, Refused
from dbops.operations import authoring, demo

ENVIRONMENTS = """\
project: sanbou
environments:
  local_dev:
    backend: embedded
    database: {name: sanbou_dev}
    demo_data: app.demo_data
    guard: {protected: true}
  vm_stg:
    backend: compose
    database: {name: sanbou_stg}
    host: {address: stg.example.com, user: deploy, directory: /srv/app}
    compose: {project: stg, files: [stg.yml], volume: stg_pgdata}
    demo_data: app.demo_data
"""
OTHER = """\
  bare:
    backend: embedded
    database: {name: bare}
  playground:
    backend: embedded
    database: {name: playground}
    demo_data: app.demo_data
"""
NONE = "add an unprotected environment to environments.yaml"


@pytest.fixture
def vault(tmp_path):
    return handmade.make_target(tmp_path / "vault", protected=True, demo_data="app.demo_data")


def _next(vault, text, act, **options):
    vault.environment.file.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as raised:
        act(vault, handmade.running(vault, HEAD), **options)
    assert raised.value.code == ExitCode.REFUSED
    return raised.value.next_command


@pytest.mark.parametrize(
    ("text", "next_command"),
    [(ENVIRONMENTS + OTHER, "inv demo-data --env playground"), (ENVIRONMENTS, NONE)],
)
def test_rows_for_show_are_for_another_environment_that_has_a_generator(vault, text, next_command):
    assert _next(vault, text, demo.load, years=1, scale=1) == next_command


@pytest.mark.parametrize(
    ("text", "next_command"),
    [
        (ENVIRONMENTS + OTHER, "inv al-rev-auto --message 'a note' --env bare"),
        (ENVIRONMENTS, NONE),
    ],
)
def test_models_are_compared_with_an_unprotected_environment(vault, text, next_command):
    told = _next(vault, text, authoring.new, message="a note", autogenerate=True)
    assert told == next_command


def test_an_empty_revision_is_written_whatever_is_protected(vault):
    runbook = authoring.new(vault, handmade.absent(vault), message="a note", autogenerate=False)
    assert [each.title.partition(": ")[2] for each in runbook.steps] == ["a note"]
    assert not runbook.destructive
