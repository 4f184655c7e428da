"""The emulator's library, which takes half a second to import: loaded beside the loop with the first terminal."""

from __future__ import annotations

import asyncio
import importlib

_loaded = False


def is_loaded() -> bool:
    """It can be used."""
    return _loaded


async def load() -> None:
    """Import it off the loop; at once when it is there."""
    global _loaded
    if not _loaded:
        await asyncio.to_thread(importlib.import_module, "agents.terminal.input")
        _loaded = True
