"""A profile for each fault of the fake agent, and an engine that knows them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shop import Shop, home, shop

__all__ = ["home", "shop"]

PROGRAM = Path(__file__).with_name("fake_tui.py")
RULES = """
settle_seconds = 0.1
start_seconds = 20.0
confirm_seconds = 3.0
[[terminal.working]]
name = "spinner in the title"
on = "title"
match = '^[⠀-⣿]'
[[terminal.idle]]
name = "star in the title"
on = "title"
match = '^✳'
[[terminal.working]]
name = "says how to interrupt"
match = 'esc to interrupt'
[[terminal.blocked]]
name = "a question"
match = '\\[y/n\\]'
reason = "It asks whether it may."
hint = "Press y or n in its pane."
[[terminal.idle]]
name = "the prompt"
match = '^>( |$)'
lines = 3
"""


@pytest.fixture
def agent(shop: Shop) -> Callable[..., str]:
    """Call it with a fault ('' for none): the name of a profile for it."""

    def write(fault: str = "", *lines: str, rules: str = RULES, work: float = 0.1) -> str:
        command = [sys.executable, "-S", str(PROGRAM), fault, str(work)]
        name = fault or "fine"
        text = "\n".join(('name = "Fake"', 'driver = "terminal"', "[terminal]", f"command = {json.dumps(command)}"))
        text = "\n".join((text, *lines, rules))
        (shop.profiles / f"{name}.toml").write_text(text + "\n")
        return name

    return write
