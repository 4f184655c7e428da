"""An engine that was stopped on purpose is not started again by a screen that lost it."""

from __future__ import annotations

import pytest

from agents.client import reconnect
from agents.errors import EngineStopped
from tests.shell import Shell


async def test_a_screen_does_not_undo_engine_stop_and_comes_back_when_somebody_starts_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in shell.variables.items():
        monkeypatch.setenv(name, value)
    await shell("engine", "start")
    await (await reconnect()).disconnect()
    await shell("engine", "stop")
    with pytest.raises(EngineStopped):
        await reconnect()
    status, _, _ = await shell("engine", "status")
    assert status == 3, "the screen has started the engine again"
    await shell("ls")
    client = await reconnect()
    assert (await client.info()).pid
    await client.disconnect()
