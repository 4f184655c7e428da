"""``shopfloor doctor``: what works on this machine and what is missing."""

from __future__ import annotations

import os
import platform
import sys

from agents import paths
from agents.client import connect
from agents.errors import ShopfloorError
from agents.model import Struct
from agents.parts.projects import ProfileInfo
from agents.version import VERSION
from app.verbs.printing import print_json


class Finding(Struct, kw_only=True):
    """One thing looked at."""

    name: str
    ok: bool
    text: str
    hint: str = ""
    needed: bool = True
    """Nothing works without it."""


_BACKUP = "All else is there; `shopfloor engine stop`, then `shopfloor engine mend` looks for it in the daily copy."


async def doctor(as_json: bool) -> int:
    """Look at everything; 1 when something needed is missing."""
    findings = [
        Finding(
            name="program", ok=True, text=f"Shopfloor {VERSION}, Python {platform.python_version()} ({sys.executable})"
        ),
        _git(),
        await _sandbox(),
        _folders(),
        *await _engine(),
        *_desktop(),
        _terminal(),
    ]
    for finding in findings:
        if as_json:
            print_json({field: getattr(finding, field) for field in finding.__struct_fields__})
        else:
            mark = "✓" if finding.ok else "✗" if finding.needed else "·"
            name = finding.name if finding.needed else f"  {finding.name}"
            print(f"{mark} {name:<20} {finding.text} {finding.hint}".rstrip())
    return 0 if all(finding.ok for finding in findings if finding.needed) else 1


def _git() -> Finding:
    from agents.workspace.git import git_version

    try:
        return Finding(name="git", ok=True, text=f"git {git_version()}")
    except ShopfloorError as error:
        return Finding(name="git", ok=False, text=error.message, hint=error.hint)


async def _sandbox() -> Finding:
    from agents.sandbox import choose_runner

    try:
        runner = await choose_runner()
    except ShopfloorError as error:
        return Finding(name="sandbox", ok=False, text=error.message, hint=error.hint)
    limits = runner.limits()
    return Finding(name="sandbox", ok=True, text=f"{runner.name} confines the agents.", hint=" ".join(limits))


def _folders() -> Finding:
    try:
        for folder in (paths.state_dir(), paths.data_dir(), paths.cache_dir(), paths.runtime_dir()):
            paths.make_private(folder)
    except ShopfloorError as error:
        return Finding(name="folders", ok=False, text=error.message, hint=error.hint)
    text = f"state {paths.state_dir()}, worktrees {paths.worktrees_dir()}, configuration {paths.config_dir()}"
    return Finding(name="folders", ok=True, text=text)


async def _engine() -> list[Finding]:
    try:
        client = await connect()
    except ShopfloorError as error:
        return [Finding(name="engine", ok=False, text=error.message, hint=error.hint)]
    try:
        info = await client.info()
        await _ask_versions()
        profiles = await client.projects.profiles()
    except ShopfloorError as error:
        return [Finding(name="profiles", ok=False, text=error.message, hint=error.hint)]
    finally:
        await client.disconnect()
    ready = [profile.id for profile in profiles if profile.ready]
    return [
        Finding(name="engine", ok=True, text=f"version {info.version}, process {info.pid}, log {info.log}"),
        *(Finding(name="store", ok=False, text=text, hint=_BACKUP) for text in info.damages),
        Finding(name="profiles", ok=True, text=f"ready: {', '.join(ready) or 'none'}."),
        *(agent_finding(profile) for profile in profiles),
    ]


def _desktop() -> list[Finding]:
    from agents.config import read_config
    from agents.engine.caller import missing

    try:
        problems = missing(read_config(os.environ))
    except ShopfloorError as error:
        return [Finding(name="configuration", ok=False, text=error.message, hint=error.hint)]
    hint = 'Install it, or set desktop = "off" under [notify], keep_awake = false under [engine].'
    return [Finding(name="desktop", ok=False, text=text, hint=hint, needed=False) for text in problems]


async def _ask_versions() -> None:
    """Ask programs that were never asked for their versions; where nothing can be confined nobody is asked."""
    from agents.profiles import load_profiles
    from agents.programs import ask_versions
    from agents.sandbox import choose_runner

    try:
        runner = await choose_runner()
    except ShopfloorError:
        return  # the finding about the sandbox says why
    await ask_versions([loaded.profile for loaded in load_profiles()], os.environ, runner)


def agent_finding(profile: ProfileInfo) -> Finding:
    """What there is to say about an agent."""
    if not profile.ready:
        return Finding(name=profile.id, ok=False, text=profile.missing, needed=False)
    login = {"yes": "has logged in", "key": "has a key", "no": "has not logged in"}.get(profile.login, "")
    network = "reaches only its model" if profile.network == "off" else ""
    facts = [f"{profile.name} {profile.version}".rstrip(), profile.model, login, network]
    hint = profile.hint if profile.login in ("", "no") or not login else ""
    return Finding(
        name=profile.id, ok=profile.login != "no", text=f"{', '.join(filter(None, facts))}.", hint=hint,
        needed=False,
    )  # fmt: skip


def _terminal() -> Finding:
    term, colour = os.environ.get("TERM", "unknown"), os.environ.get("COLORTERM", "")
    text = f"{term}{', 24-bit colour' if colour in ('truecolor', '24bit') else ''}"
    if os.environ.get("NO_COLOR"):
        text += ", NO_COLOR is set"
    return Finding(name="terminal", ok=True, text=text)
