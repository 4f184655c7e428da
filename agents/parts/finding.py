"""What tasks can be found by beside what is in them."""

from __future__ import annotations

from typing import Protocol


class Finding(Protocol):
    """For searches over all tasks."""

    async def changed_files(self) -> dict[str, list[bytes]]:
        """The names of the files that each task on the floor has changed, as of its last snapshot; those without any
        are left out."""
