"""The engine: all tasks, who works on them, and what everyone may know about it.

:class:`Engine` is an :class:`agents.api.Api`. It composes the store, the git workspaces, the sandbox and the drivers;
none of them knows it. Changes go in through its methods; events come out through :meth:`Engine.subscribe`.
"""

from agents.engine.engine import Engine

__all__ = ["Engine"]
