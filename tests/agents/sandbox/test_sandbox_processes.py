"""The life of a confined process: streams, terminal, exit status, and that nothing survives."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest
from sandbox_scene import PATIENCE_SECONDS, Scene

from agents.errors import SandboxError
from agents.sandbox import Process, PtySize, Runner, choose_runner
from agents.sandbox.bubblewrap import Bubblewrap
from tests.processes import still_alive

LEAVE_BEHIND = (
    "(setsid sh -c 'exec 9>alive; touch up; exec sleep 1000' </dev/null >/dev/null 2>&1 &)"
    "; until [ -e up ]; do sleep 0.01; done"
)
"""A process that has left session and group of its starter and keeps the pipe ``alive`` open as long as it lives."""

PARENT = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from sandbox_scene import Scene
from agents.sandbox import choose_runner
from agents.sandbox.bubblewrap import Bubblewrap
from agents.sandbox.policy import Policy
import msgspec

async def main():
    runner = Bubblewrap({program!r}) if {program!r} else await choose_runner({backend!r})
    policy = msgspec.json.decode({policy!r}, type=Policy)
    process = await runner.start(["/bin/bash", "-c", {command!r}], policy)
    print((await process.stdout.readline()).decode(), flush=True)
    await process.wait()

asyncio.run(main())
"""


@pytest.fixture(params=["bubblewrap", "landlock", "none"] if sys.platform == "linux" else ["seatbelt"])
async def any_runner(request: pytest.FixtureRequest) -> Runner:
    try:
        return await choose_runner(request.param)
    except SandboxError as error:
        if os.environ.get("CI"):
            pytest.fail(f"{request.param} must be tested here: {error}")
        pytest.skip(str(error))


@pytest.fixture
async def anywhere(tmp_path: Path, any_runner: Runner) -> AsyncIterator[Scene]:
    made = Scene(tmp_path, any_runner)
    os.mkfifo(made.worktree / "alive")
    yield made
    await made.close()


async def _until_nobody_lives(scene: Scene, opened: int) -> None:
    """Wait for the end of everybody who has the pipe ``alive`` open."""
    loop = asyncio.get_running_loop()
    os.set_blocking(opened, False)
    over = loop.create_future()

    def read() -> None:
        if not os.read(opened, 4096) and not over.done():
            over.set_result(None)

    loop.add_reader(opened, read)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await over
    except TimeoutError:
        pytest.fail(f"something survived under {scene.runner.name}")
    finally:
        loop.remove_reader(opened)
        os.close(opened)


def _open_alive(scene: Scene) -> int:
    return os.open(scene.worktree / "alive", os.O_RDONLY | os.O_NONBLOCK)


async def _line(process: Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await process.stdout.readline()


async def test_exit_status_and_both_outputs_arrive(anywhere: Scene) -> None:
    process = await anywhere.start("/bin/sh", "-c", "echo out; echo err >&2; exit 7")
    assert process.stdout is not None
    assert process.stderr is not None
    assert (await process.stdout.read(), await process.stderr.read()) == (b"out\n", b"err\n")
    assert await process.wait() == 7


async def test_standard_input_reaches_the_process_and_ends_it(anywhere: Scene) -> None:
    process = await anywhere.start("cat", stdin="pipe")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"through\n")
    assert await _line(process) == b"through\n"
    process.stdin.close()
    assert await process.wait() == 0


async def test_a_line_of_many_megabytes_can_be_read(anywhere: Scene) -> None:
    process = await anywhere.start("/bin/sh", "-c", "head -c 5000000 /dev/zero; echo")
    assert len(await _line(process)) == 5_000_001


async def test_a_signal_that_ended_the_command_is_in_its_status(anywhere: Scene) -> None:
    assert (await anywhere.run("kill -TERM $$")).status == 128 + signal.SIGTERM


async def test_a_program_that_is_not_there_fails_with_a_word_about_it(anywhere: Scene) -> None:
    ran = await anywhere.execute("no-such-program")
    assert ran.status != 0
    assert "no-such-program" in ran.output


async def test_a_directory_that_is_not_there_is_said_before_anything_starts(anywhere: Scene) -> None:
    anywhere.with_policy(directory=str(anywhere.top / "gone"))
    with pytest.raises(SandboxError, match="gone"):
        await anywhere.run("true")


async def test_what_a_command_leaves_running_ends_with_it(anywhere: Scene) -> None:
    opened = _open_alive(anywhere)
    ran = await anywhere.run(f"sleep 1000 & nohup sleep 1000 & {LEAVE_BEHIND}; echo done")
    assert "done" in ran.output, "the output must end although something still holds it open"
    await _until_nobody_lives(anywhere, opened)


