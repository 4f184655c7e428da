"""Real agents from the npm registry and PyPI, driven for real against a model on a loopback port: `make test-agents`.

Here is which ones, and what each needs to start without a person's set-up. Without ``SHOPFLOOR_TEST_AGENTS``, the
folder they are installed in, the tests of this folder are skipped. ``conftest.real`` is an engine with a clean
environment, ``player`` a model that finds its way with any agent's tools.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

KEY = "sk-ant-api03-of-nobody"
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
    steers: bool = True
    """It takes a prompt while it works; of others the turn has to end first."""
    settings: tuple[str, ...] = ("mode", "model")
    """Categories of settings that it offers."""
    tells: tuple[str, ...] = ("context", "tokens", "cost", "conversations", "diffs")
    """What it tells of its use, whether it lists what it has kept, and what it changes in a file that it writes."""

    built: bool = False
    """Its packages' own scripts put the program in its place. Those of others are not run."""
    python_packages: tuple[str, ...] = ()
    """As pip takes them."""


CLAUDE = RealAgent(
    profile="claude-code",
    packages=("@agentclientprotocol/claude-agent-acp@0.49.0",),
    program="claude-agent-acp",
    variables=(("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_BASE_URL", "{url}")),
)
OPENCODE = RealAgent(
    profile="opencode",
    packages=("opencode-ai@1.18.33",),
    program="opencode",
    variables=(("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_BASE_URL", "{url}")),
    steers=False,
    tells=("context", "tokens", "cost", "conversations"),
    built=True,
)
OPENCODE_TERMINAL = OPENCODE._replace(profile="opencode-terminal", steers=True)
PI = RealAgent(
    profile="pi",
    packages=("@mariozechner/pi-coding-agent@0.73.1",),
    program="pi",
    variables=(("ANTHROPIC_API_KEY", KEY),),
)
PI_TERMINAL = PI._replace(profile="pi-terminal")
GEMINI = RealAgent(
    profile="gemini",
    packages=("@google/gemini-cli@0.61.0",),
    program="gemini",
    variables=(("GEMINI_API_KEY", KEY), ("GOOGLE_GEMINI_BASE_URL", "{url}")),
    steers=False,
    tells=("tokens", "diffs"),
)
GEMINI_TERMINAL = GEMINI._replace(profile="gemini-terminal")
QWEN = RealAgent(
    profile="qwen",
    packages=("@qwen-code/qwen-code@0.15.10",),
    program="qwen",
    variables=(("OPENAI_API_KEY", KEY), ("OPENAI_BASE_URL", "{url}/v1"), ("OPENAI_MODEL", "gpt-test")),
    steers=False,
    tells=("tokens", "diffs"),
)
COPILOT = RealAgent(
    profile="copilot",
    packages=("@github/copilot@1.0.102",),
    program="copilot",
    variables=(
        ("COPILOT_PROVIDER_API_KEY", KEY),
        ("COPILOT_PROVIDER_BASE_URL", "{url}/v1"),
        ("COPILOT_MODEL", "gpt-5.1"),
    ),
    steers=False,
    settings=("mode",),
    tells=("tokens", "diffs"),
)
QWEN_TERMINAL = QWEN._replace(profile="qwen-terminal")
COPILOT_TERMINAL = COPILOT._replace(profile="copilot-terminal")
AIDER = RealAgent(
    profile="aider",
    packages=(),
    python_packages=("aider-chat==0.86.2",),
    program="aider",
    variables=(("OPENAI_API_KEY", KEY), ("OPENAI_API_BASE", "{url}/v1"), ("AIDER_MODEL", "openai/gpt-test")),
)
EVERY = (CLAUDE, PI, GEMINI, QWEN, COPILOT, OPENCODE, AIDER)
NAMES = "SHOPFLOOR_TEST_AGENTS_NAMES"
"""Names the profiles that are tried, with blanks between; empty: every one. CI has not the time for all."""


def chosen() -> tuple[RealAgent, ...]:
    """What ``make test-agents`` installs and tries."""
    names = os.environ.get(NAMES, "").split()
    return tuple(agent for agent in EVERY if not names or agent.profile in names)


def folder() -> Path | None:
    """Where they are installed; None when these tests were not asked for."""
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else None


def search_path(installed: Path) -> str:
    """PATH for the agents: theirs, node's and the system's."""
    node = shutil.which("node") or "/usr/bin/node"
    own = (installed / "node_modules" / ".bin", installed / "python" / "bin")
    return ":".join((*map(str, own), str(Path(node).parent), "/usr/bin", "/bin"))
