"""Fabric's door to the same commands: `fab COMMAND --env NAME` is `inv COMMAND --env NAME`."""

from __future__ import annotations

from tasks import namespace

__all__ = ["namespace"]
