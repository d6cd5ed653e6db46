"""Two dumps of a schema compared, object by object."""

from __future__ import annotations


def differences(expected: dict[str, str], live: dict[str, str]) -> list[str]:
    """Return one line an object that is missing, unexpected or changed."""
    missing = [f"missing     {each}" for each in expected if each not in live]
    unexpected = [f"unexpected  {each}" for each in live if each not in expected]
    changed = [
        f"changed     {each}" for each in expected if each in live and expected[each] != live[each]
    ]
    return sorted([*missing, *unexpected, *changed])
