"""What an agent is told with a session and with a prompt: servers of tools, and images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.prompts.images import images_in
from tests.images import a_picture
from tests.shop import Shop, git

Agent = Callable[..., str]


async def told(shop: Shop, profile: str, prompt: str = "x") -> dict[str, Any]:
    task = await shop.rests((await shop.task(prompt, profile=profile)).id)
    (text,) = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "text"]
    notices = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "notice"]
    return {**json.loads(text), "notices": notices}


async def test_servers_of_the_profile_are_passed_on(shop: Shop, agent: Agent) -> None:
    await shop.engine.offer_environment({"TRACKER_TOKEN": "secret"})
    lines = (
        "[[mcp]]\nname = 'tracker'\ncommand = ['sh', '-c', 'serve']\nenvironment = ['TRACKER_TOKEN', 'ABSENT']",
        "[[mcp]]\nname = 'docs'\nurl = 'https://docs.example/mcp'",
    )
    found = await told(shop, agent("told", *lines))
    (server,) = found["servers"]
    assert (server["name"], server["args"]) == ("tracker", ["-c", "serve"])
    assert server["command"].endswith("/sh"), "the protocol wants an absolute path"
    assert server["env"] == [{"name": "TRACKER_TOKEN", "value": "secret"}]
    assert found["notices"] == ["Fake cannot use the MCP server docs: it knows none over HTTP."]


@pytest.mark.parametrize(("scenario", "kinds"), [("told", ["text", "image"]), ("no-image", ["text"])])
async def test_an_image_that_the_prompt_names_goes_with_it_where_the_agent_takes_images(
    shop: Shop, agent: Agent, scenario: str, kinds: list[str]
) -> None:
    (shop.repository / "shots").mkdir()
    (shop.repository / "shots" / "now.png").write_bytes(a_picture())
    git(shop.repository, "add", "-A")
    git(shop.repository, "commit", "-qm", "a picture")
    found = await told(shop, agent(scenario), "Make it look like @shots/now.png, not like @shots/then.png")
    assert [kind for kind, _, _ in found["blocks"]] == kinds
    if "image" in kinds:
        assert found["blocks"][1][1] == "image/png"


async def test_an_image_from_elsewhere_goes_with_the_prompt_as_an_attachment_of_the_task(
    shop: Shop, agent: Agent, tmp_path: Path
) -> None:
    shot = tmp_path / "a shot.png"
    shot.write_bytes(a_picture())
    chip = await shop.engine.writing.attach_image(str(shot))
    shot.unlink()
    found = await told(shop, agent("told"), f"Make it look like {chip}")
    assert [kind for kind, _, _ in found["blocks"]] == ["text", "image"]


def test_only_images_of_the_worktree_are_read(tmp_path: Path) -> None:
    worktree, outside = tmp_path / "worktree", tmp_path / "outside.png"
    worktree.mkdir()
    outside.write_bytes(a_picture())
    (worktree / "good.png").write_bytes(a_picture())
    (worktree / "text.png").write_text("no picture")
    (worktree / "link.png").symlink_to(outside)
    (worktree / "folder").symlink_to(tmp_path)
    text = f"![the old one](good.png) @good.png @text.png @link.png @folder/outside.png @../outside.png @{outside}"
    assert [image.path for image in images_in(text, str(worktree))] == ["good.png"]
    assert images_in("mail me@good.png", str(worktree)) == [], "an address is no name of a file"
