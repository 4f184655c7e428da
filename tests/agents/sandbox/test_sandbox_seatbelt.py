"""How macOS's backend starts and ends processes, tried with a stand-in for its program that confines nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from sandbox_scene import PATIENCE_SECONDS, Scene

from agents.sandbox import PtySize
from agents.sandbox.seatbelt import Seatbelt, Unconfined

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="on macOS the real one runs all tests of the sandbox")
STAND_IN = """#!/bin/sh
[ "$1" = -p ] && [ -n "$2" ] || exit 64
shift 2
exec "$@"
"""


@pytest.fixture(params=["seatbelt", "none"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    program = tmp_path / "sandbox-exec"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return Scene(tmp_path, Seatbelt(str(program)) if request.param == "seatbelt" else Unconfined())


async def test_streams_folder_and_exit_status_are_the_commands(elsewhere: Scene) -> None:
    ran = await elsewhere.run('pwd; echo "$TMPDIR" >&2; exit 7')
    assert (ran.status, ran.output.split()) == (7, [str(elsewhere.worktree), str(elsewhere.temp)])


async def test_pty_is_the_terminal_of_the_command(elsewhere: Scene) -> None:
    process = await elsewhere.start("/bin/sh", "-c", "stty size </dev/tty >size", pty=PtySize(columns=77, rows=21))
    assert await process.wait() == 0
    process.kill()
    assert (elsewhere.worktree / "size").read_text() == "21 77\n"


async def test_cancelled_start_leaves_nothing_running(elsewhere: Scene) -> None:
    (elsewhere.worktree / "log").touch()
    for steps in (1, 2, 3, 5, 8):
        starting = asyncio.ensure_future(elsewhere.start("/bin/sh", "-c", "sleep 1000 & echo $! >>log; wait"))
        for _ in range(steps):
            await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(map(_lives, (elsewhere.worktree / "log").read_text().split())):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
    assert (await elsewhere.run("echo over")).output == "over\n"


def _lives(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
