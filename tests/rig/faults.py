"""What happens to machines, to the lines between them and to those who log in."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rig.hosts import Put
from rig.keys import Key, new_key
from rig.machine import must, succeeded
from rig.proxy import DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rig.hosts import Machine
    from rig.laptop import Laptop

HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
# Until the new sshd answers with it, connections are refused or closed.
ANOTHER_KEY = f"""\
kill -HUP "$(cat /run/sshd.pid)"
timeout 30 sh -c '
    until ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | grep -q -F "$0"; do sleep 0.1; done
' "$(ssh-keygen -y -f {HOST_KEY} | cut -d ' ' -f 2)"
"""
SERVICE = "--filter=label=com.docker.compose.service"
# The laptop is behind the jump host's gateway; the VMs, which fetch from it, are not.
CUT_CONNECTIONS = """\
laptop=$(ip route show default | cut -d ' ' -f 3)
ss -H --tcp --numeric state established "sport = :22 and dst = $laptop" |
while read -r _ _ _ peer; do
    port=${peer##*:}
    ! iptables -C INPUT -p tcp --dport 22 --sport "$port" -j DROP 2>/dev/null || continue
    iptables -I INPUT -p tcp --dport 22 --sport "$port" -j DROP
    iptables -I OUTPUT -p tcp --sport 22 --dport "$port" -j DROP
    echo "$port"
done"""


class Faults:
    """The faults a Rig can have; each names the machine: jump, vm_stg or vm_prod."""

    machines: Mapping[str, Machine]
    host_keys: Mapping[str, Key]
    laptop_machine: Laptop
    port: int

    def cut(self, host: str) -> None:
        """Let nothing through to the host or from it any more, without a word to either end."""
        self._as_root(host, "iptables -I INPUT -i eth+ -j DROP; iptables -I OUTPUT -o eth+ -j DROP")

    def mend(self, host: str) -> None:
        self._as_root(host, "iptables -D INPUT -i eth+ -j DROP; iptables -D OUTPUT -o eth+ -j DROP")

    def cut_connections(self) -> int:
        """Cut the connections the laptop has, but none it makes later; return how many there were.

        Nothing mends them; the laptop's next ones come through.
        """
        return len(self._as_root("jump", CUT_CONNECTIONS).split())

    def kill_sessions(self, host: str) -> None:
        """Kill the processes of sshd that serve a connection; sshd itself goes on."""
        self._as_root(host, "pkill -KILL -x sshd-session || test $? = 1")

    def kill_runner(self, host: str, pattern: str = r"/runs/[^ ]*/run\.sh") -> bool:
        """Kill deploy's processes whose command line PATTERN matches; return whether there were."""
        quoted = shlex.quote(pattern.replace("/", "[/]"))  # so as not to match this command itself
        return bool(self._as_root(host, f"pkill -KILL -u deploy -f -e -- {quoted} || test $? = 1"))

    def restart_database(self, host: str, *, seconds: int = 1) -> None:
        """Restart the database's container; SECONDS after the request it is killed."""
        database = f"docker ps --quiet {SERVICE}=db"
        self._as_root(host, f"{database} | xargs --no-run-if-empty docker restart -t {seconds}")

    def switch_off(self, host: str) -> None:
        """Everything on the machine dies at once."""
        must("kill", self.machines[host].container)

    def switch_on(self, host: str) -> None:
        """Start the machine again and wait for its Docker engine."""
        must("start", self.machines[host].container)
        if host != "jump":
            self.machines[host].wait_for_engine()

    def reboot(self, host: str) -> None:
        """A crash and a start; containers with a restart policy come back by themselves."""
        self.switch_off(host)
        self.switch_on(host)

    def replace_host_key(self, host: str) -> Key:
        """Give the host another key than the one the laptop knows, and return it."""
        key = new_key()
        self._use(host, key)
        return key

    def restore_host_key(self, host: str) -> None:
        self._use(host, self.host_keys[host])

    @contextmanager
    def delayed(self, seconds: float) -> Iterator[DelayProxy]:
        """Put the laptop behind a line on which a round trip takes SECONDS."""
        with DelayProxy(self.port, seconds) as proxy:
            here, there = (f"deploy@127.0.0.1:{port}" for port in (self.port, proxy.port))
            with self.laptop_machine.known_hosts.open("a", encoding="utf-8") as file:
                file.write(self.host_keys["jump"].known(f"[127.0.0.1]:{proxy.port}"))
            self.laptop_machine.edit(here, there)
            try:
                yield proxy
            finally:
                self.laptop_machine.edit(there, here)

    def _use(self, host: str, key: Key) -> None:
        self.machines[host].put({HOST_KEY: Put(key.private, owner=0)})
        self._as_root(host, ANOTHER_KEY)

    def _as_root(self, host: str, script: str) -> str:
        return succeeded(self.machines[host].on(script, user="root"))
