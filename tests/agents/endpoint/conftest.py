"""The scene of the agents that speak a protocol serves here too."""

from __future__ import annotations

from tests.agents.acp.conftest import agent
from tests.shop import home, shop

__all__ = ["agent", "home", "shop"]
