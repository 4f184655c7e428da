"""How large binary content is, in words."""

from __future__ import annotations

from agents.review.model import FileDiff


def binary_words(file: FileDiff) -> str:
    """``binary``, with the sizes of what it was and is where they are known."""
    old, new = file.old_size, file.new_size
    if old is None and new is None:
        return "binary"
    if old is not None and new is not None and old != new:
        return f"binary, {size_words(old)} ⟶ {size_words(new)}"
    return f"binary, {size_words(old if new is None else new)}"


def size_words(size: int | None) -> str:
    """A number of bytes for people: ``1 byte``, ``812 bytes``, ``3.4 kB``, ``12 MB``."""
    if size is None:
        return "unknown size"
    if size < 1000:
        return "1 byte" if size == 1 else f"{size} bytes"
    value, unit = size / 1000, "kB"
    for larger in ("MB", "GB"):
        if value >= 999.5:
            value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
