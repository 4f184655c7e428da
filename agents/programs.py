"""What is known of the programs of agents that are not ours: where, which version, and whether they are logged in.

Nothing here is slow unless it says so: the version of a program that npm installed stands in a file beside it; that of
any other is asked once (:func:`ask_versions`) and remembered for as long as the program's file stays as it is. Of a
login only is known whether the file is there that it leaves, or, of a file that holds other things too, whether an
entry of it is filled; what it holds is not kept.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from agents import paths
from agents.errors import ShopfloorError
from agents.parts.projects import ProfileInfo
from agents.profiles import LoadedProfile, Profile, is_secret, missing_of
from agents.sandbox import Runner
from agents.sandbox.defaults import base_environment, hidden_places
from agents.sandbox.policy import Policy

ASK_SECONDS = 15.0
_VERSION = re.compile(r"\d+(?:\.\d+)+(?:[-+.\w]*\w)?")
_LOGIN_CHARACTERS = 1_000_000
_ABOVE = 6
"""Folders above a program in which npm's description of it is looked for."""

Login = Literal["", "yes", "key", "no"]
"""Not known; it has logged in; there is a key for it; neither."""


def profile_info(loaded: LoadedProfile, environment: Mapping[str, str]) -> ProfileInfo:
    """A profile as pickers show it: whether it can start, and what is missing if not.

    Args:
        environment: where the key is looked up, and the PATH for programs.
    """
    profile = loaded.profile
    missing = loaded.problem or missing_of(profile, environment)
    section = profile.acp or profile.terminal
    login = login_of(profile, environment)
    hints = [profile.first_run] if profile.first_run else []
    hints += [section.login] if section is not None and section.login and login in ("", "no") else []
    return ProfileInfo(
        id=loaded.id,
        name=profile.name,
        driver=profile.driver,
        model=profile.native.model if profile.native else "",
        ready=not missing,
        missing=missing,
        source=loaded.source,
        description=profile.description,
        program=found_at(program_of(profile), environment),
        version=version_of(profile, environment),
        login=login,
        hint=" ".join(hints),
        network=profile.sandbox.network,
    )


def program_of(profile: Profile) -> str:
    """The program that a profile starts; empty for our own agent."""
    section = profile.acp or profile.terminal
    if section is None:
        return ""
    program = section.command[0]
    return (profile.version or (program,))[0]


def found_at(program: str, environment: Mapping[str, str]) -> str:
    """Where a program is; empty when it is not on PATH."""
    return (shutil.which(program, path=environment.get("PATH")) if program else "") or ""


def version_of(profile: Profile, environment: Mapping[str, str]) -> str:
    """The version of a profile's program, as far as it is known without asking it."""
    place = found_at(program_of(profile), environment)
    if not place:
        return ""
    return _npm_version(Path(place).resolve()) or _remembered().get(_mark(place), "")


async def ask_versions(profiles: Iterable[Profile], environment: Mapping[str, str], runner: Runner) -> None:
    """Ask those programs for their versions that are not known; takes up to 15 seconds.

    They are asked without network and with nothing to write: who only wants to know starts nothing else.
    """
    unknown = {}
    for profile in profiles:
        place = found_at(program_of(profile), environment)
        if place and not version_of(profile, environment):
            unknown[place] = profile.version[1:] or ("--version",)
    answers = await asyncio.gather(*(_asked(place, arguments, runner) for place, arguments in unknown.items()))
    found = {_mark(place): answer for place, answer in zip(unknown, answers, strict=True) if answer}
    if found:
        file = paths.make_private(paths.cache_dir()) / "versions.json"
        kept = {mark: version for mark, version in _remembered().items() if Path(mark.rpartition("@")[0]).exists()}
        file.write_bytes(msgspec.json.encode(kept | found))


def login_of(profile: Profile, environment: Mapping[str, str]) -> Login:
    """Whether a profile's agent can reach its model, as far as it can be known."""
    section = profile.acp or profile.terminal
    if section is None:
        return ""
    if any(environment.get(name) for name in section.environment if is_secret(name)):
        return "key"
    if any(_has_login(place) for place in profile.login_files):
        return "yes"
    # where there is a keychain an agent may keep its login there
    return "no" if profile.login_files and sys.platform == "linux" else ""


def _has_login(place: str) -> bool:
    """Whether a place of ``login_files`` is there and filled."""
    name, _, entry = place.partition("#")
    file = Path(name).expanduser()
    if not entry:
        return file.exists()
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            text = opened.read(_LOGIN_CHARACTERS)
    except OSError:
        return False
    # not parsed: it may be JSON with comments, or YAML
    filled = rf"""(?:^|[{{,])\s*["']?{re.escape(entry)}["']?\s*:\s*(?!\[\s*\]|\{{\s*\}}|""|''|null\b|~|false\b)[^\s#]"""
    return re.search(filled, text, re.MULTILINE) is not None


async def _asked(place: str, arguments: Iterable[str], runner: Runner) -> str:
    shown = (str(Path(place).parent), str(Path(place).resolve().parent))
    policy = Policy(directory="/", hide=hidden_places(), read=shown, network=False, environment=base_environment())
    try:
        process = await runner.start([place, *arguments], policy, stderr="stdout")
    except ShopfloorError:
        return ""  # it cannot even be started; that is told when a task needs it
    try:
        async with asyncio.timeout(ASK_SECONDS):
            assert process.stdout is not None
            said = (await process.stdout.read(1 << 16)).decode("utf-8", "replace")
    except TimeoutError:
        return ""  # shown as a program whose version is not known
    finally:
        process.kill()
        await process.wait()
    match = _VERSION.search(said)
    return match[0] if match else ""


def _npm_version(program: Path) -> str:
    for folder in list(program.parents)[:_ABOVE]:
        try:
            described = json.loads((folder / "package.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(described, dict) and "bin" in described:
            return str(described.get("version", ""))
    return ""


def _mark(place: str) -> str:
    """The program's file as it is now."""
    try:
        status = Path(place).stat()
    except OSError:
        return ""
    return f"{place}@{status.st_mtime_ns}-{status.st_size}"


def _remembered() -> dict[str, str]:
    try:
        return msgspec.json.decode((paths.cache_dir() / "versions.json").read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}  # the programs are asked again
