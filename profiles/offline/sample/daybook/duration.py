"""Durations as people write them, in whole minutes."""

import re

_DURATION = re.compile(r"(?:(\d+)h)?\s*(?:(\d+)m)?")


def parse_duration(text):
    """The minutes that a text like ``1h 30m`` stands for; raises ValueError for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if not found or found.group() == "":
        raise ValueError(f"not a duration: {text!r}")
    hours, minutes = found.groups()
    return int(hours or 0) * 60 + int(minutes or 0)


def format_duration(minutes):
    """Minutes as ``1h 30m``, without the part that is zero."""
    sign = "-" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    parts = [f"{hours}h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest}m")
    return sign + " ".join(parts)
