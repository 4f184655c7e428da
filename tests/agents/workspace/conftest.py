"""Every test gets its own home, its own Shopfloor folders, and runs once per sandbox backend that works here."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agents.errors import SandboxError
from agents.sandbox import Runner, choose_runner


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("GIT_", "SHOPFLOOR_", "XDG_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = A Person\n\temail = person@example.org\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path / "shopfloor"))
    return home


@pytest.fixture(params=["bubblewrap", "landlock"])
def runner(request: pytest.FixtureRequest) -> Runner:
    return _backend(request.param)


@pytest.fixture
def bubblewrap() -> Runner:
    return _backend("bubblewrap")


def _backend(name: str) -> Runner:
    try:
        return asyncio.run(choose_runner(name))
    except SandboxError as error:
        if os.environ.get("CI"):
            pytest.fail(f"{name} must be tested here: {error}")
        pytest.skip(f"{name} does not work here: {error}")


@pytest.fixture
def one_runner() -> Runner:
    """The strongest backend here, for behaviour that does not depend on it."""
    return asyncio.run(choose_runner())
