"""Moments as people write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from agents.errors import UsageError
from agents.moments import parse_moment

NOW = datetime(2026, 2, 4, 10, 30)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15m", datetime(2026, 2, 4, 10, 45)),
        ("in 2 hours", datetime(2026, 2, 4, 12, 30)),
        ("1d", datetime(2026, 2, 5, 10, 30)),
        ("16:30", datetime(2026, 2, 4, 16, 30)),
        ("9:00", datetime(2026, 2, 5, 9, 0)),
        ("today 11:00", datetime(2026, 2, 4, 11, 0)),
        ("Tomorrow", datetime(2026, 2, 5, 9, 0)),
        ("tomorrow 14:15", datetime(2026, 2, 5, 14, 15)),
        ("fri 9:00", datetime(2026, 2, 6, 9, 0)),
        ("Wednesday", datetime(2026, 2, 11, 9, 0)),
        ("2026-03-01 8:05", datetime(2026, 3, 1, 8, 5)),
    ],
)
def test_moment_is_understood(text: str, moment: datetime) -> None:
    assert datetime.fromtimestamp(parse_moment(text, NOW.timestamp())) == moment


@pytest.mark.parametrize("text", ["", " ", "never"])
def test_nothing_means_never(text: str) -> None:
    assert parse_moment(text, NOW.timestamp()) == 0.0


@pytest.mark.parametrize("text", ["soon", "25:00", "today 9:00", "2020-01-01", "day", "3 weeks", "99999d"])
def test_what_is_no_moment_or_over_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UsageError):
        parse_moment(text, NOW.timestamp())
