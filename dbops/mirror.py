"""A host's files, copied where this machine can read them; gone when the command ends."""

from __future__ import annotations

import atexit
import base64
import binascii
import io
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from dbops.errors import Problem


def unpacked(archive: str) -> Path:
    """Return a new directory with the regular files of ARCHIVE, a compressed tar in base64.

    Raises:
        Problem: it is no archive, or a name in it leads out of the directory (exit 1).
    """
    directory = Path(tempfile.mkdtemp(prefix="dbops-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    try:
        content = io.BytesIO(base64.b64decode(archive))
        with tarfile.open(fileobj=content, mode="r:gz") as tar:
            for member in tar:
                if member.isfile():
                    _write(directory, member.name, tar.extractfile(member).read())  # type: ignore[union-attr]  # it is a file
    except (binascii.Error, tarfile.TarError, EOFError) as error:
        raise _not_whole(str(error)) from error
    return directory


def _not_whole(why: str) -> Problem:
    return Problem(
        "the host's files did not arrive whole",
        where="what tar on the host sent of its checkout",
        why=why,
        next_command="type the same command again; nothing was changed",
    )


def _write(directory: Path, name: str, content: bytes) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise _not_whole(f"{name!r} is no name in them")
    target = directory / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
