"""What a confined process can and cannot do to files: every way out is really tried."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from sandbox_scene import Scene, tree_of

from agents.errors import SandboxError
from agents.sandbox import Bind, Runner
from agents.sandbox.bubblewrap import Bubblewrap

ATTACKS = {
    "overwrite": "echo x > {outside}/file",
    "append": "echo x >> {outside}/file",
    "truncate": "truncate -s 0 {outside}/file",
    "delete": "rm -f {outside}/file",
    "delete the folder": "rm -rf {outside}",
    "rename": "mv {outside}/file {outside}/other",
    "rename the folder": "mv {outside} {top}/elsewhere",
    "move into the worktree": "mv {outside}/file stolen",
    "make a file": "touch {outside}/new",
    "make a folder": "mkdir {outside}/new",
    "make a link": "ln -s /etc/passwd {outside}/new",
    "make a pipe": "mkfifo {outside}/new",
    "through a symbolic link": "ln -s {outside} way && echo x > way/file",
    "through a hard link": "ln {outside}/file here && echo x > here",
    "link out of the worktree": "echo x > mine && ln mine {outside}/new",
    "move out of the worktree": "echo x > mine && mv mine {outside}/new",
    "exchange with a link": "ln -s {outside} way && mv -T way {top}/worktree",
    "through the root of process 1": "echo x > /proc/1/root{outside}/file",
    "through the root of the starter": "echo x > /proc/{starter}/root{outside}/file",
    "through a working directory": "cd {outside} && echo x > /proc/self/cwd/file",
    "remount": "mount -o remount,rw,bind {outside}; mount -o remount,rw /; echo x > {outside}/file",
    "take mounts away": "umount -l {outside} {top}; echo x > {outside}/file",
    "own namespaces": "unshare -Urm sh -c 'mount -o remount,rw,bind {outside}; umount /tmp; echo x > {outside}/file'",
    "own mount over it": "unshare -Urm sh -c 'mount --bind {top} /mnt; echo x > /mnt/outside/file'",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_nothing_outside_the_worktree_changes(scene: Scene, attack: str) -> None:
    before = tree_of(scene.outside)
    await scene.run(attack.format(outside=scene.outside, top=scene.top, starter=os.getpid()))
    assert tree_of(scene.outside) == before, f"{scene.runner.name} let this through: {attack}"
    assert scene.worktree.is_dir(), "the worktree itself was replaced"


async def test_the_same_attacks_work_where_nothing_confines_so_they_are_real(tmp_path: Path) -> None:
    from agents.sandbox import choose_runner

    for number, name in enumerate(("overwrite", "through a hard link", "move out of the worktree")):
        (tmp_path / str(number)).mkdir()
        scene = Scene(tmp_path / str(number), await choose_runner("none"))
        before = tree_of(scene.outside)
        await scene.run(ATTACKS[name].format(outside=scene.outside, top=scene.top, starter=0))
        assert tree_of(scene.outside) != before, f"this attack does not even work unconfined: {name}"


async def test_worktree_cache_and_temporary_files_can_be_written_and_the_rest_be_read(scene: Scene) -> None:
    ran = await scene.run(
        f"mkdir -p sub && echo a > sub/x && mv sub/x y && ln y z && echo b > {scene.cache}/c"
        f" && cat {scene.outside}/file"
        ' && echo t > "${TMPDIR:-/tmp}/t"'
    )
    assert (ran.status, ran.output) == (0, "original")
    assert (scene.worktree / "y").read_text() == "a\n"
    assert (scene.cache / "c").read_text() == "b\n"
    assert (scene.temp / "t").read_text() == "t\n", "temporary files must land in the policy's private folder"


READINGS = {
    "read": "cat {secret}/key",
    "copy": "cp {secret}/key . && cat key",
    "through a symbolic link": "ln -s {secret} way && cat way/key",
    "through a hard link": "ln {secret}/key here && cat here",
    "through process 1": "cat /proc/1/root{secret}/key",
    "through the starter": "cat /proc/{starter}/root{secret}/key",
    "by moving it": "mv {secret} moved && cat moved/key",
    "by uncovering it": "umount -l {secret}; cat {secret}/key",
    "in own namespaces": "unshare -Urm sh -c 'umount -l {secret}; umount -l /tmp; cat {secret}/key'",
}


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS.keys())
async def test_what_is_hidden_cannot_be_read(scene: Scene, reading: str) -> None:
    ran = await scene.run(reading.format(secret=scene.secret, starter=os.getpid()))
    assert "PRIVATE" not in ran.output, f"{scene.runner.name} showed a hidden file"


async def test_a_hidden_file_beside_visible_ones_cannot_be_read(scene: Scene) -> None:
    scene.with_policy(hide=(str(scene.secret / "key"),))
    (scene.secret / "open").write_text("OPEN")
    ran = await scene.run(f"cat {scene.secret}/key; cat {scene.secret}/open")
    assert "PRIVATE" not in ran.output
    assert "OPEN" in ran.output


async def test_what_is_granted_inside_a_hidden_folder_shows_again(scene: Scene) -> None:
    inner, readable = scene.secret / "state" / "mine", scene.secret / "shown"
    inner.mkdir(parents=True)
    readable.mkdir()
    (readable / "file").write_text("SHOWN")
    scene.with_policy(write=(*scene.policy.write, str(inner)), read=(*scene.policy.read, str(readable)))
    ran = await scene.run(f"echo w > {inner}/w; cat {readable}/file; cat {scene.secret}/key; echo x > {readable}/file")
    assert (inner / "w").read_text() == "w\n"
    assert "SHOWN" in ran.output
    assert "PRIVATE" not in ran.output
    assert (readable / "file").read_text() == "SHOWN"


async def test_what_is_hidden_inside_a_granted_folder_stays_hidden(scene: Scene) -> None:
    scene.with_policy(write=(str(scene.top),))
    ran = await scene.run(f"cat {scene.secret}/key; echo x > {scene.secret}/key; echo w > {scene.outside}/file")
    assert "PRIVATE" not in ran.output
    assert (scene.secret / "key").read_text() == "PRIVATE"
    assert (scene.outside / "file").read_text() == "w\n"


async def test_nothing_can_be_put_into_a_hidden_folder(scene: Scene) -> None:
    ran = await scene.run(f"echo x > {scene.secret}/new")
    assert ran.status != 0, "writing to a hidden folder must fail, not vanish"
    assert not (scene.secret / "new").exists()


@pytest.mark.parametrize(
    "attack",
    [
        "echo x > {p}",
        "rm -f {p}",
        "mv {p} {p}.old",
        "mv {dir} {dir}2 && mkdir {dir} && echo x > {p}",
        "chmod 777 {p}",
    ],
)
async def test_what_is_protected_in_a_granted_folder_stays_as_it_is(scene: Scene, attack: str) -> None:
    settings = scene.top / "login" / "conf" / "settings"
    settings.parent.mkdir(parents=True)
    settings.write_text("safe")
    (scene.top / "login" / "other").mkdir()
    scene.with_policy(write=(*scene.policy.write, str(scene.top / "login")), protect=(str(settings),))
    await scene.run(attack.format(p=settings, dir=settings.parent) + f"; echo ok > {scene.top}/login/other/file")
    assert settings.read_text() == "safe", f"{scene.runner.name} let a protected file be changed"
    assert (scene.top / "login" / "other" / "file").read_text() == "ok\n", "what lies beside must stay writable"


async def test_the_git_file_of_a_worktree_cannot_be_replaced(tmp_path: Path, bubblewrap: Runner) -> None:
    scene = Scene(tmp_path, bubblewrap)
    (scene.worktree / ".git").write_text("gitdir: here")
    scene.with_policy(protect=(str(scene.worktree / ".git"),))
    await scene.run(
        "rm -rf .git; mv .git old; echo x > .git; mkdir .git; cd .. && mv worktree w2; ln -sfn /etc worktree"
    )
    assert (scene.worktree / ".git").read_text() == "gitdir: here"


async def test_a_granted_path_that_became_a_link_out_is_not_followed(scene: Scene) -> None:
    granted = scene.worktree / "granted"
    granted.symlink_to(scene.outside)
    scene.with_policy(write=(*scene.policy.write, str(granted)))
    await scene.run(f"echo x > granted/file; echo x > {scene.outside}/file")
    assert (scene.outside / "file").read_text() == "original"


async def test_a_bubblewrap_that_knows_no_modes_keeps_the_place_of_a_hidden_folder_empty(
    tmp_path: Path, bubblewrap: Runner
) -> None:
    older = tmp_path / "bwrap"
    older.write_text(f'#!/bin/sh\n[ "$1" = --help ] && exec echo usage\nexec {shutil.which("bwrap")} "$@"\n')
    older.chmod(0o755)
    for runner, opened in ((Bubblewrap(str(older)), False), (bubblewrap, True)):
        (tmp_path / str(opened)).mkdir()
        scene = Scene(tmp_path / str(opened), runner)
        ran = await scene.run(f"ls -A {scene.secret}; echo x > {scene.secret}/new || echo refused")
        assert ran.output.endswith("refused\n")
        assert "key" not in ran.output
        assert ("--perms" in scene.runner.command_line(["true"], scene.policy)) is opened
        full = await scene.run(f"chmod u+w {scene.secret}; head -c 1000000 /dev/zero > {scene.secret}/new && echo room")
        assert "room" not in full.output, "a hidden folder can be filled"
        assert not (scene.secret / "new").exists()


async def test_paths_that_do_not_exist_leave_no_trace_on_this_machine(scene: Scene) -> None:
    missing = [str(scene.top / name) for name in ("no-hide", "worktree/no-protect", "no-read", "no-write", "a/b/c")]
    before = tree_of(scene.top, but=[scene.temp])
    scene.with_policy(
        hide=(*scene.policy.hide, missing[0]),
        protect=(missing[1],),
        read=(*scene.policy.read, missing[2]),
        write=(*scene.policy.write, missing[3], missing[4]),
    )
    assert (await scene.run("true")).status == 0
    assert tree_of(scene.top, but=[scene.temp]) == before


async def test_a_folder_appears_in_the_place_of_another(tmp_path: Path, bubblewrap: Runner) -> None:
    scene = Scene(tmp_path, bubblewrap)
    private = scene.secret / "private"
    private.mkdir()
    (private / "file").write_text("private copy")
    (private / "fixed").write_text("fixed")
    binds = (
        Bind(source=str(private), target=str(scene.outside), writable=True),
        Bind(source=str(private / "fixed"), target=str(scene.outside / "fixed")),
    )
    ran = await scene.with_policy(binds=binds).run(
        f"cat {scene.outside}/file; echo new > {scene.outside}/file; echo x > {scene.outside}/fixed"
    )
    assert "private copy" in ran.output
    assert (private / "file").read_text() == "new\n"
    assert (private / "fixed").read_text() == "fixed"
    assert (scene.outside / "file").read_text() == "original"


async def test_what_is_protected_is_protected_in_the_folder_that_appears_there(
    tmp_path: Path, bubblewrap: Runner
) -> None:
    scene = Scene(tmp_path, bubblewrap)
    private = scene.top / "private"
    (private / "hooks").mkdir(parents=True)
    scene.with_policy(
        binds=(Bind(source=str(private), target=str(scene.outside), writable=True),),
        protect=(str(scene.outside / "hooks"),),
    )
    await scene.run(f"echo x > {scene.outside}/hooks/pre-commit; echo x > {scene.outside}/fine")
    assert tree_of(private).keys() == {"hooks", "fine"}


async def test_a_bind_without_a_place_to_appear_is_refused_and_not_made(tmp_path: Path, bubblewrap: Runner) -> None:
    scene = Scene(tmp_path, bubblewrap)
    scene.with_policy(binds=(Bind(source=str(scene.cache), target=str(scene.worktree / "new")),))
    with pytest.raises(SandboxError, match="nothing is there"):
        await scene.run("true")
    assert not (scene.worktree / "new").exists()


async def test_binds_are_refused_where_nothing_can_be_mounted(tmp_path: Path, landlock: Runner) -> None:
    scene = Scene(tmp_path, landlock)
    scene.with_policy(binds=(Bind(source=str(scene.cache), target=str(scene.outside)),))
    with pytest.raises(SandboxError, match="bubblewrap"):
        await scene.run("true")


async def test_temporary_files_of_others_are_not_there(tmp_path: Path, bubblewrap: Runner) -> None:
    scene = Scene(tmp_path, bubblewrap).with_policy(read=())
    await scene.run("echo mine > /tmp/mine; echo also > /var/tmp/also")
    listed = await scene.run("ls /tmp")
    assert (scene.temp / "mine").read_text() == "mine\n"
    assert (scene.temp / "also").read_text() == "also\n"
    strangers = {path.name for path in Path("/tmp").iterdir()} - {scene.top.parts[2]}
    assert not strangers & set(listed.output.split()), "the machine's /tmp shows through"


async def test_what_is_hidden_in_a_temporary_folder_may_come_into_being_later(
    tmp_path: Path, bubblewrap: Runner
) -> None:
    with tempfile.TemporaryDirectory(prefix="sf-", dir="/tmp") as folder:
        kept = [Path(folder) / "kept" / name for name in ("state", "config")]
        kept[0].mkdir(parents=True)
        (kept[0] / "key").write_text("PRIVATE")
        scene = Scene(tmp_path, bubblewrap)
        scene.with_policy(read=(), hide=tuple(str(path) for path in kept))
        await scene.run("true")
        kept[1].mkdir()
        (kept[1] / "key").write_text("PRIVATE")
        seen = await scene.run(f"echo started; cat {folder}/kept/*/key")
    assert "started" in seen.output, f"nothing can run any more: {seen.output}"
    assert "PRIVATE" not in seen.output, f"it shows what is hidden: {seen.output}"


@pytest.mark.parametrize("leading", ["/oldroot{victim}", "{victim}", "../../../..{victim}"])
async def test_a_link_in_the_temporary_folder_leads_nothing_out_that_is_shown_there(
    tmp_path: Path, bubblewrap: Runner, leading: str
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    with tempfile.TemporaryDirectory(prefix="sf-", dir="/tmp") as folder:
        shown = Path(folder).resolve() / "shown"
        shown.mkdir()
        (shown / "file").write_text("SHOWN")
        scene = Scene(tmp_path, bubblewrap)
        scene.with_policy(read=(str(shown),))
        link = leading.format(victim=victim)
        first = await scene.run(f"cat {shown}/file; cd /tmp; mv {folder} moved; ln -s {link} {folder}; echo over")
        assert "SHOWN" in first.output
        for _ in range(2):
            again = await scene.run(f"cat {shown}/file; echo x > {folder}/planted; mv {folder} moved2")
            assert "SHOWN" in again.output, f"what is shown there is not seen any more: {again.output}"
            assert not list(victim.iterdir()), "something was made outside through a link"
        assert not (Path(folder) / "planted").exists()


async def test_a_file_name_of_any_bytes_can_be_made_and_protected(scene: Scene) -> None:
    name = bytes(number for number in range(1, 256) if number not in (0x2F,))
    path = os.fsencode(scene.worktree) + b"/" + name
    Path(os.fsdecode(path)).write_text("odd")
    scene.with_policy(write=(*scene.policy.write, os.fsdecode(path)))
    ran = await scene.run("cat *; echo more >> *")
    assert ran.output == "odd"
    assert Path(os.fsdecode(path)).read_text() == "oddmore\n"
