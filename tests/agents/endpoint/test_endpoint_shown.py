"""``shopfloor sandbox --show`` says how the agent reaches its model."""

from __future__ import annotations

import pytest

from tests.shell import Shell, shell

__all__ = ["shell"]


@pytest.mark.parametrize(
    ("network", "key", "said"),
    [
        ("off", "inside", "https://models.example, at 127.0.0.1:8377 by way of the engine\n"),
        ("on", "outside", "https://models.example, at a loopback port by way of the engine; the key in MODEL_KEY is"),
        ("on", "inside", "https://models.example, directly\n"),
    ],
)
async def test_the_way_to_the_model_is_shown(shell: Shell, network: str, key: str, said: str) -> None:
    text = (
        f'name = "Mine"\ndriver = "acp"\n[acp]\ncommand = ["mine"]\n[sandbox]\nnetwork = "{network}"\n'
        f'[endpoint]\nurl = "https://models.example"\nkey = "{key}"\nkey_env = "MODEL_KEY"\n'
    )
    (shell.folder / "home/config/profiles/mine.toml").write_text(text)
    status, out, err = await shell("sandbox", "-p", "mine", "--show")
    assert status == 0, err
    assert f"Model          {said}" in out, out
