"""What is known of the programs of other agents."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agents.profiles import AcpSection, LoadedProfile, Profile
from agents.programs import ask_versions, login_of, profile_info, version_of
from agents.sandbox import choose_runner


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path / "shopfloor"))
    monkeypatch.setenv("HOME", str(tmp_path))


def a_profile(program: str = "agent", **fields: object) -> Profile:
    section = AcpSection(command=(program, "acp"), environment=("AGENT_KEY", "AGENT_URL"), login="Run `agent login`.")
    return Profile(name="Agent", driver="acp", acp=section, **fields)  # type: ignore[arg-type]


def a_program(folder: Path, text: str, name: str = "agent") -> dict[str, str]:
    """A script; the environment in which it is found."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_the_version_of_an_npm_program_is_read_without_starting_it(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "@maker" / "agent"
    a_program(package / "dist", "exit 1", "index.js")
    (package / "package.json").write_text(json.dumps({"version": "1.2.3", "bin": {"agent": "dist/index.js"}}))
    links = tmp_path / "node_modules" / ".bin"
    links.mkdir()
    (links / "agent").symlink_to("../@maker/agent/dist/index.js")
    assert version_of(a_profile(), {"PATH": str(links)}) == "1.2.3"


async def test_any_other_program_is_asked_once(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    environment = a_program(tmp_path / "bin", f"test -e {asked} && echo agent 9.9.9 || echo agent v2.0.1-beta")
    runner = await choose_runner()
    assert version_of(a_profile(), environment) == "", "nobody is asked unless somebody wants to wait"
    await ask_versions([a_profile(), a_profile("absent")], environment, runner)
    assert version_of(a_profile(), environment) == "2.0.1-beta"
    asked.touch()
    await ask_versions([a_profile()], environment, runner)
    assert version_of(a_profile(), environment) == "2.0.1-beta"
    a_program(tmp_path / "bin", "echo agent 3.0 is another program")
    assert version_of(a_profile(), environment) == "", "what was known was known of another file"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a login may be in a keychain")
def test_a_login_is_known_by_its_file_or_a_key(tmp_path: Path) -> None:
    profile = a_profile(login_files=("~/.agent/auth.json",))
    assert login_of(a_profile(), {}) == "", "not known"
    assert login_of(profile, {"AGENT_URL": "http://127.0.0.1"}) == "no"
    assert login_of(profile, {"AGENT_KEY": "k"}) == "key"
    (tmp_path / ".agent").mkdir()
    (tmp_path / ".agent" / "auth.json").touch()
    assert login_of(profile, {}) == "yes"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a login may be in a keychain")
@pytest.mark.parametrize(
    ("text", "login"),
    [
        ('// managed\n{\n  "firstLaunchAt": "2026",\n  "users": [\n    {"login": "jo"}\n  ]\n}', "yes"),
        ('{"theme": "dark", "users": "jo"}', "yes"),
        ("model: sonnet\nusers: jo\n", "yes"),
        ('{"firstLaunchAt": "2026"}', "no"),
        ('{"users": []}', "no"),
        ('{"users": [\n]}', "no"),
        ('{"users": ""}', "no"),
        ('{"users": null}', "no"),
        ("## users: jo\nusers:\n", "no"),
        ('{"all_users": "jo", "note": "users: jo"}', "no"),
    ],
)
def test_a_login_in_a_file_that_holds_other_things_is_known_by_its_entry(tmp_path: Path, text: str, login: str) -> None:
    profile = a_profile(login_files=("~/.agent/config#users",))
    assert login_of(profile, {}) == "no", "there is no file"
    (tmp_path / ".agent").mkdir()
    (tmp_path / ".agent" / "config").write_text(text)
    assert login_of(profile, {}) == login


def test_a_picker_is_told_what_there_is_and_what_to_do(tmp_path: Path) -> None:
    environment = a_program(tmp_path / "bin", "exit 0")
    profile = a_profile(first_run="It asks for a theme.", login_files=("~/.agent/auth.json",))
    info = profile_info(LoadedProfile(id="mine", profile=profile, source="x"), environment)
    assert (info.ready, info.program) == (True, str(tmp_path / "bin" / "agent"))
    assert info.hint == "It asks for a theme. Run `agent login`."
    missing = profile_info(LoadedProfile(id="mine", profile=profile, source="x"), {"PATH": "/nowhere"})
    assert (missing.ready, missing.program) == (False, "")
    assert "agent is not on PATH" in missing.missing
