"""What can be wrong with a diff."""

from __future__ import annotations

from agents.errors import ShopfloorError


class DiffError(ShopfloorError):
    """What was given is not a diff, or this part of it cannot be used that way."""
