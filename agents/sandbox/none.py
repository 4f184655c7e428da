"""Running without any confinement: only where a person has chosen it, and shown as such all the time."""

from __future__ import annotations

from agents.sandbox.landlock import Supervised, processes_counted
from agents.sandbox.runner import Backend
from agents.sandbox.starter import MEMORY_LIMITED


class Unconfined(Supervised):
    """Runner without walls; see :class:`agents.sandbox.Runner`. It still ends whole trees and builds environments."""

    name: Backend = "none"
    _confined = False

    def limits(self) -> tuple[str, ...]:
        """See :meth:`agents.sandbox.Runner.limits`."""
        return (
            "Nothing is confined: the agent can read and change everything you can.",
            processes_counted(),
            MEMORY_LIMITED,
        )
