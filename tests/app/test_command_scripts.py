"""Set-up, commands, services and hooks of a project file, as a person at a shell meets them."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from agents.server import DOOR_CONNECTIONS
from tests.shell import PATIENCE_SECONDS, ROOT, Shell
from tests.shop import git, runs, writes

SHOPFLOOR = f"{sys.executable} {ROOT / 'app' / 'launch.py'}"


async def a_project(shell: Shell, project_file: str, trusted: bool = True, **files: str) -> None:
    """The repository's project file, and ignored files of the main checkout; file names with ``__`` for the dot."""
    (shell.repository / ".shopfloor.toml").write_text(project_file)
    (shell.repository / ".gitignore").write_text("*.local\nnode_modules/\nmarks/\n")
    git(shell.repository, "add", "-A")
    git(shell.repository, "commit", "-qm", "project file")
    for name, text in files.items():
        place = shell.repository / name.replace("__", ".").replace("_of_", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    if trusted:
        status, _, err = await shell("trust", "--yes")
        assert status == 0, err


async def a_ready_task(shell: Shell, prompt: str = "Make a file") -> dict[str, Any]:
    shell.model.add(writes("made.txt", "made\n"), "Done.")
    status, out, err = await shell("run", prompt, "-p", "test", "--wait", "--json")
    assert status == 0, f"{out}{err}"
    return dict(json.loads(out))


async def test_a_worktree_gets_ignored_files_linked_folders_and_its_set_up(shell: Shell) -> None:
    await a_project(
        shell,
        '[worktree]\ncopy = ["settings.local", "gone.local"]\nlink = ["node_modules"]\nports = 2\n'
        'setup = "cat settings.local node_modules/lib.js > set-up.txt; echo $SHOPFLOOR_PORT_0-$SHOPFLOOR_PORT_1"\n',
        settings__local="secret\n",
        other__local="not named\n",
        node_modules_of_lib__js="library\n",
    )
    (shell.repository / ".worktreeinclude").write_text("in*.local\nhello.txt\n")
    (shell.repository / "included.local").write_text("by pattern\n")
    task = await a_ready_task(shell)
    worktree = Path(task["worktree"])
    assert (worktree / "set-up.txt").read_text() == "secret\nlibrary\n", "the set-up ran after the files were there"
    assert (worktree / "included.local").read_text() == "by pattern\n", ".worktreeinclude was honoured"
    assert not (worktree / "other.local").exists(), "what nobody named stays where it is"
    assert (worktree / "settings.local").stat().st_nlink == 1, "no hard links into the main checkout"
    assert task["files_changed"] >= 1
    _, out, _ = await shell("diff", task["id"], "--scope", "turn")
    assert "set-up.txt" not in out, "what the set-up made is not the agent's work"
    _, out, _ = await shell("diff", task["id"])
    assert "node_modules" not in out, "what git ignores in the main checkout it ignores in the worktree"
    _, story, _ = await shell("show", task["id"], "--transcript")
    assert "gone.local is not in" in story
    first, second = (int(port) for port in story.split("[script] set-up")[1].split("\n")[1].split("-"))
    assert second == first + 1, story
    assert task["ports"] == [first, second]


async def test_two_tasks_never_share_ports(shell: Shell) -> None:
    await a_project(shell, "[worktree]\nports = 3\n")
    one, two = await a_ready_task(shell, "One"), await a_ready_task(shell, "Two")
    assert len({*one["ports"], *two["ports"]}) == 6, f"{one['ports']} {two['ports']}"


async def test_a_set_up_that_fails_blocks_the_task_and_runs_again(shell: Shell) -> None:
    await a_project(shell, '[worktree]\ncopy = ["ok.local"]\nsetup = "echo looking; test -e ok.local"\n')
    shell.model.add(writes("made.txt", "made\n"), "Done.")
    status, out, _ = await shell("run", "Do it", "-p", "test", "--wait", "--json")
    task = json.loads(out)
    assert (status, task["state"]) == (4, "blocked")
    assert "exit status 1" in task["reason"]
    assert "looking" in task["reason"], "the last thing it said is in the reason"
    assert task["turns"] == 0, "no agent starts in a worktree that is not set up"
    (shell.repository / "ok.local").write_text("there\n")
    status, _, err = await shell("resume", task["id"])
    assert status == 0, err
    await shell.until(task["id"], lambda known: known["state"] == "ready", "the task after its set-up")


async def test_nothing_of_an_untrusted_project_file_runs(shell: Shell) -> None:
    mark = shell.folder / "ran"
    await a_project(
        shell,
        f'[worktree]\nsetup = "touch set-up-ran"\n[hooks]\ntask-created = "touch {mark}"\n'
        f'[[command]]\nname = "mark"\nrun = "touch {mark}"\nconfined = false\n',
        trusted=False,
    )
    status, out, _ = await shell("run", "Do it", "-p", "test", "--wait", "--json")
    task = json.loads(out)
    assert (status, task["state"]) == (4, "blocked")
    assert "shopfloor trust" in task["hint"]
    error = await shell.refused(2, "do", "mark", task["id"])
    assert "trust" in error
    assert not mark.exists()
    assert not Path(task["worktree"], "set-up-ran").exists()
    status, _, err = await shell("trust", "--yes")
    assert status == 0, err
    shell.model.add("Done.")
    await shell("resume", task["id"])
    known = await shell.until(task["id"], lambda known: known["state"] == "ready", "the task once it is trusted")
    assert Path(known["worktree"], "set-up-ran").exists()


async def test_a_command_runs_confined_in_the_worktree_and_can_prompt_the_agent(shell: Shell) -> None:
    await a_project(
        shell,
        '[[command]]\nname = "tell"\n'
        f"run = '''pwd; cat made.txt; touch {shell.folder}/outside; {SHOPFLOOR} send $SHOPFLOOR_TASK \"Go on\"'''\n"
        '[[command]]\nname = "others"\n'
        f"run = '''{SHOPFLOOR} run \"More agents\" -p test; {SHOPFLOOR} engine stop'''\n",
    )
    task = await a_ready_task(shell)
    shell.model.add("I went on.")
    status, out, err = await shell("do", "tell", task["id"])
    assert status == 0, f"{out}{err}"
    assert task["worktree"] in out
    assert "made" in out
    assert not (shell.folder / "outside").exists(), "it was confined"
    await shell.until(task["id"], lambda known: known["turns"] == 2 and known["state"] == "ready", "the prompted turn")
    status, out, err = await shell("do", "others", task["id"])
    assert status != 0, out
    assert "may not call" in out, f"a confined script may only talk about its own task: {out}{err}"
    _, out, _ = await shell("ls", "--json")
    assert len(out.splitlines()) == 1, "it could not start other tasks"


KNOCKS = """
import json, os, socket
call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "task", "params": {"task": os.environ["SHOPFLOOR_TASK"]}})
place = os.environ["SHOPFLOOR_SOCKET"]
open_ones = []
for _ in range(200):
    open_ones.append(socket.socket(socket.AF_UNIX))
    open_ones[-1].connect(place)
answered = 0
for one in open_ones:
    try:
        one.sendall(call.encode() + b"\\n")
        answered += bool(one.recv(100))
    except ConnectionError:
        pass
print(answered, "answered")
flood = open_ones[0]
flood.settimeout(2)
try:
    while True:
        flood.sendall((call + "\\n").encode() * 1000)
except TimeoutError:
    print("held back")
"""


async def test_a_command_that_knocks_without_end_is_held_back(shell: Shell) -> None:
    (shell.repository / "knocks.py").write_text(KNOCKS.replace("\\\\", "\\"))
    await a_project(shell, f'[[command]]\nname = "knock"\nrun = "{sys.executable} knocks.py"\n')
    task = await a_ready_task(shell)
    status, out, err = await asyncio.wait_for(shell("do", "knock", task["id"]), PATIENCE_SECONDS)
    assert status == 0, f"{out}{err}"
    assert f"{DOOR_CONNECTIONS} answered" in out, "a script can use up all descriptors of the engine"
    assert "held back" in out, "a script can fill the engine's memory with answers that it does not read"
    assert (await shell.task(task["id"]))["state"] == "ready"


async def test_a_command_with_the_persons_rights_runs_in_the_main_checkout(shell: Shell) -> None:
    mark = shell.folder / "mark"
    await a_project(
        shell,
        f'[[command]]\nname = "mark"\nrun = "pwd > {mark}; echo $SHOPFLOOR_WORKTREE >> {mark}; env >> {mark}; exit 3"\n'
        "confined = false\n",
    )
    task = await a_ready_task(shell)
    status, _, err = await shell("do", "mark", at=Path(task["worktree"]))
    assert status == 1
    assert "exit status 3" in err
    written = mark.read_text()
    assert written.splitlines()[:2] == [str(shell.repository), task["worktree"]]
    assert "secret-test-key" not in written, "no script gets the keys of models"


async def test_hooks_get_the_event_and_their_failures_stop_nothing(shell: Shell) -> None:
    seen = shell.folder / "seen"
    seen.mkdir()
    await a_project(
        shell,
        f'[hooks]\ntask-created = "cat > {seen}/$SHOPFLOOR_EVENT.json"\n'
        f'turn-ended = "echo it is broken; exit 1"\n'
        f"task-ready = '''cat > {seen}/$SHOPFLOOR_EVENT.json; {SHOPFLOOR} note $SHOPFLOOR_TASK \"by a hook\"'''\n",
    )
    task = await a_ready_task(shell)
    known = await shell.until(task["id"], lambda known: known["note"] == "by a hook", "the hook's call")
    assert known["state"] == "ready"
    created, ready = (json.loads((seen / f"{name}.json").read_text()) for name in ("task-created", "task-ready"))
    assert (created["event"], created["task"]["id"]) == ("task-created", task["id"])
    assert ready["task"]["state"] == "ready"
    _, story, _ = await shell("show", task["id"], "--transcript")
    assert "The hook turn-ended failed (exit status 1): it is broken" in story


async def test_a_service_runs_on_the_ports_of_its_worktree_until_it_is_stopped(shell: Shell) -> None:
    await a_project(
        shell,
        '[worktree]\nports = 1\n[[service]]\nname = "web"\nurl = "http://localhost:{port0}"\n'
        f'run = "exec {sys.executable} -m http.server --bind 127.0.0.1 $SHOPFLOOR_PORT_0"\n',
    )
    task = await a_ready_task(shell)
    status, out, err = await shell("service", "start", "web", task["id"], "--json")
    assert status == 0, err
    run = json.loads(out)
    assert run["url"] == f"http://localhost:{task['ports'][0]}"
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", task["ports"][0])
            except OSError:
                continue
            writer.close()
            break
    status, out, _ = await shell("service", "ls")
    assert "web" in out
    assert "running" in out
    error = await shell.refused(2, "service", "start", "web", task["id"])
    assert "runs already" in error
    status, out, err = await shell("service", "stop", "web", task["id"], "--json")
    assert (status, json.loads(out)["status"]) == (0, "stopped"), err
    try:
        await asyncio.open_connection("127.0.0.1", task["ports"][0])
        raise AssertionError("the service still answers")
    except OSError:
        pass


async def test_a_branch_is_taken_over_and_lands_where_it_began(shell: Shell) -> None:
    git(shell.repository, "checkout", "-qb", "topic")
    (shell.repository / "begun.txt").write_text("begun\n")
    git(shell.repository, "add", "-A")
    git(shell.repository, "commit", "-qm", "begun")
    git(shell.repository, "checkout", "-q", "main")
    shell.model.add(writes("more.txt", "more\n"), "Done.")
    status, out, err = await shell("adopt", "topic", "Go on", "-p", "test", "--json")
    assert status == 0, err
    task = json.loads(out)["id"]
    known = await shell.until(task, lambda known: known["state"] == "ready", "the adopted task")
    assert Path(known["worktree"], "begun.txt").exists()
    status, _, err = await shell("land", task)
    assert status == 0, err
    assert git(shell.repository, "log", "-1", "--format=%s", "topic") == "Go on"
    assert git(shell.repository, "log", "-1", "--format=%s", "main") == "first"


async def test_a_worktree_of_somebody_else_is_taken_over_with_what_is_not_committed(shell: Shell) -> None:
    other = shell.folder / "other"
    git(shell.repository, "worktree", "add", "-q", "-b", "theirs", str(other))
    (other / "hello.txt").write_text("changed and not committed\n")
    (other / "new.txt").write_text("untracked\n")
    status, out, err = await shell("adopt", str(other), "-p", "test", "--json")
    assert status == 0, err
    task = json.loads(out)
    assert (Path(task["worktree"]) / "hello.txt").read_text() == "changed and not committed\n"
    assert (Path(task["worktree"]) / "new.txt").read_text() == "untracked\n"
    assert git(other, "status", "--porcelain").split() == ["M", "hello.txt", "??", "new.txt"], "it stays as it is"
    shell.model.add("I see.")
    await shell("resume", task["id"])
    await shell.until(task["id"], lambda known: known["state"] == "ready", "the adopted task once it is resumed")
    _, out, _ = await shell("diff", task["id"])
    assert "+untracked" in out, "what was there is part of the change to review"
    _, out, _ = await shell("worktrees", "--json")
    (info,) = [json.loads(line) for line in out.splitlines()]
    assert info["task"] == task["id"]
    assert info["bytes"] > 0
    assert "neither a branch" in (await shell.refused(2, "adopt", "nothing-like-it"))


async def test_the_shipped_examples_work_as_they_are(shell: Shell) -> None:
    examples = ROOT / "profiles" / "examples"
    (shell.repository / "scripts").mkdir()
    for script in examples.glob("*.sh"):
        shutil.copy2(script, shell.repository / "scripts" / script.name)
    project_file = (examples / "shopfloor.toml").read_text().replace('run = "make test"', 'run = "true"')
    shell.variables["SHOPFLOOR_EVENTS"] = str(shell.folder / "events.log")
    await a_project(shell, project_file, _env="SECRET=1\n", node_modules_of_lib__js="library\n")
    (shell.repository / "_env").rename(shell.repository / ".env")
    shell.model.add(writes("made.py", "# TODO: finish this\n"), runs("git add -A && git commit -qm half"), "Done.")
    status, out, err = await shell("run", "Make it", "-p", "test", "--wait", "--json")
    assert status == 0, f"{out}{err}"
    task = json.loads(out)
    assert Path(task["worktree"], ".env").exists()
    _, story, _ = await shell("show", task["id"], "--transcript")
    assert f"set up for {task['branch']}" in story
    shell.model.add(writes("made.py", "done = True\n"), "Finished.")
    command = f"SHOPFLOOR='{SHOPFLOOR}' sh scripts/leftovers.sh"
    await a_project(shell, project_file.replace("sh scripts/leftovers.sh", command))
    status, out, err = await shell("do", "leftovers", task["id"])
    assert status == 0, f"{out}{err}"
    await shell.until(task["id"], lambda known: known["turns"] == 2 and known["state"] == "ready", "the prompted turn")
    assert "TODO: finish this" in str(shell.model.requests[-2])
    events = (shell.folder / "events.log").read_text().splitlines()
    assert events[0].split("\t")[1:3] == ["task-ready", task["id"]]
