"""``shopfloor sandbox``: run a command here exactly as an agent's commands run."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import shlex
import shutil
import signal
import stat
import sys
import tempfile
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from msgspec import structs

from agents import paths
from agents.config import read_config
from agents.engine.facilities import Facilities
from agents.errors import UsageError
from agents.model import Task, at_work
from agents.profiles import Profile, load_profile
from agents.project_file import read_project_file
from agents.sandbox import Policy, Process, PtySize, Runner, choose_runner
from agents.sandbox.defaults import agent_policy
from agents.sandbox.runner import Stream
from agents.store import Store
from agents.workspace import Workspace, Workspaces, open_project


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"`{self.prog} --help` shows how it is called.")


def main(argv: Sequence[str]) -> int:
    """Do what the arguments say; the command's exit status.

    Raises:
        ShopfloorError: the command cannot be confined or the arguments make no sense.
    """
    parser = _Parser(prog="shopfloor sandbox", description="Run a command here exactly as an agent's commands run.")
    parser.add_argument("-p", "--profile", default="", help="profile whose rules hold; default: the task's or yours")
    parser.add_argument("--no-network", action="store_true", help="cut the network off")
    parser.add_argument("--show", action="store_true", help="say what the command may touch instead of running it")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD", help="program and arguments")
    options = parser.parse_args(list(argv))
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not any(command[:1]) and not options.show:
        raise UsageError("There is no command to run.", "Give one after --, or use --show.")
    with tempfile.TemporaryDirectory(prefix="shopfloor-", ignore_cleanup_errors=True) as temp:
        return asyncio.run(_sandbox(command, options.profile, options.no_network, options.show, Path(temp)))


async def _sandbox(command: list[str], profile_id: str, no_network: bool, show: bool, temp: Path) -> int:
    here = Path.cwd().resolve()
    with _open_store() as store:
        known = _known_worktree(store, here) if store else None
        profile = _profile(profile_id or (known[0].profile if known else ""), here)
        runner = await choose_runner("none" if profile is not None and profile.sandbox.mode == "none" else "")
        workspaces = Workspaces(runner)
        if store and known:
            task, workspace = known
            agents = profile or Profile(name="default")
            policy = Facilities({}, store).policy(task, workspace, workspaces, agents, runner)
        else:
            policy = await _of_folder(here, profile, temp)
        policy = structs.replace(policy, directory=str(here), network=policy.network and not no_network)
        if show:
            print("\n".join(described(runner, policy, command or ["CMD"], _way_to_model(profile, policy, runner))))
            return 0
        if shutil.which(command[0], path=policy.environment.get("PATH")) is None:
            raise UsageError(f"There is no program “{command[0]}” that could be run.", "Give its name, or its path.")
        if known:
            await workspaces.prepare(known[1], runner)
        try:
            running = _in_terminal(runner, command, policy) if _at_terminal() else _plainly(runner, command, policy)
            status = await running
        finally:
            if store and known and not _is_at_work(store, known[0].id):
                await workspaces.rest(known[1])
    return status if status >= 0 else 128 - status


# --- which policy -----------------------------------------------------------------------------------------------------


@contextmanager
def _open_store() -> Iterator[Store | None]:
    """What the engine has recorded; only read here. None where no engine has ever run."""
    file = paths.store_path()
    if not file.exists():
        yield None
        return
    store = Store(file)
    try:
        yield store
    finally:
        store.close()


def _known_worktree(store: Store, here: Path) -> tuple[Task, Workspace] | None:
    """The task in whose worktree we are."""
    if here.is_relative_to(paths.worktrees_dir().resolve()):
        for task in store.tasks():
            workspace = store.workspace(task.id, Workspace)
            if workspace is not None and here.is_relative_to(Path(workspace.worktree).resolve()):
                return task, workspace
    return None


def _is_at_work(store: Store, task_id: str) -> bool:
    """The agent itself needs the worktree as it is now."""
    return any(task.id == task_id and at_work(task) for task in store.tasks())


def _profile(name: str, here: Path) -> Profile | None:
    root = _checkout(here)
    name = name or read_config(project=read_project_file(root) if root else None).defaults.profile
    return load_profile(name).profile if name else None


async def _of_folder(here: Path, profile: Profile | None, temp: Path) -> Policy:
    """Where no agent works: the checkout (or the plain folder) may be written, its git folder not."""
    root = _checkout(here)
    project = await open_project(root) if root else None
    read = [Path(project.repository), Path(project.git_dir)] if project else []
    top = root or here
    policy = agent_policy(
        top,
        temp=temp,
        cache=paths.make_private(paths.cache_dir() / "agents" / top.name),
        profile=profile.sandbox if profile else None,
        login=profile.login_files if profile else (),
        repository=None,
        read=[path for path in read if path != top],
        protect=[top / ".git"],
    )
    if project and read_project_file(Path(project.repository)).sandbox.network == "off":
        policy = structs.replace(policy, network=False)
    return policy


def _checkout(here: Path) -> Path | None:
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)


def _way_to_model(profile: Profile | None, policy: Policy, runner: Runner) -> str:
    """How the agent itself (no command by this verb) reaches its model; empty when its profile does not say."""
    if profile is None or profile.endpoint is None:
        return ""
    from agents.endpoint import way_in_words

    return way_in_words(profile.endpoint, policy.network, runner.mounts, os.environ)


def described(runner: Runner, policy: Policy, command: Sequence[str], model: str = "") -> Iterator[str]:
    """A policy in words, then the command line that carries it out."""
    yield f"Backend        {runner.name}"
    yield f"Directory      {policy.directory}"
    yield f"Network        {'on' if policy.network else 'off'}"
    if model:
        yield f"Model          {model}"
    yield f"Temporary      {policy.temp}{' as /tmp' if runner.mounts else ' as TMPDIR'}"
    binds = [f"{bind.target} (shows {bind.source}{'' if bind.writable else ', read-only'})" for bind in policy.binds]
    for name, places in (
        ("May write", policy.write),
        ("Protected", policy.protect),
        ("Hidden", policy.hide),
        ("Shown", policy.read),
        ("Replaced", binds),
    ):
        there = [place for place in places if name == "Replaced" or Path(place).exists()]
        yield from (f"{name if not number else '':<14} {place}" for number, place in enumerate(there))
    yield f"Environment    {' '.join(sorted(policy.environment))}"
    yield from (f"{'Limits' if not number else '':<14} {text}" for number, text in enumerate(runner.limits()))
    yield ""
    yield shlex.join(runner.command_line(command, policy))


# --- running ----------------------------------------------------------------------------------------------------------


async def _plainly(runner: Runner, command: Sequence[str], policy: Policy) -> int:
    """Run with our own streams. Of a file only what is in it is carried: who holds one open can open it anew through
    /proc, to write it from its beginning."""
    kept: list[Stream] = ["pipe" if stat.S_ISREG(os.fstat(number).st_mode) else "inherit" for number in range(3)]
    if os.path.sameopenfile(1, 2):
        kept[2] = "stdout"
    process = await runner.start(command, policy, stdin=kept[0], stdout=kept[1], stderr=kept[2])
    feeding = asyncio.ensure_future(_feed(process.stdin))
    try:
        await asyncio.gather(_save(process.stdout, 1), _save(process.stderr, 2))
        return await process.wait()
    finally:
        feeding.cancel()
        process.kill()


async def _feed(target: asyncio.StreamWriter | None) -> None:
    if target is not None:
        with suppress(ConnectionError):  # whether it reads all is its affair
            while data := os.read(0, 65536):
                target.write(data)
                await target.drain()
            target.close()


async def _save(source: asyncio.StreamReader | None, number: int) -> None:
    while source is not None and (data := await source.read(65536)):
        while data:
            data = data[os.write(number, data) :]


def _at_terminal() -> bool:
    return all(os.isatty(descriptor) for descriptor in (0, 1, 2))


async def _in_terminal(runner: Runner, command: Sequence[str], policy: Policy) -> int:
    """Run in a terminal of its own, joined to ours: what is confined never holds the real one."""
    kept = {name: os.environ[name] for name in ("TERM", "COLORTERM") if name in os.environ}
    policy = structs.replace(policy, environment=policy.environment | kept)
    process = await runner.start(command, policy, pty=_our_size())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, lambda: process.resize(_our_size()))
    try:
        with _raw_terminal():
            return await _relay(process, loop)
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
        process.kill()


async def _relay(process: Process, loop: asyncio.AbstractEventLoop) -> int:
    """Carry bytes both ways until the command has ended and all it wrote is shown."""
    assert process.pty is not None
    inner = process.pty
    over = asyncio.Event()
    typed = bytearray()

    def show() -> None:
        data = _read(inner)
        if not data:
            over.set()
            loop.remove_reader(inner)
        while data:
            data = data[os.write(1, data) :]

    def take() -> None:
        data = _read(0)
        typed.extend(data)
        if not data:
            loop.remove_reader(0)
        loop.add_writer(inner, hand_over)

    def hand_over() -> None:
        del typed[: os.write(inner, typed)]
        if not typed:
            loop.remove_writer(inner)

    loop.add_reader(inner, show)
    loop.add_reader(0, take)
    try:
        status = await process.wait()
        await over.wait()
        return status
    finally:
        loop.remove_writer(inner)
        loop.remove_reader(inner)
        loop.remove_reader(0)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError as error:
        if error.errno == errno.EIO:  # nobody has the terminal open any more
            return b""
        raise


@contextmanager
def _raw_terminal() -> Iterator[None]:
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _our_size() -> PtySize:
    size = os.get_terminal_size(1)
    return PtySize(columns=size.columns, rows=size.lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
