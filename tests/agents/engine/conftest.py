"""Fixtures of the engine's tests."""

from engine_shop import home, shop

__all__ = ["home", "shop"]
