"""The floor on an engine in memory, as a program of its own: ``python floor_program.py [cancel|fault]``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import cast

os.environ.setdefault("TEXTUAL_FPS", "240")
sys.path.insert(0, str(Path(__file__).parents[2]))

from agents.api import Api
from app.app import ShopfloorApp
from tests.app.floor_engine import PROJECT, EngineInMemory, a_task


async def main() -> int:
    """Run it. With ``cancel`` a signal cancels us instead of the program handling it; with ``fault`` it meets a
    bug as soon as it runs."""
    me = asyncio.current_task()
    if "cancel" in sys.argv and me is not None:
        for ending in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(ending, me.cancel)
    engine = EngineInMemory(a_task("wrk1", "Sort reports", state="working"), a_task("rdy2", "Drop flags"))
    app = ShopfloorApp(cast(Api, engine), PROJECT)
    if "fault" in sys.argv:
        app.call_later(lambda: {}["no such key"])
    try:
        await app.run_async()
    except asyncio.CancelledError:
        return 43
    print("sent:", engine.sent)
    handler = signal.getsignal(signal.SIGCONT)
    print("continues:", getattr(handler, "name", handler))
    return app.return_code or 42


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
