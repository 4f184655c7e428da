"""Records real terminal agents at work: run by hand, ``python -m tests.agents.terminal.record_agents PROFILE…``.

Each runs with the shipped profile, in the sandbox, in a home and a repository of its own, against a scripted model on a
loopback port. A recording holds what the program wrote and told, when Enter was pressed, and when the model was really
at work: the truth that the profile's rules are tested against. Nothing of this machine or its person is in it.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from agents.drivers.terminal.delivery import Delivery
from agents.drivers.terminal.session import Session
from agents.drivers.terminal.signals import Signal
from agents.offline import Call, ModelRequest, OfflineServer, Reply, say
from agents.offline.shapes import fitting_text
from agents.profiles import Profile, load_profile
from agents.sandbox import choose_runner
from agents.sandbox.defaults import agent_policy
from agents.sandbox.policy import PtySize
from agents.terminal.rules import TerminalSection

FOLDER = Path(__file__).with_name("recordings")
SIZE = PtySize(columns=90, rows=30)
WORK = "sleep 3; echo made > made.txt"
SHELL_TOOLS = {"Bash": "command", "bash": "command", "shell": "command", "exec_command": "cmd",
               "run_shell_command": "command", "shell_command": "command"}  # fmt: skip
SESSION = "00000000-0000-4000-8000-000000000001"
_STORY = (
    "I looked at the files of this folder first. Then I thought about what you had asked for, and wrote it down in a "
    "new one. It holds a single word, which says that it was made. Nothing else was touched on the way. Whoever opens "
    "it tomorrow will find that word again, and may change it, or throw it away. There is no test that looks at it, "
    "because there is nothing here that could go wrong. "
)
"""Without anything twice: some agents take that for a loop."""


class Model:
    """Answers the first request of a turn with a command that takes a while, then with text."""

    def __init__(self, tell: Any) -> None:
        self._tell = tell
        self.requests: list[ModelRequest] = []

    def __call__(self, request: ModelRequest) -> Reply:
        self.requests.append(request)
        tools = {tool.name for tool in request.tools}
        shell = next((name for name in SHELL_TOOLS if name in tools), "")
        if request.answer_schema:
            return say(fitting_text(request.answer_schema))
        if not shell:
            return say("Sample work")
        spoken = [
            number
            for number, message in enumerate(request.messages)
            if "MAKE" in message.text or "STORY" in message.text
        ]
        asked = request.messages[spoken[-1]].text if spoken else ""
        answered = any(message.role == "tool" for message in request.messages[spoken[-1] :]) if spoken else True
        if "MAKE" in asked and not answered:
            self._tell("model", "works")
            arguments: dict[str, Any] = {SHELL_TOOLS[shell]: WORK}
            if shell == "shell":
                arguments = {"command": ["bash", "-lc", WORK]}
            if shell in ("Bash", "bash", "run_shell_command"):
                arguments["description"] = "Make the file"
            return say("I make the file.", Call(name=shell, arguments=arguments))
        self._tell("model", "says")
        return say(_STORY + "done.")


class Recorder:
    """Everything that happens to one session, with the seconds since it began."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.lines: list[dict[str, Any]] = []

    def tell(self, kind: str, data: str | bytes) -> None:
        text = base64.b64encode(data).decode() if isinstance(data, bytes) else data
        self.lines.append({"at": round(time.monotonic() - self.began, 3), "kind": kind, "data": text})

    def save(self, path: Path, hide: dict[str, str]) -> None:
        with gzip.open(path, "wt") as file:
            for line in self.lines:
                if line["kind"] == "output":
                    data = base64.b64decode(line["data"])
                    for found, shown in hide.items():
                        data = data.replace(found.encode(), shown.encode())
                    line["data"] = base64.b64encode(data).decode()
                else:
                    for found, shown in hide.items():
                        line["data"] = line["data"].replace(found, shown)
                file.write(json.dumps(line) + "\n")


def seed(home: Path, worktree: Path, url: str) -> dict[str, str]:
    """What the agents need to know before they start, and their variables."""
    key = "sk-recording-0000000000000000000000000000"
    (home / ".claude.json").write_text(
        json.dumps(
            {
                "hasCompletedOnboarding": True,
                "theme": "dark",
                "customApiKeyResponses": {"approved": [key[-20:]], "rejected": []},
                "projects": {str(worktree): {"hasTrustDialogAccepted": True, "allowedTools": []}},
                "bypassPermissionsModeAccepted": True,
            }
        )
    )
    (home / ".claude").mkdir()
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(
        'model = "gpt-test"\nmodel_provider = "loopback"\ncheck_for_update_on_startup = false\n'
        f'[model_providers.loopback]\nname = "loopback"\nbase_url = "{url}/v1"\nenv_key = "OPENAI_API_KEY"\n'
        'wire_api = "responses"\nsupports_websockets = false\n'
        f'[projects."{worktree}"]\ntrust_level = "trusted"\n'
    )
    (home / ".gemini").mkdir()
    (home / ".gemini" / "settings.json").write_text(
        json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}, "ui": {"hideTips": True}})
    )
    pi = home / ".pi" / "agent"
    pi.mkdir(parents=True)
    (pi / "models.json").write_text(json.dumps({"providers": {"anthropic": {"baseUrl": url, "apiKey": key}}}))
    (pi / "settings.json").write_text(
        json.dumps({"defaultProvider": "anthropic", "defaultModel": "claude-sonnet-4-5", "quietStartup": True})
    )
    opencode = home / ".config" / "opencode"
    opencode.mkdir(parents=True)
    (opencode / "opencode.json").write_text(
        json.dumps(
            {
                "model": "loop/test",
                "autoupdate": False,
                "permission": "allow",
                "provider": {
                    "loop": {
                        "npm": "@ai-sdk/openai-compatible",
                        "options": {"baseURL": f"{url}/v1", "apiKey": key},
                        "models": {"test": {"name": "test"}},
                    }
                },
            }
        )
    )
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": key,
        "OPENAI_API_KEY": key,
        "OPENAI_API_BASE": f"{url}/v1",
        "AIDER_MODEL": "openai/gpt-test",
        "GEMINI_API_KEY": key,
        "GOOGLE_GEMINI_BASE_URL": url,
    }


