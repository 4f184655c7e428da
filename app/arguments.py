"""Values on the command line, and what is said of one that is none."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number within limits, both included."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"“{text}” is no whole number from {least} to {most}")
        return number

    return read


def amount(text: str) -> float:
    """An amount of US dollars."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"“{text}” is no amount of US dollars; write one such as 20")
    return number


def seconds(text: str) -> float:
    """A length of time."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"“{text}” is no number of seconds above 0")
    return number


_MOST = 1_000_000_000
from_0 = whole_number(0, _MOST)
from_1 = whole_number(1, _MOST)
priority = whole_number(-_MOST, _MOST)
port = whole_number(0, 65_535)
days = whole_number(1, 36_500)
