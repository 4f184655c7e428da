"""Once a day the store is copied, beside the work of the engine."""

from __future__ import annotations

import asyncio
import contextlib

from agents.engine.ledger import Ledger
from agents.errors import ShopfloorError
from agents.store.backup import back_up, backup_of, is_due

FIRST_SECONDS = 60.0
"""After the start: what a person waits for comes first."""
LOOK_SECONDS = 3600.0


class Backups:
    """Keeps the copy of the store no older than a day, see :mod:`agents.store.backup`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look whether it is time."""
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Stop looking."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping

    async def _keep(self) -> None:
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            store = self._ledger.store
            # records that cannot be read may still be whole in the copy there is
            spoils = bool(store.damages) and backup_of(store.path).exists()
            if is_due(store.path) and not spoils:
                try:
                    await asyncio.to_thread(back_up, store.path)
                except ShopfloorError as error:
                    self._ledger.warn(str(error))
            await asyncio.sleep(LOOK_SECONDS)
