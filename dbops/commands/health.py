"""The step that waits until the application says that it is well."""

from __future__ import annotations

from dbops.commands.remote import fetching
from dbops.commands.shell import lines
from dbops.runbook import Step


def wait(url: str, timeout_seconds: float) -> Step:
    """Return the step that asks URL until it answers 200, for TIMEOUT_SECONDS at most."""
    return Step(
        title=f"wait until {url} answers 200",
        command=lines(
            f"ask() {{ (\n{fetching(url, 5)}\n) }}",
            f"end=$(($(date +%s) + {timeout_seconds:.0f}))",
            'until said=$(ask); do [ "$(date +%s)" -lt "$end" ] || { echo "$said"; exit 1; }; '
            "sleep 1; done",
        ),
    )
