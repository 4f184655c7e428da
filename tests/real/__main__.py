"""``make test-agents``: installs real agents into a scratch folder and drives them.

What cannot be had (no npm, a registry that does not answer in time) is said, and is no failure; an agent that was
installed and does not do what the tests expect of it is one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.real.tried import VARIABLE, chosen

ROOT = Path(__file__).resolve().parent.parent.parent
INSTALL_SECONDS = float(os.environ.get("SHOPFLOOR_TEST_AGENTS_INSTALL_SECONDS", "300"))
TEST_SECONDS = float(os.environ.get("SHOPFLOOR_TEST_AGENTS_SECONDS", "1200"))


def main(arguments: list[str]) -> int:
    """Install and test; the exit status."""
    folder = Path(os.environ.get(VARIABLE) or ROOT / ".test-agents")
    folder.mkdir(parents=True, exist_ok=True)
    problem = install(folder) or install_from_pypi(folder)
    if problem:
        print(f"Real agents were not tried: {problem}")
        return 0
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "--timeout", "300", "tests/real", *arguments]
    environment = os.environ | {VARIABLE: str(folder)}
    try:
        return subprocess.run(command, cwd=ROOT, env=environment, timeout=TEST_SECONDS, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"Real agents were not tried to the end: there were {TEST_SECONDS:.0f} seconds for it.")
        return 0


def install(folder: Path) -> str:
    """Install what is not there yet; why it could not be, in words."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed."
    packages = [package for agent in chosen() for package in agent.packages]
    if all(_version(folder, package) == package.rpartition("@")[2] for package in packages):
        return ""
    quietly = ["--no-audit", "--no-fund", "--prefix", str(folder)]
    problem = _run([npm, "install", "--ignore-scripts", *quietly, *packages], folder)
    built = [package.rpartition("@")[0] for agent in chosen() if agent.built for package in agent.packages]
    return problem or (_run([npm, "rebuild", *quietly, *built], folder) if built else "")


def install_from_pypi(folder: Path) -> str:
    """Install those that are made in Python into an environment of their own, if they are not there yet."""
    agents = [agent for agent in chosen() if agent.python_packages]
    place = folder / "python"
    if all((place / "bin" / agent.program).exists() for agent in agents):
        return ""
    packages = [package for agent in agents for package in agent.python_packages]
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return _run([sys.executable, "-m", "venv", str(place)], folder) or _run([*pip, *packages], folder)


def _run(command: list[str], folder: Path) -> str:
    """Run an installer; why it did not work, in words."""
    name = "pip" if "pip" in command else Path(command[0]).name
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"{name} did not install them within {INSTALL_SECONDS:.0f} seconds."
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return f"{name} could not install them: {said[0] if said else f'status {done.returncode}'}"
    return ""


def _version(folder: Path, package: str) -> str:
    """The version that is installed; empty for none."""
    file = folder / "node_modules" / package.rpartition("@")[0] / "package.json"
    try:
        return str(json.loads(file.read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