async def test_kill_ends_the_whole_tree(anywhere: Scene) -> None:
    opened = _open_alive(anywhere)
    process = await anywhere.start("/bin/bash", "-c", f"{LEAVE_BEHIND}; echo up; sleep 1000")  # fmt: skip
    assert await _line(process) == b"up\n"
    process.kill()
    process.kill()
    assert await process.wait() != 0
    await _until_nobody_lives(anywhere, opened)


async def test_everything_ends_when_the_starter_is_killed(anywhere: Scene) -> None:
    opened = _open_alive(anywhere)
    await _kill_parent_of(anywhere, f"{LEAVE_BEHIND}; exec 9>alive; sleep 1000 & echo up; wait")
    await _until_nobody_lives(anywhere, opened)


async def _kill_parent_of(scene: Scene, command: str, program: str = "") -> None:
    """Kill a process with a starter of its own, through which a command was started that said ``up``.

    ``program`` stands in for bubblewrap.
    """
    policy = msgspec.json.encode(scene.policy)
    text = PARENT.format(paths=sys.path, backend=scene.runner.name, policy=policy, command=command, program=program)
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", text, env={"PATH": os.defpath}, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert parent.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await parent.stdout.readline() == b"up\n"
    finally:
        parent.send_signal(signal.SIGKILL)
        await parent.wait()


