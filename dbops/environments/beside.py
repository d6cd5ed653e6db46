"""The databases that commands make beside an environment's own, and what they are called.

The own name is never cut: two databases of one server would share what is made beside them.
"""

from __future__ import annotations

import re

# The longest name, 63 bytes in PostgreSQL, less the longest of these endings.
LONGEST = 40
KEPT = r"_before_[0-9]{14}"
PURPOSES = (
    "restoring",
    "restore_test",
    "refreshing",
    "replaced",
    "rehearsal",
    "rehearsal_expected",
    "dbops_scratch",
    "dbops_proof",
)
_ENDING = re.compile(rf"_(?:{'|'.join(PURPOSES)})$|{KEPT}$")


def named(live: str, purpose: str) -> str:
    """Return what the database made for PURPOSE, one of PURPOSES, beside LIVE is called."""
    if purpose not in PURPOSES:
        raise ValueError(purpose)
    return f"{live}_{purpose}"


def wrong(live: str) -> str:
    """Return why LIVE cannot be an environment's own database; empty when it can."""
    if len(live) > LONGEST:
        return f"needs at most {LONGEST} characters: what is built beside it has a longer name"
    ending = _ENDING.search(live)
    return f"ends in {ending[0]}, as what is built beside a database does" if ending else ""
