"""Rows for an environment nobody works in yet, made by the project's own generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import psql
from dbops.errors import Problem, UsageProblem
from dbops.operations import require, views
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import State
    from dbops.target import Target


def load(target: Target, state: State, *, years: int, scale: int) -> Runbook:
    """Plan to load generated rows and to refresh what is computed from them.

    Args:
        target: an unprotected environment at head.
        state: how it is now.
        years: how many years of daily slips.
        scale: how many times as many slips a day.
    """
    require.unprotected(target, "demo-data", lambda each: each.demo_data)
    if min(years, scale) < 1:
        raise UsageProblem(
            "demo-data makes one year, at its own size, at least",
            where=f"--years {years} --scale {scale}",
            why="with 0 there would be no row",
            next_command=target.command("demo-data"),
        )
    found = require.database(target, state)
    module = target.environment.demo_data
    if module is None:
        raise UsageProblem(
            f"{target.name} has no generator of demo data",
            where=f"environments.{target.name}.demo_data",
            why="it names the Python module that loads the rows",
            next_command=f"add demo_data: MODULE there, in {target.environment.file.name}",
        )
    if not found.objects or require.known_version(target, found) != target.graph.head:
        raise Problem(
            f"{target.name} is not at head",
            where=target.environment.database.name,
            why="the generator fills the tables of the head",
            next_command=target.command("al-up"),
        )
    beside = target.backend(state)
    amount = beside.python(module, f"--years={years}", f"--scale={scale}")
    generate = Step(title="load the generated rows", command=amount)
    # Fresh statistics first: refreshing on none picks slow plans.
    analyze = Step(title="gather statistics", command=psql.execute(beside, "ANALYZE", one=False))
    return Runbook(
        verb="demo-data",
        environment=target.name,
        steps=(generate, analyze, *views.refreshing(beside, views.views(target, state))),
    )
