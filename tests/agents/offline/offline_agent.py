"""A small agent for tests of the player: real files, real commands, messages as the player sees them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.offline import Call, Message, ModelRequest, Reply, Tool
from agents.offline.play import answer
from agents.offline.scenario import Scenario

TOOLS = tuple(Tool(name=name) for name in ("read", "bash", "edit", "write"))
IDENTITY = {
    "GIT_AUTHOR_NAME": "Agent",
    "GIT_AUTHOR_EMAIL": "agent@localhost",
    "GIT_COMMITTER_NAME": "Agent",
    "GIT_COMMITTER_EMAIL": "agent@localhost",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


class OfflineAgent:
    """Works in a folder on what the player says."""

    def __init__(self, folder: Path, scenarios: Mapping[str, Scenario], model: str = "offline") -> None:
        self.folder = folder
        self.scenarios = scenarios
        self.model = model
        self.messages: list[Message] = []
        self.replies: list[Reply] = []

    def say(self, text: str) -> None:
        """Add what a person says."""
        self.messages.append(Message(role="user", text=text))

    def ask(self) -> Reply:
        """One request and its answer, without carrying out its calls."""
        request = ModelRequest(model=self.model, messages=tuple(self.messages), tools=TOOLS)
        reply = answer(request, self.scenarios)
        self.replies.append(reply)
        self.messages.append(Message(role="assistant", text=reply.text, calls=reply.calls))
        return reply

    def carry_out(self, reply: Reply) -> None:
        """Carry out the calls of an answer."""
        for call in reply.calls:
            text, failed = self._run(call)
            self.messages.append(Message(role="tool", call=call.call, text=text, failed=failed))

    def work(self, prompt: str = "") -> str:
        """A whole turn; what was said last."""
        if prompt:
            self.say(prompt)
        while (reply := self.ask()).calls:
            self.carry_out(reply)
        return reply.text

    def _run(self, call: Call) -> tuple[str, bool]:
        if call.name == "bash":
            return self._bash(call.arguments["command"])
        path = self.folder / call.arguments["path"]
        if call.name == "read":
            return path.read_text("utf-8").removesuffix("\n"), False
        if call.name == "write":
            path.write_text(call.arguments["content"], "utf-8")
            return f"Wrote {path.name}.", False
        return self._edit(path, call.arguments["edits"])

    def _edit(self, path: Path, edits: list[dict[str, Any]]) -> tuple[str, bool]:
        before = after = path.read_text("utf-8")
        for edit in edits:
            if before.count(edit["oldText"]) != 1:
                return f"oldText is found {before.count(edit['oldText'])} times: {edit['oldText']!r}", True
            after = after.replace(edit["oldText"], edit["newText"])
        path.write_text(after, "utf-8")
        return f"Changed {path.name} at line 1.", False

    def _bash(self, command: str) -> tuple[str, bool]:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **IDENTITY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout, done.returncode != 0
