"""What must not be lost: one SQLite file, written before anything is shown.

The engine is the only writer. Writes are collected and committed together with :meth:`Store.commit`; when the disk
refuses them they are kept and tried again, and the engine publishes nothing in between.
"""

from agents.store.store import Round, Store

__all__ = ["Round", "Store"]
