"""What is written where an agent has been lands there and nowhere else, whatever the agent left under the name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agents.drivers.settings_files import FOLDER, write_files
from agents.drivers.terminal.signals import HOOK, PIPE, SignalPipe
from agents.errors import ShopfloorError
from agents.sandbox import Policy, choose_runner
from agents.sandbox.planted import write_below


@pytest.fixture
def persons(tmp_path: Path) -> Path:
    """A folder of the person's, with a file in it."""
    folder = tmp_path / "persons"
    folder.mkdir()
    (folder / "settings.json").write_text("mine")
    return folder


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    folder = tmp_path / "temp"
    folder.mkdir()
    return folder


def _untouched(persons: Path) -> bool:
    return [(file.name, file.read_text()) for file in persons.iterdir()] == [("settings.json", "mine")]


@pytest.mark.parametrize("planted", ["a link to a folder", "a link to a file", "a file", "nothing"])
async def test_files_of_a_profile(persons: Path, temp: Path, planted: str) -> None:
    folder = temp / FOLDER
    match planted:
        case "a link to a folder":
            folder.symlink_to(persons)
        case "a link to a file":
            folder.mkdir()
            (folder / "settings.json").symlink_to(persons / "settings.json")
        case "a file":
            folder.touch()
    policy = Policy(directory=str(temp), temp=str(temp))
    write_files({"settings.json": "ours"}, policy, await choose_runner("none"), {})
    assert _untouched(persons), "the engine wrote over a file of the person's"
    assert (folder / "settings.json").read_text() == "ours"
    assert not folder.is_symlink()


async def test_the_pipe_and_the_hook_of_a_terminal_agent(persons: Path, temp: Path) -> None:
    for name in (PIPE, HOOK):
        (temp / name).symlink_to(persons / "settings.json")
    told: list[str] = []
    pipe = SignalPipe(temp, "/tmp", lambda signal: told.append(signal.text))
    try:
        assert _untouched(persons)
        assert os.access(temp / HOOK, os.X_OK)
        assert (temp / PIPE).is_fifo()
    finally:
        pipe.close()
    (temp / PIPE).mkdir()
    with pytest.raises(ShopfloorError, match="listened to"):
        SignalPipe(temp, "/tmp", lambda signal: told.append(signal.text))


def test_a_name_that_leads_elsewhere_is_refused(temp: Path) -> None:
    for name in ("../x", "/x", ""):
        with pytest.raises(ShopfloorError, match="cannot write"):
            write_below(temp, name, "text")
