"""A person at a shell: the command line as a process, with folders of its own and a model on a loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from agents.client import Client, connect, stop_engine
from agents.errors import EngineUnreachable, ShopfloorError
from agents.offline import OfflineServer, ScriptedPlayer
from app.verbs.printing import task_object
from tests.shop import KEY, a_repository

PATIENCE_SECONDS = 40.0
QUICKEST_WIRE = "openai-chat"
"""The wire format whose SDK is imported in a third of the time; each engine that is a process pays for its own."""
ROOT = Path(__file__).resolve().parent.parent


class Shell:
    """A person at a shell in a repository, with folders of their own and a model on a loopback port."""

    def __init__(self, folder: Path, model: ScriptedPlayer) -> None:
        self.folder = folder
        self.model = model
        self.repository = a_repository(folder / "repository")
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "SHOPFLOOR_HOME": str(folder / "home"),
            KEY: "secret-test-key",
        }

    async def __call__(
        self, *arguments: str, at: Path | None = None, text: str = "", **variables: str
    ) -> tuple[int, str, str]:
        """Run ``shopfloor``; exit status, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "app" / "launch.py"),
            *arguments,
            cwd=at or self.repository,
            env={**self.variables, **variables},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(text.encode()), 60)
        return process.returncode or 0, out.decode(), err.decode()

    async def task(self, task: str) -> dict[str, Any]:
        """A task as ``show --json`` prints it."""
        status, out, err = await self("show", task, "--json")
        assert status == 0, err
        return dict(json.loads(out))

    async def until(self, task: str, condition: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Wait for a task to be as wanted; it is as ``show --json`` would print it then."""
        known: dict[str, Any] = {}
        client = await self.connected(task)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    known = task_object(await client.task(task))
                    if condition(known):
                        return known
                    await asyncio.sleep(0.01)
        except TimeoutError:
            story = (await self("show", task, "--transcript"))[1]
            pytest.fail(f"waited for {what}; the task is {known}\n{story}")
        finally:
            await client.disconnect()

    async def connected(self, task: str) -> Client:
        """A connection to the engine; a verb starts it again when it has gone."""
        with contextlib.suppress(EngineUnreachable):
            return await connect(start=False, environment={})
        await self.task(task)
        return await connect(start=False, environment={})

    async def refused(self, status: int, *arguments: str, at: Path | None = None, **variables: str) -> str:
        """Run something that cannot work; it must exit with ``status`` and say why in one line, without a traceback."""
        code, out, err = await self(*arguments, at=at, **variables)
        assert code == status, f"exit status {code}, not {status}: {out}{err}"
        assert err.startswith("shopfloor: "), err
        assert "Traceback" not in err
        assert len(err.strip().splitlines()) == 1, f"one plain sentence, not: {err}"
        return err


@pytest.fixture
async def shell(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    """A shell of its own; this process reaches the shell's engine and no other."""
    folder = Path(tempfile.mkdtemp(prefix="sf-"))  # short: a socket's path must fit in 104 bytes
    model = ScriptedPlayer()
    server = OfflineServer(model)
    url = await server.start()
    (folder / ".gitconfig").write_text("[user]\n\tname = Person\n\temail = person@example.invalid\n")
    profiles = folder / "home" / "config" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "test.toml").write_text(
        f'name = "Test"\n[native]\nprovider = "{QUICKEST_WIRE}"\nmodel = "test"\nbase_url = "{url}"\n'
        f'api_key_env = "{KEY}"\n'
    )
    shell = Shell(folder, model)
    monkeypatch.setenv("SHOPFLOOR_HOME", shell.variables["SHOPFLOOR_HOME"])
    try:
        yield shell
    finally:
        with contextlib.suppress(ShopfloorError):
            await stop_engine()
        await server.close()
        shutil.rmtree(folder, ignore_errors=True)
