"""The environments of environments.yaml: `load()` returns all of them, `find(name)` one."""

from dbops.environments.inventory import find, load
from dbops.environments.model import Environment, Environments

__all__ = ["Environment", "Environments", "find", "load"]
