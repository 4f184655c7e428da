"""The desktop's notifications and its sleep: programs of the system, replaced by ones that write down their calls."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tests.shell import Shell
from tests.shop import runs


def a_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


async def test_the_machine_stays_awake_while_an_agent_works_and_the_person_is_called_once(shell: Shell) -> None:
    programs, notes = shell.folder / "bin", shell.folder / "notes"
    a_program(programs, "notify-send", f'echo "$@" >> {notes}')
    a_program(
        programs, "systemd-inhibit", f'echo "$@" >> {shell.folder}/awake; cat; echo slept >> {shell.folder}/awake'
    )
    shell.variables["PATH"] = f"{programs}:{os.environ['PATH']}"
    awake = shell.folder / "awake"
    shell.model.add(runs("until [ -e go ]; do sleep 0.05; done"), "Done.")
    status, out, err = await shell("run", "Wait for it", "-p", "test", "--json")
    assert status == 0, err
    name = json.loads(out)["id"]
    known = await shell.until(name, lambda known: bool(known["worktree"]) and awake.exists(), "the machine kept awake")
    assert "--what=idle:sleep" in awake.read_text()
    assert "slept" not in awake.read_text()
    Path(known["worktree"], "go").touch()
    await shell.until(
        name, lambda known: known["state"] == "ready" and "slept" in awake.read_text(), "sleep is allowed"
    )
    await shell.until(name, lambda _: notes.exists(), "the call")
    assert notes.read_text() == "--app-name=Shopfloor -- Shopfloor Wait for it is ready.\n", "once, with its name"


async def test_nothing_is_called_in_quiet_hours(shell: Shell) -> None:
    programs, notes = shell.folder / "bin", shell.folder / "notes"
    a_program(programs, "notify-send", f'echo "$@" >> {notes}')
    shell.variables["PATH"] = f"{programs}:{os.environ['PATH']}"
    (shell.folder / "home" / "config" / "config.toml").write_text('[notify]\nquiet = "00:00-24:00"\n')
    shell.model.add("Done.")
    status, out, err = await shell("run", "Do it", "-p", "test", "--wait", "--json")
    assert status == 0, f"{out}{err}"
    await shell("engine", "stop")
    assert not notes.exists()


async def test_doctor_says_what_calls_nobody_and_keeps_nothing_awake(shell: Shell) -> None:
    programs = shell.folder / "bin"
    programs.mkdir()
    for name in ("git", "bwrap"):
        if there := shutil.which(name):
            (programs / name).symlink_to(there)
    shell.variables["PATH"] = str(programs)
    _, out, _ = await shell("doctor")
    assert "Nobody is called by the desktop: notify-send is not installed." in out
    assert "The machine may sleep while agents work: systemd-inhibit is not installed." in out
    (shell.folder / "home" / "config" / "config.toml").write_text(
        '[notify]\ndesktop = "off"\n[engine]\nkeep_awake = false\n'
    )
    _, out, _ = await shell("doctor")
    assert "is not installed" not in "".join(line for line in out.splitlines() if "desktop" in line), out
