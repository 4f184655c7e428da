"""What all tests have."""

from tests.presses import _keys_are_pressed

__all__ = ["_keys_are_pressed"]
