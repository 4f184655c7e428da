"""Records real terminal agents: run by hand, ``python -m tests.agents.terminal.record_agents PROFILE…``.

With ``--first-run`` it is what an agent shows to somebody who has neither a key nor a login, into ``first-runs``;
``--explore`` prints and keeps nothing. Otherwise they are recorded at work.

Each runs with the shipped profile, in the sandbox, in a home and a repository of its own, against a scripted model on a
loopback port. A recording holds what the program wrote and told, when Enter was pressed, and when the model was really
at work: the truth that the profile's rules are tested against. Nothing of this machine or its person is in it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
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
FIRST_RUNS = FOLDER.with_name("first-runs")
STAGE = Path("/tmp/recording")
FIRST_RUN_SECONDS = 60.0
SIZE = PtySize(columns=90, rows=30)
WORK = "for i in 1 2 3; do sleep 1; done; echo made > made.txt"
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

    def __init__(self, tell: Any, toolless: bool = False) -> None:
        """
        Args:
            toolless: its agent has no tools to offer, and reads the answer for what is to be done.
        """
        self._tell = tell
        self._toolless = toolless
        self.requests: list[ModelRequest] = []

    def __call__(self, request: ModelRequest) -> Reply:
        self.requests.append(request)
        tools = {tool.name for tool in request.tools}
        shell = next((name for name in SHELL_TOOLS if name in tools), "")
        if request.answer_schema:
            return say(fitting_text(request.answer_schema))
        if not shell and not self._toolless:
            return say("Sample work")
        spoken = [
            number
            for number, message in enumerate(request.messages)
            if "MAKE" in message.text or "STORY" in message.text
        ]
        users = [number for number, message in enumerate(request.messages) if message.role == "user"]
        if spoken and users[-1] != spoken[-1]:
            return say("Sample work")  # it asks something of its own after a turn: what one might say next
        asked = request.messages[spoken[-1]].text if spoken else ""
        answered = any(message.role == "tool" for message in request.messages[spoken[-1] :]) if spoken else True
        if shell and "MAKE" in asked and not answered:
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

    def save(self, path: Path) -> None:
        with gzip.open(path, "wt") as file:
            file.writelines(json.dumps(line) + "\n" for line in self.lines if line["kind"] != "answer")


@contextlib.contextmanager
def stage() -> Iterator[Path]:
    """The folder of a recording, always of one name: what a program has drawn cannot be changed afterwards."""
    STAGE.mkdir()
    try:
        yield STAGE
    finally:
        shutil.rmtree(STAGE, ignore_errors=True)


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
    (home / ".qwen").mkdir()
    (home / ".qwen" / "settings.json").write_text(json.dumps({"security": {"auth": {"selectedType": "openai"}}}))
    (home / ".gitconfig").write_text("[user]\n\tname = Person\n\temail = person@example.invalid\n")
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
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_MODEL": "gpt-test",
        "AIDER_MODEL": "openai/gpt-test",
        "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
        "COPILOT_PROVIDER_API_KEY": key,
        "COPILOT_MODEL": "gpt-5.1",
        "GEMINI_API_KEY": key,
        "GOOGLE_GEMINI_BASE_URL": url,
    }


async def record(name: str, explore: bool, first_run: bool) -> None:
    """Two turns and an interrupted one, or the first start."""
    profile: Profile = load_profile(name).profile
    section: TerminalSection | None = profile.terminal
    assert section is not None, f"{name} is no terminal agent"
    recorder = Recorder()
    model = Model(recorder.tell, toolless=name == "aider")
    server = OfflineServer(model, delay_seconds=0.03)
    url = await server.start()
    with stage() as top:
        home, worktree, task = top / "home", top / "work", top / "task"
        for made in (home, worktree, task, task / "tmp"):
            made.mkdir()
        subprocess.run(["git", "init", "-q", "-b", "main"], cwd=worktree, check=True)
        variables = {} if first_run else seed(home, worktree, url)
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
        answered = session.reply

        def reply(data: bytes) -> None:
            recorder.tell("answer", repr(data))
            answered(data)

        session.reply = reply  # type: ignore[method-assign]

        def told(signal: Signal) -> None:
            recorder.tell("hook", signal.text)

        session.on_signal = told
        session.on_state = lambda decision: recorder.tell("state", f"{decision.state}: {decision.rule}")
        values = {"session": SESSION, "worktree": str(worktree), "project": str(worktree)}
        recorder.tell("size", f"{SIZE.columns}x{SIZE.rows}")
        await session.start(runner, policy, section.command, values)
        try:
            await (first_start if first_run else story)(session, section, recorder, explore)
        finally:
            if explore:
                print(*(f"{line['at']:8.3f} {line['kind']:7} {line['data']}" for line in recorder.lines
                        if line["kind"] != "output"), sep="\n")  # fmt: skip
                print(*(f"{sign.at - recorder.began:8.3f} {sign}" for sign in session.status.log), sep="\n")
            await session.end()
            await server.close()
    if not explore:
        folder_of_kind = FIRST_RUNS if first_run else FOLDER
        folder_of_kind.mkdir(exist_ok=True)
        recorder.save(folder_of_kind / f"{name}.jsonl.gz")
        print(f"{name}: {len(recorder.lines)} events")


async def first_start(session: Session, section: TerminalSection, recorder: Recorder, explore: bool) -> None:
    """What it shows to somebody it does not know, until it has stood still for some seconds."""
    before, asked = "", 0
    while time.monotonic() - recorder.began < FIRST_RUN_SECONDS and asked < 10:
        await asyncio.sleep(0.5)
        asked += session.status.state in ("blocked", "idle")
        screen = "\n".join(f"  |{row}" for row in session.emulator.screen_text() if row.strip())
        if explore and screen != before:
            print(f"{time.monotonic() - recorder.began:6.2f} {session.status.state}: {session.status.decision.rule}")
            print(screen)
        before = screen
        if not session.alive:
            break
    print(f"{session.status.state}: {session.status.decision.rule}: {session.status.decision.reason}")


async def story(session: Session, section: TerminalSection, recorder: Recorder, explore: bool) -> None:
    """Ready, a turn with a command, a turn of two lines, a turn that is interrupted."""

    began = 0.0

    def idle() -> bool:
        status = session.status
        return status.is_done(began) or status.state == "ended" or (not began and status.state == "idle")

    async def at_rest(what: str) -> bool:
        came = await session.until(idle, 60.0)
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
        if explore:
            await asyncio.sleep(1)
            print("\n".join(f"  |{row}" for row in session.emulator.screen_text() if row.strip()))
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
        asyncio.run(record(each, "--explore" in sys.argv, "--first-run" in sys.argv))
