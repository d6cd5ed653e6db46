"""Refreshes that a real systemd starts: the machine, the environments, and who is told."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from rig.hosts import CHECKOUT, Put
from rig.machine import succeeded
from scheduled import processes
from watching import until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.systemd import SystemdMachine
    from scheduled import Monitor

ENVIRONMENTS = """\
project: sanbou
defaults:
  backend: compose
  host: {address: 127.0.0.1, port: 9, user: deploy, directory: /srv/sanbou_app}
environments:
"""
ENVIRONMENT = """\
  {name}:
    database: {{name: {name}}}
    compose: {{project: {name}, files: [docker/docker-compose.stg.yml], volume: {name}_pgdata}}
    refresh: {{calendar: "{calendar}", timeout_minutes: 1, ping_url_file: ~/.config/dbops/{name}}}
"""
# The timer's own spread of up to 3 minutes would make a test as long.
NOW = "[Timer]\nRandomizedDelaySec=0\nAccuracySec=100ms\n"
HURRIED = "[Service]\nTimeoutStartSec=3s\n"
SEEN = f"{CHECKOUT}/seen"
# Stands in for a refresh, which takes three machines; `real/fab` is the real one.
FAB = f"""\
#!/bin/sh
echo begin >>{SEEN}.$2
case $2 in
vm_busy) code=75 ;;
vm_long) sleep 2.5 ;;
vm_held) until [ -e {SEEN}.$2.go ]; do sleep 0.1; done ;;
vm_hang | vm_late) sleep 4711 & wait ;;
vm_away) exec {CHECKOUT}/real/fab "$@" ;;
esac
echo end >>{SEEN}.$2
exit ${{code:-0}}
"""
STAND_IN = "mkdir real && mv fab fab-real && ln -s ../fab-real real/fab && mkdir -p ~/.config/dbops"


class Timers:
    """The timers of one machine; CALENDARS says when each environment is refreshed."""

    def __init__(
        self, machine: SystemdMachine, monitor: Monitor, calendars: Mapping[str, str]
    ) -> None:
        self.machine, self.monitor = machine, monitor
        self.calendars = dict(calendars)
        secrets = {
            f"/home/deploy/.config/dbops/{name}": Put(f"{monitor.url}/{name}\n")
            for name in calendars
        }
        succeeded(machine.on(STAND_IN))
        machine.put(
            {
                f"{CHECKOUT}/fab": Put(FAB, mode=0o755),
                "/etc/systemd/system/timer.d/now.conf": Put(NOW, 0o644, 0),
                "/etc/systemd/user/timer.d/now.conf": Put(NOW, 0o644, 0),
                f"/etc/systemd/system/{service('vm_late')}.d/hurried.conf": Put(HURRIED, 0o644, 0),
                **secrets,
            }
        )

        self._write()

    def _write(self) -> None:
        each = (
            ENVIRONMENT.format(name=name, calendar=when) for name, when in self.calendars.items()
        )
        self.machine.put({f"{CHECKOUT}/environments.yaml": Put("".join([ENVIRONMENTS, *each]))})

    def edit(self, name: str, calendar: str) -> None:
        """Write another calendar into environments.yaml."""
        self.calendars[name] = calendar
        self._write()

    def install(self, name: str) -> str:
        """Install the timer as root types it, and return what is said."""
        done = self.machine.root(f"./inv schedule --env {name} --install")
        return succeeded(done) + done.stderr

    def ended(self, name: str, state: str, result: str, code: int) -> None:
        """Wait until a run has ended like this, as systemd shows it; then stop the timer."""
        wanted = {"ActiveState": state, "Result": result, "ExecMainStatus": str(code)}

        def is_so() -> bool:
            # Nothing is known of a service that no timer asks for and that did not fail.
            shown = self.machine.shown(service(name))
            return shown["ExecMainCode"] == "1" and wanted.items() <= shown.items()

        until(is_so, f"{name}: {wanted}")
        self.stop(name)

    def stop(self, name: str) -> None:
        """Stop the timer, and wait for its run to end."""
        succeeded(self.machine.root(f"systemctl disable --now {timer(name)}"))
        until(lambda: not self.left(name), f"{name}: the end of its run")

    def left(self, name: str) -> list[str]:
        """Return the processes of a service."""
        group = f"/sys/fs/cgroup/system.slice/{service(name)}"
        return self.machine.root(f"cat {group}/cgroup.procs").stdout.split()

    def said(self, name: str, what: str) -> bool:
        """Return whether the journal has WHAT of a service."""
        journal = f"journalctl --no-pager --output=cat --unit={service(name)}"
        return what in self.machine.root(journal).stdout

    def seen(self, name: str) -> list[str]:
        """Return what the stand-in noted: `begin` and `end` of each run."""
        return self.machine.on(f"cat {SEEN}.{name}").stdout.split()

    def pings(self, name: str) -> list[str]:
        told = [each.split("/") for each in self.monitor.pings]
        return [what for who, what in told if who == name]

    def hold(self, name: str) -> None:
        """Let what runs for NAME, which is vm_held, wait from now on."""
        succeeded(self.machine.on(f"rm -f {SEEN}.{name}.go"))

    def release(self, name: str) -> None:
        succeeded(self.machine.on(f"touch {SEEN}.{name}.go"))

    def by_hand(self, name: str) -> str:
        """Return a script that runs what the unit of NAME runs."""
        return f"eval \"$(sed -n 's/^ExecStart=//p' /etc/systemd/system/{service(name)})\""


def service(name: str) -> str:
    return f"dbops-sanbou-{name}-refresh.service"


def timer(name: str) -> str:
    return f"dbops-sanbou-{name}-refresh.timer"


class Sampler:
    """Notes the arguments and the environment of every process while it is entered."""

    def __init__(self) -> None:
        self.found: set[bytes] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._stopped.is_set():
            self.found.update(processes())
            time.sleep(0.01)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
