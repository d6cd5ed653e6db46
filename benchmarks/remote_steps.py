"""A run of some trivial steps on a host, detached and followed: `... remote_steps HOST STEPS`.

No step at all is only a connection and one question. DBOPS_ENVIRONMENTS says where HOST is.
"""

from __future__ import annotations

import sys

from dbops import detached, environments, following
from dbops.errors import Problem
from dbops.runbook import Runbook, Step
from dbops.session import Session
from dbops.state import Service, State
from dbops.target import Target

STEP = "uname -n"


def run(host: str, steps: int) -> bool:
    """Run STEPS steps on HOST and return whether every one was done."""
    there = environments.find(host, usage="remote_steps {}").at_host()
    session = Session(there)
    found = Target(environment=there, machine=session)
    try:
        return _carried_out(found, steps) if steps else session.read(STEP.split()).code == 0
    finally:
        session.close()


def _carried_out(found: Target, steps: int) -> bool:
    titled = tuple(Step(title=f"step {number}", command=STEP) for number in range(1, steps + 1))
    runbook = Runbook(verb="benchmark", environment=found.name, steps=titled)
    state = State(service=Service(status="running"), database=None)
    with following.Interrupts() as interrupts:
        run, lines = detached.start(runbook, found, state, frees=False)
        ended = following.followed(found, run, lines, interrupts)
    return ended is not None and ended.code == 0


if __name__ == "__main__":
    try:
        sys.exit(not run(sys.argv[1], int(sys.argv[2])))
    except Problem as problem:
        sys.exit(f"{problem.what}: {problem.why}")
