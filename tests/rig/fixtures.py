"""The rig as a fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rig.engine import available
from rig.vm_rig import make_rig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rig.vm_rig import Rig


@pytest.fixture(scope="session")
def vm_images() -> Mapping[str, str]:
    """The images of the rig's machines, built once."""
    available("engine.sh")
    return available("vm_images.sh")


@pytest.fixture(scope="module")
def rig(vm_images: Mapping[str, str]) -> Iterator[Rig]:
    """A jump host, vm_stg and vm_prod, shared by a module; `rig.fresh(host)` empties a VM."""
    made = make_rig(vm_images)
    yield made
    made.remove()
