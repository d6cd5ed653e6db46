"""What a schema is compared with what it should be; each returns the exit code."""

from __future__ import annotations

from typing import Any

from dbops.errors import ExitCode
from dbops.output.plans import Conclusion, conclude
from dbops.output.stream import as_json, count, data


def drift(found: dict[str, Any], *, machine: bool) -> int:
    """Print how a schema differs, the worst first, and return the exit code: 2 when it does."""
    differing = found["differences"]
    if machine:
        as_json(found)
    else:
        _differences(differing)
        objects = f"{found['objects']} objects compared with {found['against']}"
        differ = count(len(differing), "difference") if differing else "no difference"
        data(f"{found['environment']}: {differ}; {objects}")
    return int(ExitCode.DIFFERENCES if differing else ExitCode.OK)


def _differences(found: list[dict[str, Any]]) -> None:
    for each in found:
        data(f"{each['what']:<10} {each['kind']} {each['identity']}  [{each['severity']}]")
        _indented(each["diff"])
        _indented(each["repair"], "repair: ")
    repairs = sorted((each for each in found if each["repair"]), key=lambda it: it["repair_order"])
    if len(repairs) > 1:  # as they are, to be pasted
        data("-- the repairs again, in an order in which they can be run")
        data("\n".join(each["repair"] for each in repairs))


_SAYS = {
    "right": "which is what it says",
    "wrong": "but it says that it is at {}",
    "legacy": "while it says that it is at {}, of the legacy history",
    "unknown": "while it says that it is at {}, which this checkout does not know",
    "behind": "while it says that it is at {}, behind the baseline",
    "several": "while it says that it is at {}",
    "nothing": "while it says nothing",
}


def which(found: dict[str, Any], *, machine: bool) -> int:
    """Print whose schema a database has; return 2 when it is nobody's or the version is wrong."""
    differing = found["differences"]
    if machine:
        as_json(found)
    else:
        _differences(differing)
        whose = f"the schema of {', '.join(found['revisions'])}"
        if differing:
            told = count(len(differing), "difference")
            whose = f"the schema of no revision; the nearest is {found['nearest']}, with {told}"
        says = _SAYS[found["says"]].format(", ".join(found["versions"]))
        sentence = f"{found['environment']} has {whose}, {says}"
        conclude(Conclusion(sentence=sentence, next_command=found["next"]))
    settled = not differing and found["says"] in {"right", "legacy", "nothing"}
    return int(ExitCode.OK if settled else ExitCode.DIFFERENCES)


def verified(found: dict[str, Any], *, machine: bool) -> int:
    """Print each part of a comparison and return the exit code: 2 when one of them differs."""
    if machine:
        as_json(found)
    else:
        for each in found["parts"]:
            data(f"{'differs' if each['differences'] else 'equal  '}  {each['what']}")
            _indented("\n".join(each["differences"]))
    is_equal = not any(each["differences"] for each in found["parts"])
    return int(ExitCode.OK if is_equal else ExitCode.DIFFERENCES)


def _indented(text: str, label: str = "") -> None:
    for line in text.splitlines():
        data(f"    {label}{line}")
