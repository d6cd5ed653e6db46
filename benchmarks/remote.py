"""What a command over SSH costs when the host is 100 ms away: `python -m benchmarks.remote`.

Each command runs near and far, turn by turn; what far takes longer, in round trips, is what it
waited for the line. Other tools run the same six steps on the same VM. It needs what the rig needs
(docs/rig.md): root on Debian, and Docker.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import remote_tools, report
from benchmarks.remote_line import ENDS, RTT_SECONDS, WAYS, UnavailableError, line
from benchmarks.report import Row
from benchmarks.timing import Command, Run, Sample, alternate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.remote_line import Line
    from benchmarks.workbench import Project

BOUND = 15  # round trips a deploy may wait for
PAIRS = 5  # each pair takes a while
MANY_STEPS = 24
LINE = f"{RTT_SECONDS * 1000:.0f} ms"
NOTHING, REVISION = "`fab deploy`, nothing to do", "`fab deploy` of a revision"

Samples = dict[tuple[str, str], Sample]  # by what runs, and the way there
Over = Callable[[str, str], Command]  # what runs, over a way from one of its ends


def measure(project: Project, runs: int) -> Iterator[Row]:
    """Yield the deploy's waiting for the line, and six steps beside those of other tools."""
    del project  # the VM has a project of its own
    try:
        with line() as found:
            yield from waited(found, min(runs, PAIRS))
            yield from beside_others(found, min(runs, PAIRS))
    except UnavailableError as error:
        print(f"left out, there is no rig: {error.args[0].splitlines()[0]}\n", file=sys.stderr)


def waited(line: Line, pairs: int) -> Iterator[Row]:
    """Print the round trips each command waits for, and yield the deploys' with their bound."""
    steps = {f"{number} steps in one run": number for number in (remote_tools.STEPS, MANY_STEPS)}
    programs = {"connect, one question": 0, **steps}
    commands = {title: _steps(line, number) for title, number in programs.items()}
    commands["`fab al-cur`"] = _fab(line, "al-cur")
    commands[NOTHING] = _fab(line, "deploy")
    found = overheads(commands, pairs)
    found |= overheads({REVISION: _fab(line, "deploy")}, pairs, line.push_revision)
    print(report.table(_as_round_trips(found)) + "\n")
    for title in (NOTHING, REVISION):
        for way, name in WAYS.items():
            what = f"{title}, {name}: waiting for {BOUND} round trips of {LINE} at most"
            yield Row(what, found[title, way], bound=BOUND * RTT_SECONDS)


def _steps(line: Line, steps: int) -> Over:
    module = ("-m", "benchmarks.remote_steps", "stg", str(steps))
    return lambda way, end: line.python(*module, way=way, end=end)


def _fab(line: Line, verb: str) -> Over:
    return lambda way, end: line.fab(verb, way=way, end=end)


def overheads(
    commands: dict[str, Over],
    pairs: int,
    prepare: Callable[[], object] = lambda: None,
) -> Samples:
    """Return what each of the COMMANDS takes longer far away than near, on both ways."""
    named = {
        f"{title}, {way}, {end}": over(way, end)
        for title, over in commands.items()
        for way in WAYS
        for end in ENDS
    }
    found = alternate(named, pairs, prepare)
    return {
        (title, way): longer(*(found[f"{title}, {way}, {end}"] for end in ENDS))
        for title in commands
        for way in WAYS
    }


def longer(near: Sample, far: Sample) -> Sample:
    """Return how much longer the runs of FAR took than those of NEAR in the same rounds."""
    return Sample(
        tuple(
            Run(wall=there.wall - here.wall, cpu=there.cpu - here.cpu)
            for here, there in zip(near.runs, far.runs, strict=True)
        )
    )


def _as_round_trips(found: Samples) -> list[tuple[str, ...]]:
    titles = dict.fromkeys(title for title, _ in found)
    header = ("round trips waited for", *WAYS.values())
    return [
        header,
        *((title, *(round_trips(found[title, way]) for way in WAYS)) for title in titles),
    ]


def round_trips(sample: Sample) -> str:
    """Return the median of SAMPLE, with the smallest and the largest, as round trips."""
    counts = [each.wall / RTT_SECONDS for each in sample.runs]
    return f"{sample.wall / RTT_SECONDS:.1f} ({min(counts):.1f}-{max(counts):.1f})"


def beside_others(line: Line, runs: int) -> Iterator[Row]:
    """Compare six trivial steps 100 ms away with the same six by other tools."""
    remote_tools.install()
    line.lend_python()
    with tempfile.TemporaryDirectory(prefix="dbops-") as folder:
        tools = remote_tools.Tools(line, line.ports["direct", "far"], Path(folder))
        others = tools.commands()
        ours = {"ours": _steps(line, remote_tools.STEPS)("direct", "far")}
        found = alternate(ours | others, runs, prepare=tools.log_out)
    for name in others:
        what = f"{remote_tools.STEPS} steps on a host {LINE} away, beside {name}"
        yield Row(what, found["ours"], found[name])


if __name__ == "__main__":
    report.run(measure)
