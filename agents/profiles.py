"""Profiles: TOML files that say how to start and talk to an agent."""

from __future__ import annotations

from typing import Literal

from agents.model import Struct


class NativeSection(Struct, kw_only=True):
    """``[native]``: our own agent."""

    provider: Literal["anthropic", "openai", "openai-chat", "offline"]
    """Which wire format; ``offline`` plays a scenario through one of them."""
    model: str = ""
    base_url: str = ""
    """Empty: the SDK's own variable (ANTHROPIC_BASE_URL, OPENAI_BASE_URL), then its default."""
    api_key_env: str = ""
    """Environment variable that holds the key; empty: ANTHROPIC_API_KEY or OPENAI_API_KEY."""
    needs_key: bool = True
    """False for servers that want none (Ollama and the like)."""
    context_window: int = 200_000
    """Tokens."""
    max_output: int = 16_000
    """Tokens of one answer."""
    thinking: Literal["off", "low", "medium", "high"] = "off"
    max_steps: int = 200
    """Requests in one turn; then the task is blocked and can be resumed."""
    scenario: str = ""
    """For ``offline``: name of a file in profiles/offline/."""
    wire: Literal["anthropic", "openai", "openai-chat"] = "anthropic"
    """For ``offline``: the wire format to play through."""


class SandboxSection(Struct, kw_only=True):
    """``[sandbox]``."""

    mode: Literal["auto", "none"] = "auto"
    """``none``: the person's explicit choice to run unconfined; the pane says so all the time."""
    network: Literal["on", "off"] = "on"
    write: tuple[str, ...] = ()
    """Beyond worktree, temp and cache; ``~`` is the person's home."""
    protect: tuple[str, ...] = ()
    """Inside those, kept read-only."""


class Prices(Struct, kw_only=True):
    """``[prices]``: USD per million tokens."""

    input: float
    output: float
    cache_read: float = 0.0
    cache_write: float = 0.0


class Profile(Struct, kw_only=True):
    """One profile file."""

    name: str
    driver: Literal["native", "acp", "terminal"] = "native"
    description: str = ""
    native: NativeSection | None = None
    sandbox: SandboxSection = SandboxSection()
    prices: Prices | None = None
    needs: tuple[str, ...] = ()
    """Programs that must be on PATH."""
