"""The same commands over SSH: `fab -H prod al-up` acts on the host of the environment prod names.

Without -H, `fab COMMAND --env NAME` is `inv COMMAND --env NAME`.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from fabric.executor import Executor as FabricExecutor
from invoke.executor import Executor

from dbops import argv, commandline, hints
from dbops.commandline import ENV, JSON, answering, changing, command, releasing
from tasks import namespace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from invoke.context import Context
    from invoke.tasks import Call

    Halves = tuple[Any, ...]

__all__ = ["OverSsh", "namespace"]


class OverSsh(FabricExecutor):  # type: ignore[misc]  # Fabric has no types
    """Runs each command once, here; what it asks and changes travels over our own connection.

    Fabric would make a connection of its own for each host, which accepts any host key, and run the
    command once for each of them. fabric.json names this class.
    """

    def expand_calls(self, calls: Iterable[Call], apply_hosts: bool = True) -> list[Call]:
        """Return CALLS as Invoke expands them: -H is read by the commands themselves."""
        del apply_hosts
        hints.check_remainder(self.core.remainder)
        return list(Executor.expand_calls(self, list(calls)))

    def execute(self, *tasks: object) -> object:
        """Run the commands; on several hosts, one of each side by side."""
        hosts = argv.hosts(sys.argv)
        if len(hosts) > 1:
            from dbops import side_by_side

            named = [getattr(each, "name", str(each)) for each in tasks]
            sys.exit(side_by_side.run(sys.argv, hosts, self.collection, named))
        return super().execute(*tasks)


@releasing(
    mends=True,
    to="end at this revision instead of the head",
    pull="fast-forward the checkout first; --no-pull leaves it as it is",
    rehearse="full, schema or off: what of the fresh backup the upgrade is tried on first",
)
def deploy(to: str | None = None, pull: bool = True, rehearse: str | None = None) -> Halves:
    """Bring a host to the newest commit and its head, behind a proven backup."""
    from dbops.operations import deploy as operation

    decide = partial(operation.plan, revision=to, pull=pull, rehearse=rehearse)
    return decide, operation.deployed, partial(operation.foreseen, pull=pull)


@changing()
def refresh() -> Halves:
    """Rebuild a staging database beside the live one, check it, and swap it in."""
    from dbops.operations import refresh as operation

    return operation.plan, operation.refreshed


@releasing(
    force=True,
    to="back to what was before this run; the newest deploy that changed something when left out",
)
def rollback(to: str | None = None) -> Halves:
    """Take a host back to the code and revision before a run, behind a proven backup."""
    from dbops.operations import rollback as operation

    return partial(operation.plan, run=to), operation.rolled_back, operation.foreseen


@command(help={"env": ENV, "run": "the run; the newest when left out", "json": JSON})
@answering
def attach(c: Context, env: str | None = None, run: str | None = None, json: bool = False) -> None:
    """Follow a run on the host again, to its true end, or tell how it ended."""
    from dbops import output, perform
    from dbops.operations import history

    output.answer(history.attach(perform.target(env), run=run), machine=json)


@command(help={"env": ENV, "run": "the run; the newest when left out", "json": JSON})
@answering
def cancel(c: Context, env: str | None = None, run: str | None = None, json: bool = False) -> None:
    """Interrupt a run on the host; what its running step did is rolled back."""
    from dbops import output, perform
    from dbops.operations import history

    output.answer(history.cancel(perform.target(env), run=run), machine=json)


for _task in (deploy, refresh, rollback, attach, cancel):
    namespace.add_task(_task)
commandline.keep_compiled(__spec__)
hints.check(sys.argv, namespace)