async def test_a_start_that_is_cancelled_leaves_nothing_running(anywhere: Scene) -> None:
    opened = _open_alive(anywhere)
    for steps in (0, 1, 2, 3, 5, 8, 13):
        command = "exec 9>alive; sleep 1000"
        starting = [asyncio.ensure_future(anywhere.start("/bin/bash", "-c", command)) for _ in range(4)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for each in starting:
            if each.cancel():
                with pytest.raises(asyncio.CancelledError):
                    await each
            else:
                (await each).kill()
    assert (await anywhere.run("exec 9>alive; echo over")).output == "over\n", "nothing starts after a cancelled start"
    await _until_nobody_lives(anywhere, opened)


@pytest.mark.skipif(sys.platform != "linux", reason="only there one process starts all")
@pytest.mark.parametrize("killed", ["itself", "who started it"])
async def test_what_a_killed_bubblewrap_leaves_behind_is_ended(tmp_path: Path, killed: str) -> None:
    """While it starts, its child is in a session of its own for a moment and does not die with it."""
    program, alive = tmp_path / "bwrap", tmp_path / "worktree/alive"
    leaving = f"setsid sh -c 'exec 9>{alive}; echo up; exec sleep 1000' &"
    program.write_text(f'#!/bin/sh\n[ "$1" = --help ] && exit\n{leaving}\nwait\n')
    program.chmod(0o755)
    scene = Scene(tmp_path, Bubblewrap(str(program)))
    os.mkfifo(alive)
    opened = _open_alive(scene)
    if killed == "itself":
        process = await scene.start("ignored")
        assert await _line(process) == b"up\n"
        process.kill()
    else:
        await _kill_parent_of(scene, "ignored", str(program))
    await _until_nobody_lives(scene, opened)
    await scene.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there one process starts all")
async def test_what_outlived_all_is_ended_by_the_next_that_starts_commands(tmp_path: Path, bubblewrap: Runner) -> None:
    scene = Scene(tmp_path, bubblewrap)
    process = await scene.start("/bin/cat", stdin="pipe")
    async with asyncio.timeout(PATIENCE_SECONDS):
        # while it becomes another program it has no words at all
        while not (name := psutil.Process(process.pid).cmdline()) or sys.executable in name:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    os.mkfifo(tmp_path / "worktree/alive")
    opened = _open_alive(scene)
    orphaning = f"import subprocess; subprocess.Popen([{name[0]!r}, '1000'], executable='/bin/sleep', stdout=9)"
    wrapped = ["/bin/sh", "-c", f'exec 9>{scene.worktree}/alive; exec {sys.executable} -c "$1"', "sh", orphaning]
    await (await asyncio.create_subprocess_exec(*wrapped)).wait()
    await _kill_parent_of(scene, "echo up")
    await _until_nobody_lives(scene, opened)
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0, "what has its starter was ended as well"
    await scene.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there one process starts all")
async def test_all_ends_and_the_next_starts_when_what_starts_commands_is_killed(anywhere: Scene) -> None:
    opened = _open_alive(anywhere)
    process = await anywhere.start("/bin/bash", "-c", f"{LEAVE_BEHIND}; exec 9>alive; echo up; sleep 1000")
    assert await _line(process) == b"up\n"
    os.kill(psutil.Process(process.pid).ppid(), signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await process.wait() != 0, "its end was not noticed"
    await _until_nobody_lives(anywhere, opened)
    assert (await anywhere.run("echo again")).output == "again\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only there one process starts all")
async def test_the_next_starts_when_the_process_that_waits_to_become_it_is_killed(anywhere: Scene) -> None:
    process = await anywhere.start("/bin/cat", stdin="pipe")
    starter = psutil.Process(process.pid).parent()
    assert starter is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (waiting := [each for each in _waiting(starter) if each.pid != process.pid]):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    for each in waiting:
        each.kill()
    assert not await still_alive(waiting), "it does not end"
    assert (await anywhere.run("echo again")).output == "again\n"
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0, "what ran before was ended as well"


def _waiting(starter: psutil.Process) -> list[psutil.Process]:
    """Its forks that have not become a command yet."""
    return [each for each in starter.children() if not each.children() and each.cmdline() == starter.cmdline()]


async def test_many_start_at_once_and_each_gets_its_own_streams(anywhere: Scene) -> None:
    ran = await asyncio.gather(*(anywhere.run(f"echo {number}; exit {number}") for number in range(20)))
    assert [(one.status, one.output) for one in ran] == [(number, f"{number}\n") for number in range(20)]


class Terminal:
    """The master side of a pty: what appears on it, waited for."""

    def __init__(self, process: Process) -> None:
        assert process.pty is not None
        self._descriptor = process.pty
        self._seen = b""

    async def shows(self, text: bytes) -> bytes:
        """Wait until ``text`` has appeared; everything seen so far."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._descriptor, ready.set)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while text not in self._seen:
                    await ready.wait()
                    ready.clear()
                    self._seen += self._read()
        except (TimeoutError, OSError):
            pytest.fail(f"{text!r} did not appear, only {self._seen!r}")
        finally:
            loop.remove_reader(self._descriptor)
        return self._seen

    def write(self, data: bytes) -> None:
        """Type."""
        os.write(self._descriptor, data)

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, 65536)
        except BlockingIOError:
            return b""


async def _in_terminal(scene: Scene, command: str) -> tuple[Process, Terminal]:
    process = await scene.start("/bin/bash", "-c", command, pty=PtySize(columns=77, rows=21))
    return process, Terminal(process)


async def test_a_pty_has_its_size_and_tells_of_a_new_one(anywhere: Scene) -> None:
    process, terminal = await _in_terminal(
        anywhere, "trap 'stty size; exit 3' WINCH; stty size; while true; do read -t 0.05; done"
    )
    await terminal.shows(b"21 77")
    process.resize(PtySize(columns=133, rows=44))
    await terminal.shows(b"44 133")
    assert await process.wait() == 3
    process.kill()
    assert process.pty is None


async def test_control_c_interrupts_what_runs_in_the_pty(anywhere: Scene) -> None:
    # In turns: a signal that comes just before bash blocks in `read` waits for its end (13 of 4,000 in a plain pty).
    process, terminal = await _in_terminal(
        anywhere, "trap 'echo caught; exit 4' INT; echo up; while true; do read -t 0.05; done"
    )
    await terminal.shows(b"up")
    terminal.write(b"\x03")
    await terminal.shows(b"caught")
    assert await process.wait() == 4
    process.kill()


async def test_a_pty_is_the_controlling_terminal_and_a_shell_has_job_control(anywhere: Scene) -> None:
    _, terminal = await _in_terminal(anywhere, "echo direct > /dev/tty; exec env PS1='PROMPT> ' bash --norc -i")
    await terminal.shows(b"PROMPT> ")
    terminal.write(b"sh -c 'echo RUN''NING; exec sleep 1000'\n")
    await terminal.shows(b"RUNNING")
    terminal.write(b"\x1a")
    await terminal.shows(b"Stopped")
    terminal.write(b"kill %1; exit 5\n")
    seen = await terminal.shows(b"exit")
    assert b"no job control" not in seen
    assert b"direct" in seen, "/dev/tty is not the pty"


async def test_nothing_can_be_typed_into_the_terminal_from_inside(tmp_path: Path, runner: Runner) -> None:
    scene = Scene(tmp_path, runner)
    program = "import fcntl; fcntl.ioctl(0, 0x5412, b'x')"
    process, terminal = await _in_terminal(scene, f'{sys.executable} -I -S -c "{program}"; echo over')
    seen = await terminal.shows(b"over")
    assert b"PermissionError" in seen
    process.kill()
    await process.wait()
