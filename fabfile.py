"""Fabric's door to the same commands: `fab COMMAND --env local_dev` is `inv COMMAND --env local_dev`."""

from __future__ import annotations

from tasks import namespace

__all__ = ["namespace"]
