"""Fixtures of the tests of the program."""

from pathlib import Path

import pytest

from tests.settling import pilots_wait_for_what_is_left
from tests.shell import shell

__all__ = ["shell"]

pilots_wait_for_what_is_left()


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path))
