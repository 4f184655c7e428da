"""The wheel: built, installed into a fresh environment, and run from there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_puts_nothing_generic_at_the_top_level(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    ours = {name for name in tops if not name.endswith(".dist-info")}
    assert ours == {"_shopfloor", "shopfloor.py"}, "other packages own names like agents and app"


def test_the_wheel_holds_the_data_files(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in ("_shopfloor/profiles/claude-api.toml", "_shopfloor/app/launch.py", "_shopfloor/agents/version.py"):
        assert needed in names, f"{needed} is missing"
    assert any(name.startswith("_shopfloor/profiles/offline/sample/") for name in names), "the demo needs its sample"


def test_doctor_runs_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "fresh"
    venv.create(environment, with_pip=False)
    site = next((environment / "lib").glob("python*")) / "site-packages"
    # the dependencies come from this environment, the program from the wheel alone
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    home = tmp_path / "home"
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SHOPFLOOR_HOME": str(home), "LANG": "C.UTF-8"}
    python = environment / "bin" / "python"

    def shopfloor(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [python, "-c", "import sys, shopfloor; sys.exit(shopfloor.main())", *arguments]
        return subprocess.run(command, env=clean, cwd=tmp_path, capture_output=True, text=True, check=False)

    try:
        done = shopfloor("doctor")
        assert "✓ engine" in done.stdout, done.stdout + done.stderr
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        shopfloor("engine", "stop")
