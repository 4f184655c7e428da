"""How a profile and a project decide where a task's agent works and what it may reach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.model import Entry, Task
from tests.shop import Shop, git, runs

COMMITS = "echo 2 > two.txt && git add two.txt && git commit -qm Two && git stash list && echo rest > three.txt"
CONNECTS = (
    'python3 -c \'import socket; print("GOT", socket.create_connection(("127.0.0.1", {port}), 5).recv(9))\' 2>&1; '
    "echo $((40 + 2)) | tee answer"
)


def profile(shop: Shop, *, top: str = "", sandbox: str = "") -> None:
    """Add a line to the test's profile: at its top, or as its ``[sandbox]``."""
    file = shop.profiles / "test.toml"
    file.write_text(f"{top}\n{file.read_text()}" + (f"\n[sandbox]\n{sandbox}\n" if sandbox else ""))


async def outputs(shop: Shop, task: Task) -> str:
    entries: list[Entry] = await shop.engine.transcript(task.id)
    return "\n".join(entry.tool.output for entry in entries if entry.tool)


async def test_unconfined_agent_works_on_the_private_copy_of_the_repository_too(shop: Shop) -> None:
    profile(shop, sandbox='mode = "none"')
    before = git(shop.repository, "rev-parse", "main")
    shop.model.add(runs(COMMITS + " && git update-ref refs/heads/main HEAD && git tag mine"), "Done.")
    task = await shop.rests((await shop.task()).id)
    assert task.sandbox == "none"
    assert git(shop.repository, "rev-parse", "main") == before, "its git moved the person's branch"
    assert git(shop.repository, "tag") == ""
    assert git(shop.repository, "show", f"{task.branch}:two.txt") == "2", "its commit did not come back"
    assert git(Path(task.worktree), "status", "--porcelain") == "?? three.txt", "git at rest is not the repository's"


@pytest.mark.parametrize("chosen_by", ["profile", "project"])
async def test_files_live_in_a_clone_when_chosen(shop: Shop, chosen_by: str) -> None:
    if chosen_by == "profile":
        profile(shop, top='workspace = "clone"')
    else:
        (shop.repository / ".shopfloor.toml").write_text('[worktree]\nkind = "clone"\n')
    shop.model.add(runs(COMMITS), "Done.")
    task = await shop.rests((await shop.task()).id)
    assert len(git(shop.repository, "worktree", "list").splitlines()) == 1, "the repository lists the clone"
    assert git(shop.repository, "show", f"{task.branch}:two.txt") == "2"
    assert task.files_changed == 2
    await shop.engine.close_task(task.id)
    restored = await shop.engine.restore_task(task.id)
    assert Path(restored.worktree, "three.txt").read_text() == "rest\n"


async def test_profile_wins_over_the_project_about_the_clone(shop: Shop) -> None:
    profile(shop, top='workspace = "worktree"')
    (shop.repository / ".shopfloor.toml").write_text('[worktree]\nkind = "clone"\n')
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    assert task.worktree in git(shop.repository, "worktree", "list")


@asynccontextmanager
async def a_listener() -> AsyncIterator[int]:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"greeting")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("chosen_by", ["nobody", "profile", "project"])
async def test_network_is_off_when_chosen_and_the_agents_tools_still_work(shop: Shop, chosen_by: str) -> None:
    if chosen_by == "profile":
        profile(shop, sandbox='network = "off"')
    elif chosen_by == "project":
        (shop.repository / ".shopfloor.toml").write_text('[sandbox]\nnetwork = "off"\n')
    async with a_listener() as port:
        shop.model.add(runs(CONNECTS.format(port=port)), "Done.")
        task = await shop.rests((await shop.task()).id)
    printed = await outputs(shop, task)
    assert ("GOT b'greeting'" in printed) is (chosen_by == "nobody"), printed
    assert Path(task.worktree, "answer").read_text() == "42\n", "a tool does not work without network"


async def test_what_a_snapshot_cannot_record_is_said_once(shop: Shop) -> None:
    nested = "git init -q sub && cd sub && git -c user.name=A -c user.email=a@b commit -q --allow-empty -m x"
    shop.model.add(runs(nested), "Done.", runs("echo more > more"), "Done.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.send(task.id, "more")
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    said = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "notice"]
    assert [text for text in said if "repository of its own" in text] == said, said
    assert len(said) == 1, f"it must be said exactly once: {said}"
