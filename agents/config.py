"""The person's settings: ``config.toml``, and the variables that override it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from agents import paths
from agents.errors import UsageError
from agents.model import Struct
from agents.project_file import ProjectFile
from agents.toml_file import read_toml

MAX_ACTIVE_VARIABLE = "SHOPFLOOR_MAX_ACTIVE"
PROFILE_VARIABLE = "SHOPFLOOR_PROFILE"
QUEUE_VARIABLE = "SHOPFLOOR_QUEUE"
MOTION_VARIABLE = "SHOPFLOOR_REDUCED_MOTION"
THEME_VARIABLE = "SHOPFLOOR_THEME"


class EngineSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[engine]``."""

    max_active: Annotated[int, msgspec.Meta(ge=1)] = 8
    """Tasks at work at the same time; the others wait."""
    max_starting: Annotated[int, msgspec.Meta(ge=1)] = 4
    """Of those, how many may be starting at the same moment."""
    min_free_mb: Annotated[int, msgspec.Meta(ge=0)] = 500
    """Megabytes of memory that are kept free: with less, new agents wait."""
    keep_idle: Annotated[float, msgspec.Meta(ge=0)] = 900.0
    """Seconds that an agent's process waits for the next prompt of its task, while memory allows; 0: not at all."""
    stall_after: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    """Seconds without a sign of an agent, and without a running tool, after which it is shown as stalled."""
    keep_awake: bool = True
    """While an agent works, keep this machine from going to sleep, where the system offers that."""
    resume: Literal["auto", "ask"] = "auto"
    """What becomes of turns that were cut when the engine ended: they go on by themselves, or wait for the person."""


class DefaultsSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[defaults]``: what a new task gets when nothing else is said."""

    profile: str = ""
    """Empty: the first profile that is ready."""
    queue: str = ""


class BudgetSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[budget]``: what agents may cost."""

    per_day_usd: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """US dollars of a day, by local time. When they are spent, new turns wait; running ones go on to their end."""


class NotifySection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[notify]``: how the person is called when a task is ready, blocked or has failed; once for each time."""

    desktop: Literal["away", "always", "off"] = "away"
    """By the desktop's notifications: only while no screen is open (that calls by its terminal), always, never."""
    terminal: Literal["auto", "osc9", "osc777", "bell", "off"] = "auto"
    """By the terminal of an open screen: a notification where the terminal is known to show them, else the bell."""
    quiet: str = ""
    """Hours without calls, by local time, as in ``22:00-07:30``."""


class OfflineSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[offline]``: how the offline player plays."""

    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 12
    """Milliseconds between two pieces of an answer (a piece is about a word)."""


class Config(Struct, kw_only=True, forbid_unknown_fields=True):
    """All settings."""

    engine: EngineSection = EngineSection()
    defaults: DefaultsSection = DefaultsSection()
    budget: BudgetSection = BudgetSection()
    offline: OfflineSection = OfflineSection()
    notify: NotifySection = NotifySection()
    reduced_motion: bool = False
    """Nothing on the screen moves by itself."""
    theme: str = ""
    """Name of a theme of the screen; empty: chosen by the terminal's background."""


def read_config(environment: Mapping[str, str] | None = None, project: ProjectFile | None = None) -> Config:
    """The settings that hold: the environment over the person's file over the project's file over the defaults.

    Args:
        environment: variables; those of this process by default.
        project: the project whose defaults count, if one is meant.

    Raises:
        UsageError: ``config.toml`` or a variable cannot be understood; names file, line and what was expected.
    """
    environment = os.environ if environment is None else environment
    try:
        config = read_toml(paths.config_dir() / "config.toml", Config)
    except FileNotFoundError:
        config = Config()
    given = project.defaults if project is not None else DefaultsSection()
    return Config(
        engine=msgspec.structs.replace(
            config.engine, max_active=_whole_number(environment, MAX_ACTIVE_VARIABLE) or config.engine.max_active
        ),
        defaults=DefaultsSection(
            profile=environment.get(PROFILE_VARIABLE) or config.defaults.profile or given.profile,
            queue=environment.get(QUEUE_VARIABLE) or config.defaults.queue or given.queue,
        ),
        budget=config.budget,
        offline=config.offline,
        notify=config.notify,
        reduced_motion=config.reduced_motion or environment.get(MOTION_VARIABLE, "") not in ("", "0"),
        theme=environment.get(THEME_VARIABLE) or config.theme,
    )


def _whole_number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    if not text:
        return 0
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"The variable {name} must be a whole number of at least 1, not “{text}”.")
    return int(text)
