"""``shopfloor doctor``: what works on this machine and what is missing."""

from __future__ import annotations

import os
import platform
import sys

from agents import paths
from agents.client import connect
from agents.errors import ShopfloorError
from agents.installation import REPLACED, RESTART
from agents.model import Struct
from agents.version import VERSION
from app.verbs.printing import print_json


class Finding(Struct, kw_only=True):
    """One thing looked at."""

    name: str
    ok: bool
    text: str
    hint: str = ""


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
        _terminal(),
    ]
    for finding in findings:
        if as_json:
            print_json({"name": finding.name, "ok": finding.ok, "text": finding.text, "hint": finding.hint})
        else:
            print(f"{'✓' if finding.ok else '✗'} {finding.name:<10} {finding.text} {finding.hint}".rstrip())
    return 0 if all(finding.ok for finding in findings) else 1


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
        profiles = await client.profiles()
    except ShopfloorError as error:
        return [Finding(name="profiles", ok=False, text=error.message, hint=error.hint)]
    finally:
        await client.disconnect()
    ready = [profile.id for profile in profiles if profile.ready]
    missing = [f"{profile.id}: {profile.missing.rstrip('.')}" for profile in profiles if not profile.ready]
    return [
        Finding(
            name="engine",
            ok=not info.replaced,
            text=f"version {info.version}, process {info.pid}, log {info.log}",
            hint=f"{REPLACED} {RESTART}" if info.replaced else "",
        ),
        Finding(
            name="profiles",
            ok=True,
            text=f"ready: {', '.join(ready) or 'none'}.",
            hint=f"Not ready: {'; '.join(missing)}." if missing else "",
        ),
    ]


def _terminal() -> Finding:
    term, colour = os.environ.get("TERM", "unknown"), os.environ.get("COLORTERM", "")
    text = f"{term}{', 24-bit colour' if colour in ('truecolor', '24bit') else ''}"
    if os.environ.get("NO_COLOR"):
        text += ", NO_COLOR is set"
    return Finding(name="terminal", ok=True, text=text)
