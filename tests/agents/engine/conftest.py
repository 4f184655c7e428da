"""Fixtures of the engine's tests."""

from tests.shop import home, shop

__all__ = ["home", "shop"]
