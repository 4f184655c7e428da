"""Handing a few objects to git without another process: what a reader left as loose objects, as one pack.

Nothing here is trusted or decided. Git names, checks and links every object of the pack when it takes it
(``unpack-objects --strict``); a loose object's own name is not even looked at. Formats: gitformat-pack(5).
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from agents.errors import GitError
from agents.model import Struct

_COUNT_LIMIT = 100
"""As many objects as git itself keeps loose on a push."""
_SIZE_LIMIT_BYTES = 8 * 1024 * 1024
_TYPES = {b"commit": 1, b"tree": 2, b"blob": 3}
_HEADER_LIMIT_BYTES = 64


class Loose(Struct):
    """One object, whatever its name."""

    kind: bytes
    content: bytes


def few_objects(folder: Path) -> list[Loose] | None:
    """The objects of an object folder; None when they are many, large, or packed already.

    No link is followed, so the folder may be anybody's. No process may still write to it.

    Raises:
        GitError: something in it is no object.
    """
    found: list[Loose] = []
    size = 0
    for path in _loose_files(folder):
        if len(found) == _COUNT_LIMIT:
            return None
        one = _read(path, _SIZE_LIMIT_BYTES - size)
        if one is None:
            return None
        size += len(one.content)
        found.append(one)
    packs = folder / "pack"
    return None if packs.is_dir() and any(packs.iterdir()) else found


def pack_of(objects: Iterable[Loose], *, sha256: bool = False) -> bytes:
    """A pack of these objects, for a repository of SHA-1 or of SHA-256."""
    entries = [_entry(one) for one in objects]
    pack = b"".join((b"PACK", (2).to_bytes(4), len(entries).to_bytes(4), *entries))
    return pack + (hashlib.sha256 if sha256 else hashlib.sha1)(pack).digest()


def _loose_files(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as fans:
        names = [fan.path for fan in fans if len(fan.name) == 2 and fan.is_dir(follow_symlinks=False)]
    for name in names:
        with os.scandir(name) as files:
            # git writes a new object under this name first; a reader that was ended leaves it
            yield from (file.path for file in files if not file.name.startswith("tmp_obj_"))


def _read(path: str, room: int) -> Loose | None:
    """One loose object; None when its content is larger than ``room``."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise GitError(f"The reader left something that is not an object: {error.strerror}.") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise GitError("The reader left something that is not an object.")
        if status.st_size > room:
            return None
        raw = file.read()
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(raw, room + _HEADER_LIMIT_BYTES)
    except zlib.error as error:
        raise GitError(f"The reader left a damaged object: {error}.") from error
    if inflate.unconsumed_tail:
        return None
    header, nul, body = content.partition(b"\0")
    kind = header.partition(b" ")[0]
    if not nul or kind not in _TYPES:
        raise GitError("The reader left something that is not an object.")
    return Loose(kind, body)


def _entry(one: Loose) -> bytes:
    """Type and size as a number of groups of 7 bits (the first of 4), then the content; git compresses it itself."""
    size = len(one.content)
    head = bytearray([_TYPES[one.kind] << 4 | size & 15])
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + zlib.compress(one.content, 0)
