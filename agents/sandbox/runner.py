"""The seam behind which a process runs, and the choice of what stands behind it."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from agents.errors import SandboxError, UsageError
from agents.sandbox.policy import Policy, PtySize

Stream = Literal["pipe", "null", "stdout", "inherit"]
"""Where a standard stream goes; ``stdout`` (for stderr only) merges it, ``inherit`` hands over our own."""


Backend = Literal["bubblewrap", "landlock", "seatbelt", "none"]


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

    name: Backend
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

    def limits(self) -> tuple[str, ...]:
        """What this backend cannot do here, one plain sentence each, for ``doctor`` and the pane."""


BACKENDS: dict[str, tuple[str, ...]] = {"linux": ("bubblewrap", "landlock"), "darwin": ("seatbelt",)}
"""The backends of each system, the strongest first."""
_ADVICE = {
    "linux": "Install bubblewrap (apt, dnf or pacman install it under this name), or use a kernel with Landlock "
    "(5.13 or newer).",
    "darwin": "sandbox-exec, which is part of macOS, must be allowed to run.",
}
_PROBE_SECONDS = 20
_PROBE = "echo x > inside && ! echo x > ../outside && ! cat ../secret/key"
_chosen: dict[str, Runner] = {}


async def choose_runner(prefer: str = "") -> Runner:
    """The strongest backend that works here, found by running the real thing once. The answer holds for this process.

    ``prefer`` names one backend and accepts no other; so does the environment variable ``SHOPFLOOR_SANDBOX``
    (bubblewrap, landlock, seatbelt, none, or auto). ``none`` confines nothing and is never chosen by itself.

    Raises:
        SandboxError: none works, with what to install.
        UsageError: there is no backend of that name.
    """
    wanted = prefer or os.environ.get("SHOPFLOOR_SANDBOX", "") or "auto"
    if wanted not in _chosen:
        _chosen[wanted] = await _first_that_works(wanted)
    return _chosen[wanted]


async def _first_that_works(wanted: str) -> Runner:
    known = BACKENDS.get(sys.platform, ())
    if wanted not in ("auto", "none", *known):
        raise UsageError(
            f"There is no sandbox {wanted!r} on this system.", f"Use one of {', '.join(('auto', *known, 'none'))}."
        )
    if wanted == "none":
        return _backend("none")
    problems = []
    for name in known if wanted == "auto" else (wanted,):
        try:
            runner = _backend(name)
            await _probe(runner)
        except SandboxError as error:
            problems.append(f"{name}: {error.message.rstrip('.')}")
        else:
            return runner
    found = "; ".join(problems) or f"nothing is known for {sys.platform}"
    raise SandboxError(f"Agents cannot be confined here ({found}).", _ADVICE.get(sys.platform, ""))


def _backend(name: str) -> Runner:
    """The backend, imported only now.

    Raises:
        SandboxError: it is not installed.
    """
    found: Runner | None
    match name:
        case "bubblewrap":
            from agents.sandbox import bubblewrap

            found = bubblewrap.find()
        case "landlock":
            from agents.sandbox import landlock

            found = landlock.find()
        case "seatbelt":
            from agents.sandbox import seatbelt

            found = seatbelt.find()
        case _ if sys.platform == "linux":
            from agents.sandbox import none

            found = none.Unconfined()
        case _:
            from agents.sandbox import seatbelt

            found = seatbelt.Unconfined()
    if found is None:
        raise SandboxError("it is not installed")
    return found


async def _probe(runner: Runner) -> None:
    """Try to write inside, to write outside and to read what is hidden.

    Raises:
        SandboxError: the first failed or one of the others worked, with what the backend said.
    """
    with tempfile.TemporaryDirectory(prefix="shopfloor-probe-") as folder:
        top = Path(folder)
        for name in ("work", "secret", "temp"):
            (top / name).mkdir()
        (top / "secret" / "key").write_text("hidden")
        policy = Policy(
            directory=str(top / "work"),
            write=(str(top / "work"),),
            hide=(str(top / "secret"),),
            read=(folder,),
            temp=str(top / "temp"),
            network=False,
            environment={"PATH": "/usr/bin:/bin"},
        )
        process = await runner.start(["/bin/sh", "-c", _PROBE], policy, stderr="stdout")
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                assert process.stdout is not None
                said = (await process.stdout.read()).decode("utf-8", "replace").strip()
                status = await process.wait()
        except TimeoutError as error:
            raise SandboxError(f"it did not answer within {_PROBE_SECONDS} seconds") from error
        finally:
            process.kill()
        if status or (top / "outside").exists():
            raise SandboxError(" ".join(said.splitlines()[-1:]) or "it does not confine")
