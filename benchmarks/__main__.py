"""Every benchmark, side by side with what people use instead: `inv benchmark`."""

from __future__ import annotations

from benchmarks import backup, catalogue, fresh_start, remote, report, startup

report.run(startup.measure, fresh_start.measure, backup.measure, catalogue.measure, remote.measure)
