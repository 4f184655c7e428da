"""The seam behind which a process runs, and the choice of what stands behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal, Protocol

from agents.sandbox.policy import Policy, PtySize

Stream = Literal["pipe", "null", "stdout"]
"""Where a standard stream goes; ``stdout`` (for stderr only) merges it."""


class Process(Protocol):
    """A confined process tree."""

    pid: int
    stdin: asyncio.StreamWriter | None
    stdout: asyncio.StreamReader | None
    stderr: asyncio.StreamReader | None
    pty: int | None
    """The master side's file descriptor when started with a pty; owned by this object."""

    async def wait(self) -> int:
        """Exit status; negative signal number when killed."""

    def kill(self) -> None:
        """End the whole tree at once. Safe when it is over."""

    def resize(self, size: PtySize) -> None:
        """Tell a pty's process its new size."""


class Runner(Protocol):
    """Starts processes under a policy. Call from the event loop's main thread only: parent-death signals are per
    thread."""

    name: Literal["bubblewrap", "landlock", "seatbelt", "none"]
    mounts: bool
    """It can show one folder in the place of another (``Policy.binds``) and give a private ``/tmp``."""

    async def start(
        self,
        argv: Sequence[str],
        policy: Policy,
        *,
        stdin: Stream = "null",
        stdout: Stream = "pipe",
        stderr: Stream = "pipe",
        pty: PtySize | None = None,
    ) -> Process:
        """Start ``argv`` confined by ``policy``; it dies with this process.

        Raises:
            SandboxError: it could not be started, with what the backend said.
        """

    def command_line(self, argv: Sequence[str], policy: Policy) -> list[str]:
        """What ``start`` would execute, for showing."""


async def choose_runner(prefer: str = "") -> Runner:
    """The strongest backend that works here, found by running the real thing once.

    ``prefer`` names one backend and accepts no other.

    Raises:
        SandboxError: none works, with what to install.
    """
    raise NotImplementedError(prefer)
