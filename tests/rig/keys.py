"""Ed25519 keys for the rig's machines and for the laptop that reaches them."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


@dataclass(frozen=True)
class Key:
    """A key pair in OpenSSH's formats; `public` is one line without a comment."""

    private: str = field(repr=False)
    public: str

    def known(self, *names: str) -> str:
        """Return the line of a known_hosts file that expects this key under NAMES."""
        return f"{','.join(names)} {self.public}\n"


def new_key() -> Key:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return Key(private.decode(), public.decode())
