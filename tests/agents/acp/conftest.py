"""A profile for each scenario of the fake agent, and an engine that knows them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.engine import resting
from tests.shop import Shop, home, shop

__all__ = ["home", "shop"]

PROGRAM = Path(__file__).with_name("fake_acp_agent.py")


@pytest.fixture
def short_lived(home: Path) -> None:
    """Named before ``shop``: an agent's process ends with each run."""
    _keep_idle(home, 0)


@pytest.fixture
def impatient(home: Path) -> None:
    """Named before ``shop``: an agent's process ends soon after each run."""
    _keep_idle(home, 0.4)


@pytest.fixture
def short_of_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named before ``shop``: more memory is to be kept free than there is."""
    monkeypatch.setattr(resting, "LOOK_SECONDS", 0.05)
    _keep_idle(home, 3600, "min_free_mb = 1000000000\n")


def _keep_idle(home: Path, seconds: float, more: str = "") -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "config.toml").write_text(f"[engine]\nkeep_idle = {seconds}\n{more}")


@pytest.fixture
def agent(shop: Shop) -> Callable[..., str]:
    """Call it with a scenario, and lines for ``[acp]``: the name of a profile for it."""

    def write(scenario: str, *lines: str) -> str:
        command = [sys.executable, "-S", str(PROGRAM), scenario]
        text = "\n".join(('name = "Fake"', 'driver = "acp"', "[acp]", f"command = {command!r}", *lines))
        (shop.profiles / f"{scenario}.toml").write_text(text + "\n")
        return scenario

    return write
