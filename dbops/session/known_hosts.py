"""What known_hosts files say of a host, as OpenSSH reads them: sshd(8), SSH_KNOWN_HOSTS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey
from paramiko.ssh_exception import SSHException

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from paramiko import PKey

_REVOKED, _AUTHORITY = "@revoked", "@cert-authority"


def keys(files: Iterable[Path], name: str) -> dict[str, PKey]:
    """Return the key of each kind that FILES have for NAME, the first where there are several.

    A key that is revoked anywhere is none. Lines that cannot be read say nothing, and so do those
    of certificate authorities: a host needs a key of its own.
    """
    entries = [each for file in files if file.is_file() for each in _entries(file)]
    revoked = {entry.key.asbytes() for marker, entry in entries if marker == _REVOKED}
    found: dict[str, PKey] = {}
    for marker, entry in entries:
        if not marker and entry.key.asbytes() not in revoked and _is_of(entry, name):
            found.setdefault(entry.key.get_name(), entry.key)
    return found


def _entries(file: Path) -> Iterator[tuple[str, HostKeyEntry]]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        marker, _, rest = line.strip().partition(" ") if "@" in line[:1] else ("", "", line.strip())
        if rest and not rest.startswith("#") and marker != _AUTHORITY:
            entry = _entry(rest)
            if entry is not None:
                yield marker, entry


def _entry(line: str) -> HostKeyEntry | None:
    try:
        return HostKeyEntry.from_line(line)
    except (InvalidHostKey, SSHException, ValueError):
        return None


def _is_of(entry: HostKeyEntry, name: str) -> bool:
    """Return whether ENTRY is about NAME; its names may be hashed."""
    one = HostKeys()
    for each in entry.hostnames:
        one.add(each, entry.key.get_name(), entry.key)
    return one.lookup(name) is not None
