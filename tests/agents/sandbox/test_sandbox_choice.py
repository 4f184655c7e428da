"""Which backend is chosen, asked in fresh processes on machines that have more or less of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.errors import SandboxError, UsageError
from agents.sandbox import Runner, choose_runner

ROOT = Path(__file__).resolve().parents[3]
ASK = "import asyncio; from agents.sandbox import choose_runner; print(asyncio.run(choose_runner({!r})).name)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the choice is between Linux's backends")


def _asked(prefer: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ASK.format(prefer)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])} | environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_bubblewrap_comes_first(bubblewrap: Runner) -> None:
    assert _asked().stdout == "bubblewrap\n"


def test_without_bubblewrap_the_kernel_does_it(landlock: Runner) -> None:
    assert _asked(PATH="/nowhere").stdout == "landlock\n"


def test_a_bubblewrap_that_does_not_work_here_is_passed_over(tmp_path: Path, landlock: Runner) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    assert _asked(PATH=f"{tmp_path}:/usr/bin:/bin").stdout == "landlock\n"
    refused = _asked("bubblewrap", PATH=f"{tmp_path}:/usr/bin:/bin").stderr
    assert "setting up uid map: Permission denied" in refused
    assert "Install bubblewrap" in refused


def test_a_bubblewrap_that_confines_nothing_is_not_believed(tmp_path: Path, landlock: Runner) -> None:
    lying = tmp_path / "bwrap"
    lying.write_text(
        '#!/bin/sh\nwhile [ "$1" != -- ]; do [ "$1" = --chdir ] && cd "$2"; shift; done; shift\nexec "$@"\n'
    )
    lying.chmod(0o755)
    assert _asked(PATH=f"{tmp_path}:/usr/bin:/bin").stdout == "landlock\n"


def test_a_variable_forces_one(landlock: Runner) -> None:
    assert _asked(SHOPFLOOR_SANDBOX="landlock").stdout == "landlock\n"
    assert _asked(SHOPFLOOR_SANDBOX="none").stdout == "none\n"
    assert _asked(SHOPFLOOR_SANDBOX="auto").returncode == 0


async def test_what_is_not_installed_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = _asked("bubblewrap", PATH="/nowhere")
    assert "SandboxError" in answer.stderr
    assert "not installed" in answer.stderr


async def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match="There is no sandbox 'chroot'"):
        await choose_runner("chroot")


async def test_the_answer_is_found_once(runner: Runner) -> None:
    assert await choose_runner(runner.name) is runner


async def test_every_backend_says_what_it_cannot_do(runner: Runner) -> None:
    assert runner.limits(), "a sandbox without limits is not believable"
    assert all(sentence.endswith(".") for sentence in runner.limits())


async def test_the_command_line_can_be_shown(runner: Runner, tmp_path: Path) -> None:
    from agents.sandbox import Policy

    line = runner.command_line(["make", "test"], Policy(directory=str(tmp_path)))
    assert line[-2:] == ["make", "test"]
    with pytest.raises(SandboxError):
        runner.command_line(["true"], Policy(directory=str(tmp_path / "gone")))