async def record(name: str, explore: bool) -> None:
    """Two turns and an interrupted one."""
    profile: Profile = load_profile(name).profile
    section: TerminalSection | None = profile.terminal
    assert section is not None, f"{name} is no terminal agent"
    recorder = Recorder()
    model = Model(recorder.tell)
    server = OfflineServer(model, delay_seconds=0.03)
    url = await server.start()
    with tempfile.TemporaryDirectory(prefix="recording-") as folder:
        top = Path(folder)
        home, worktree, task = top / "home", top / "work", top / "task"
        for made in (home, worktree, task, task / "tmp"):
            made.mkdir()
        subprocess.run(["git", "init", "-q", "-b", "main"], cwd=worktree, check=True)
        variables = seed(home, worktree, url)
        os.environ["HOME"] = str(home)
        runner = await choose_runner()
        policy = agent_policy(
            worktree, temp=task / "tmp", cache=top / "cache", profile=profile.sandbox, repository=None
        )  # fmt: skip
        given = {each: variables[each] for each in section.environment if each in variables}
        environment = policy.environment | {"HOME": str(home)} | given
        (top / "cache").mkdir()
        policy = msgspec.structs.replace(policy, environment=environment, write=(*policy.write, str(home)))
        session = Session(section, task, SIZE)
        session.on_output = lambda _offset, data: recorder.tell("output", data)

        def told(signal: Signal) -> None:
            recorder.tell("hook", signal.text)

        session.on_signal = told
        session.on_state = lambda decision: recorder.tell("state", f"{decision.state}: {decision.rule}")
        values = {"session": SESSION, "worktree": str(worktree), "project": str(worktree)}
        recorder.tell("size", f"{SIZE.columns}x{SIZE.rows}")
        await session.start(runner, policy, section.command, values)
        try:
            await story(session, section, recorder, explore)
        finally:
            if explore:
                print(*(f"{line['at']:8.3f} {line['kind']:7} {line['data']}" for line in recorder.lines
                        if line["kind"] != "output"), sep="\n")  # fmt: skip
                print(*(f"{sign.at - recorder.began:8.3f} {sign}" for sign in session.status.log), sep="\n")
            await session.end()
            await server.close()
    if not explore:
        FOLDER.mkdir(exist_ok=True)
        recorder.save(FOLDER / f"{name}.jsonl.gz", {str(top): "/tmp/recording"})
        print(f"{name}: {len(recorder.lines)} events")


async def story(session: Session, section: TerminalSection, recorder: Recorder, explore: bool) -> None:
    """Ready, a turn with a command, a turn of two lines, a turn that is interrupted."""

    began = 0.0

    def idle() -> bool:
        status = session.status
        return status.is_done(began) or status.state == "ended" or (not began and status.state == "idle")

    async def at_rest(what: str) -> bool:
        came = await session.until(idle, 40.0)
        print(
            f"{time.monotonic() - recorder.began:6.2f} {what}: {session.status.state}, {session.status.decision.rule}"
        )
        if explore or not came:
            print("\n".join(f"  |{row}" for row in session.emulator.screen_text() if row.strip()))
        return came

    async def say_it(text: str) -> bool:
        recorder.tell("truth", "asked")
        nonlocal began
        delivery = Delivery(session, section, text)
        entered = session.press

        def press(*keys: str) -> None:
            recorder.tell("keys", " ".join(keys))
            entered(*keys)

        session.press = press  # type: ignore[method-assign]
        arrived = await delivery.run()
        session.press = entered  # type: ignore[method-assign]
        began = delivery.sent_at
        print(f"{time.monotonic() - recorder.began:6.2f} delivered: {arrived} {delivery.trouble}")
        return arrived

    if not await at_rest("start"):
        return
    recorder.tell("truth", "ready")
    await say_it("MAKE the file")
    await at_rest("first turn")
    recorder.tell("truth", "idle")
    await asyncio.sleep(2)
    await say_it("Tell me a STORY\nof two lines")
    await at_rest("second turn")
    recorder.tell("truth", "idle")
    await asyncio.sleep(2)
    await say_it("MAKE it once more")
    await asyncio.sleep(1.5)
    recorder.tell("truth", "interrupted")
    recorder.tell("keys", " ".join(section.interrupt))
    session.press(*section.interrupt)
    await at_rest("after the interrupt")
    recorder.tell("truth", "idle")
    await asyncio.sleep(2)


if __name__ == "__main__":
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    for each in names:
        asyncio.run(record(each, "--explore" in sys.argv))
