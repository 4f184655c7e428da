"""What kind of picture some bytes are, and how large, from their first bytes alone."""

from __future__ import annotations

import struct

_KINDS = {b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


IMAGE_LIMIT = 3 << 20
SIDE_LIMIT = 8_000
"""What model servers take: bytes of a picture, and pixels of its longer side."""


def is_shown(data: bytes) -> bool:
    """Models take a picture of this size."""
    return len(data) <= IMAGE_LIMIT and max(picture_size(data)) <= SIDE_LIMIT


def picture_kind(data: bytes) -> str:
    """The media type of a picture that models can see; empty for everything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), "")


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels; zeros when they cannot be read."""
    try:
        match picture_kind(data):
            case "image/png":
                return _pair(">II", data, 16)
            case "image/gif":
                return _pair("<HH", data, 6)
            case "image/jpeg":
                return _jpeg_size(data)
            case "image/webp":
                return _webp_size(data)
    except (struct.error, IndexError):
        pass  # cut short: the model's server will say what it thinks of it
    return 0, 0


def _pair(form: str, data: bytes, at: int) -> tuple[int, int]:
    first, second = struct.unpack_from(form, data, at)
    return int(first), int(second)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """From the frame header: markers FFC0 to FFCF, but for three that are tables."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = _pair(">HH", data, at + 5)
            return width, height
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8 ":
            width, height = _pair("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return (int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
    return 0, 0
