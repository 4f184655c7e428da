"""``shopfloor acp``: our agent for editors, on standard input and output."""

from __future__ import annotations

import asyncio


def acp(profile: str) -> int:
    """Serve until the editor leaves."""
    from agents.native.acp_agent import choose_profile, serve  # imports the protocol's library

    asyncio.run(serve(choose_profile(profile)))
    return 0
