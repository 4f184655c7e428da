"""``shopfloor acp`` with the official library as its client: a real process, the real sandbox, a scripted model."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from acp import PROTOCOL_VERSION, RequestError, spawn_agent_process, text_block
from acp.helpers import (
    embedded_blob_resource,
    embedded_text_resource,
    image_block,
    resource_block,
    resource_link_block,
)
from native_scene import KEYS

from agents.native.acp_updates import edits
from agents.offline import Call, Fault, OfflineServer, ScriptedPlayer, Thinking, say
from agents.offline.script import Line
from tests.images import a_picture
from tests.shell import QUICKEST_WIRE

LAUNCH = Path(__file__).resolve().parents[3] / "app" / "launch.py"


class Editor:
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        self.updates: list[Any] = []
        self._changed = asyncio.Event()

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self.updates.append(update)
        self._changed.set()

    def on_connect(self, conn: Any) -> None:
        pass

    def of(self, kind: str) -> list[Any]:
        return [update for update in self.updates if update.session_update == kind]

    def text(self, kind: str = "agent_message_chunk") -> str:
        return "".join(update.content.text for update in self.of(kind))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def an_editor(tmp_path: Path, lines: Sequence[Line]) -> AsyncIterator[tuple[Editor, Any, ScriptedPlayer, Path]]:
    work = tmp_path / "work"
    if not work.exists():
        work.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=work, check=True)
        (work / "hello.py").write_text("print('helo')\nprint('bye')\n")
        (work / "AGENTS.md").write_text("Use tabs.")
    player = ScriptedPlayer(lines)
    server = OfflineServer(player)
    url = await server.start()
    profiles = tmp_path / "home" / "config" / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    (profiles / "test.toml").write_text(
        f'name = "Test"\n[native]\nprovider = "{QUICKEST_WIRE}"\nmodel = "m"\nbase_url = "{url}"\nimages = true\n'
        "[prices]\ninput = 3.0\noutput = 15.0\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "SHOPFLOOR_HOME": str(tmp_path / "home"), **KEYS}
    editor = Editor()
    command = (sys.executable, str(LAUNCH), "acp", "-p", "test")
    try:
        async with spawn_agent_process(editor, *command, env=environment, cwd=tmp_path) as (agent, process):  # type: ignore[arg-type]
            shown = await agent.initialize(protocol_version=PROTOCOL_VERSION)
            assert shown.agent_capabilities.load_session
            assert shown.agent_capabilities.field_meta == {"shopfloor": {"promptQueueing": True}}
            assert shown.agent_capabilities.prompt_capabilities.image
            yield editor, agent, player, work
            assert process.returncode is None, "the agent has ended by itself"
    finally:
        await server.close()


async def test_editor_sees_text_tools_and_diffs_of_a_prompt(tmp_path: Path) -> None:
    change = {"path": "hello.py", "edits": [{"oldText": "helo", "newText": "hello"}]}
    script = [
        say(Thinking("Let me see."), "I correct it.", Call("edit", change)),
        say(Call("bash", {"command": "cat hello.py; touch .git/planted || echo kept out"})),
        "Corrected.",
    ]
    async with an_editor(tmp_path, script) as (editor, agent, player, work):
        session = await agent.new_session(cwd=str(work))
        file = resource_block(embedded_text_resource("file:///x.txt", "Attached."))
        done = await agent.prompt(session_id=session.session_id, prompt=[text_block("Correct the typo."), file])
    assert done.stop_reason == "end_turn"
    assert editor.text() == "I correct it.Corrected."
    assert editor.text("agent_thought_chunk") == "Let me see."
    assert "Attached." in player.requests[0].messages[0].text
    assert "Use tabs." in player.requests[0].system
    first, second = editor.of("tool_call")
    assert (first.kind, first.title, first.locations[0].path) == ("edit", "edit hello.py", str(work / "hello.py"))
    assert second.kind == "execute"
    ended = [update for update in editor.of("tool_call_update") if update.status]
    assert [update.status for update in ended] == ["completed", "completed"]
    diff = ended[0].content[0]
    assert (diff.type, diff.path) == ("diff", str(work / "hello.py"))
    assert (diff.old_text, diff.new_text) == ("print('helo')\nprint('bye')\n", "print('hello')\nprint('bye')\n")
    assert "kept out" in ended[1].content[0].content.text, "the git folder must stay read-only"
    assert not (work / ".git" / "planted").exists()
    assert editor.of("usage_update")[-1].cost.amount > 0


async def test_prompt_while_one_is_worked_on_steers_and_cancel_ends_both(tmp_path: Path) -> None:
    wait = say(Call("bash", {"command": "echo begun; while [ ! -e go ]; do sleep 0.02; done; rm go"}))
    script = [wait, "Both done.", wait, "Something else."]
    async with an_editor(tmp_path, script) as (editor, agent, player, work):
        session = (await agent.new_session(cwd=str(work))).session_id

        def ask(text: str) -> asyncio.Task[Any]:
            return asyncio.create_task(agent.prompt(session_id=session, prompt=[text_block(text)]))

        async def all_is_read() -> None:
            with pytest.raises(RequestError):
                await agent.prompt(session_id="none", prompt=[])

        first = ask("Wait.")
        await editor.until(lambda: "begun" in str(editor.updates))
        second = ask("And that.")
        await all_is_read()
        (work / "go").touch()
        assert [(await prompt).stop_reason for prompt in (first, second)] == ["end_turn", "end_turn"]
        assert [message.text for message in player.requests[1].messages][-1] == "And that.", "it came too late"
        assert len(player.requests) == 2

        editor.updates.clear()
        first = ask("Wait again.")
        await editor.until(lambda: "begun" in str(editor.updates))
        second = ask("Never begun.")
        await all_is_read()
        await agent.cancel(session_id=session)
        third = ask("Then that.")
        stops = [(await prompt).stop_reason for prompt in (first, second, third)]
        assert stops == ["cancelled", "cancelled", "end_turn"]
    said = [message.text for message in player.requests[3].messages]
    assert "interrupted" in said[-2]
    assert said[-1] == "Then that."


async def test_session_is_loaded_by_another_process_and_told_again(tmp_path: Path) -> None:
    async with an_editor(tmp_path, [say("Listing.", Call("bash", {"command": "ls"})), "Done."]) as (_, agent, _, work):
        session = (await agent.new_session(cwd=str(work))).session_id
        await agent.prompt(session_id=session, prompt=[text_block("List it.")])
    async with an_editor(tmp_path, ["As I said.", "## Goal\n- List.", "Fine."]) as (editor, agent, player, work):
        await agent.load_session(cwd=str(work), session_id=session)
        assert editor.text("user_message_chunk") == "List it."
        assert editor.text() == "Listing.Done."
        assert editor.of("tool_call")[0].title == "bash ls"
        await agent.prompt(session_id=session, prompt=[text_block("Again?")])
        assert [message.text for message in player.requests[0].messages if message.role == "user"] == [
            "List it.",
            "Again?",
        ]
        assert editor.of("available_commands_update")[0].available_commands[0].name == "compact"
        done = await agent.prompt(session_id=session, prompt=[text_block("/compact")])
        assert done.stop_reason == "end_turn"
        await agent.prompt(session_id=session, prompt=[text_block("And now?")])
        assert "## Goal" in player.requests[2].messages[0].text


async def test_images_of_a_prompt_reach_the_model_and_are_there_when_the_session_is_loaded(tmp_path: Path) -> None:
    data = base64.b64encode(a_picture()).decode()
    async with an_editor(tmp_path, ["Red.", "Still red.", "None."]) as (_, agent, player, work):
        session = (await agent.new_session(cwd=str(work))).session_id
        shot = image_block(data, "image/png", uri="file:///home/me/a%20shot.png")
        await agent.prompt(session_id=session, prompt=[text_block("What colour?"), shot])
        (work / "here.png").write_bytes(a_picture())
        link = resource_link_block("here.png", f"file://{work}/here.png")
        await agent.prompt(session_id=session, prompt=[text_block("And this?"), link])
        audio = resource_block(embedded_blob_resource("file:///x.ogg", "AAAA", mime_type="audio/ogg"))
        await agent.prompt(session_id=session, prompt=[text_block("And this?"), audio])
        with pytest.raises(RequestError, match="An attached image is no image that models can see"):
            await agent.prompt(session_id=session, prompt=[image_block("AAAA", "image/png")])
    assert data in json.dumps(player.requests[0].body)
    assert json.dumps(player.requests[1].body).count(data) == 2, "an image that is linked to is seen too"
    assert "file:///x.ogg: attached, but not passed on" in json.dumps(player.requests[2].body)
    async with an_editor(tmp_path, []) as (editor, agent, _, work):
        await agent.load_session(cwd=str(work), session_id=session)
    told = [update.content for update in editor.of("user_message_chunk")]
    assert told[0].text == "What colour?\n[image: a-shot.png]"
    assert (told[1].type, told[1].data) == ("image", data)


async def test_what_goes_wrong_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    async with an_editor(tmp_path, [Fault(status=401), "Now it works."]) as (_, agent, _, work):
        with pytest.raises(RequestError):
            await agent.new_session(cwd=str(tmp_path / "nowhere"))
        with pytest.raises(RequestError, match="no session"):
            await agent.load_session(cwd=str(work), session_id="../../etc")
        session = (await agent.new_session(cwd=str(work))).session_id
        with pytest.raises(RequestError, match="does not accept the key in OPENAI_API_KEY"):
            await agent.prompt(session_id=session, prompt=[text_block("Work.")])
        assert (await agent.prompt(session_id=session, prompt=[text_block("Again.")])).stop_reason == "end_turn"


def test_every_hunk_of_a_diff_is_an_edit_of_its_own() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -9 +9 @@ f\n-d\n\\ No newline at end of file\n+e\n"
    assert [(edit.old_text, edit.new_text) for edit in edits("/x", diff)] == [("a\nb\n", "a\nc\n"), ("d\n", "e\n")]
    (new,) = edits("/x", "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+hello\n")
    assert (new.old_text, new.new_text) == (None, "hello\n")
