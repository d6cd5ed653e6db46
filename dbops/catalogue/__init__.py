"""What the schema of a database really is, object by object, and how two of them differ."""

from __future__ import annotations

from dbops.catalogue.comparison import Difference, What, differences
from dbops.catalogue.objects import Catalogue, Key, TornError, dump, load, parse
from dbops.catalogue.severity import Severity

__all__ = [
    "Catalogue",
    "Difference",
    "Key",
    "Severity",
    "TornError",
    "What",
    "differences",
    "dump",
    "load",
    "parse",
]
