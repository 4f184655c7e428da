"""Real agents from the npm registry, driven for real against a model on a loopback port: `make test-agents`.

Here is which ones, and what each needs to start without a person's set-up. Without ``SHOPFLOOR_TEST_AGENTS``, the
folder they are installed in, the tests of this folder are skipped. ``conftest.real`` is an engine with a clean
environment, ``player`` a model that finds its way with any agent's tools.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

VARIABLE = "SHOPFLOOR_TEST_AGENTS"
"""Names the folder that they are installed in."""


class RealAgent(NamedTuple):
    """One agent."""

    profile: str
    """The shipped profile."""
    packages: tuple[str, ...]
    """As npm takes them; the version is the one that these tests were written with."""
    program: str
    variables: tuple[tuple[str, str], ...]
    """What the person's environment holds; ``{url}`` is the model's address."""


CLAUDE = RealAgent(
    profile="claude-code",
    packages=("@agentclientprotocol/claude-agent-acp@0.49.0",),
    program="claude-agent-acp",
    variables=(("ANTHROPIC_API_KEY", "sk-ant-api03-of-nobody"), ("ANTHROPIC_BASE_URL", "{url}")),
)
OPENCODE = RealAgent(
    profile="opencode",
    packages=("opencode-ai@1.18.33",),
    program="opencode",
    variables=(("ANTHROPIC_API_KEY", "sk-ant-api03-of-nobody"), ("ANTHROPIC_BASE_URL", "{url}")),
)
PI = RealAgent(
    profile="pi",
    packages=("@mariozechner/pi-coding-agent@0.73.1",),
    program="pi",
    variables=(("ANTHROPIC_API_KEY", "sk-ant-api03-of-nobody"),),
)
PI_TERMINAL = PI._replace(profile="pi-terminal")
INSTALLED = (CLAUDE, PI)
"""What ``make test-agents`` installs: both halves together in less than a minute."""


def folder() -> Path | None:
    """Where they are installed; None when these tests were not asked for."""
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else None


def search_path(installed: Path) -> str:
    """PATH for the agents: theirs, node's and the system's."""
    node = shutil.which("node") or "/usr/bin/node"
    return ":".join((str(installed / "node_modules" / ".bin"), str(Path(node).parent), "/usr/bin", "/bin"))
