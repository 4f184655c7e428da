"""Every test that asks for a scene runs once with each backend that works here."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sandbox_scene import Scene

from agents.errors import SandboxError
from agents.sandbox import Runner, choose_runner
from agents.sandbox.runner import BACKENDS

# A test run in the background of a shell inherits an ignored Ctrl-C, and so would every process it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=BACKENDS[sys.platform])
async def runner(request: pytest.FixtureRequest) -> Runner:
    return await _backend(request.param)


@pytest.fixture
async def bubblewrap() -> Runner:
    return await _backend("bubblewrap")


@pytest.fixture
async def landlock() -> Runner:
    return await _backend("landlock")


@pytest.fixture
async def scene(tmp_path: Path, runner: Runner) -> AsyncIterator[Scene]:
    made = Scene(tmp_path, runner)
    yield made
    await made.close()


async def _backend(name: str) -> Runner:
    try:
        return await choose_runner(name)
    except SandboxError as error:
        if os.environ.get("CI"):
            pytest.fail(f"{name} must be tested here: {error}")
        pytest.skip(str(error))
