"""The errors for a name that means no environment."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING
from unicodedata import normalize

from dbops.environments.text import NAME
from dbops.errors import UsageProblem

if TYPE_CHECKING:
    from dbops.environments.model import Environments

_LONGEST = 60


def unknown(name: str | None, known: Environments, usage: str) -> UsageProblem:
    """Return why NAME means none of the KNOWN environments, and what to type instead.

    Args:
        name: as it was typed; None or empty when nothing was.
        known: the environments there are.
        usage: how an environment is named on this command line, with {} for the name.
    """
    meant = _meant(normalize("NFKC", name or "").strip().lower(), known)
    hint = f" (did you mean {meant}?)" if meant and name not in known.retired else ""
    return UsageProblem(
        _what(name, known) + hint,
        where=str(known.file),
        why=_why(name, known),
        next_command=usage.format(meant or _harmless(known, over_ssh=usage.startswith("fab"))),
    )


def _meant(folded: str, known: Environments) -> str | None:
    """Return the environment that a retired, differently written or misspelt name stands for."""
    if folded in known.retired:
        return known.retired[folded]
    owners = {alias: each.name for each in known.environments.values() for alias in each.aliases}
    owners |= {each: each for each in known.environments}
    close = get_close_matches(folded, owners, n=1, cutoff=0.6)
    return owners[close[0]] if close else None


def _harmless(known: Environments, *, over_ssh: bool) -> str:
    every = [each for each in known.environments.values() if each.host or not over_ssh]
    names = [each.name for each in every if not each.is_protected]
    return (names or list(known.environments))[0]


def _what(name: str | None, known: Environments) -> str:
    if not name:
        return "no environment is named"
    if name in known.retired:
        return f"{name} is retired"
    shown = name if len(name) <= _LONGEST else name[:_LONGEST] + "..."
    return f"{shown!r} is not an environment"


def _why(name: str | None, known: Environments) -> str:
    if name in known.retired:
        return f"{known.retired[name]} took its place"
    if name and not NAME.accepts(name):
        return f"a name is {NAME.description}"
    names = [" or ".join((each.name, *each.aliases)) for each in known.environments.values()]
    return ("" if name else "there is no default; ") + "known are " + ", ".join(names)
