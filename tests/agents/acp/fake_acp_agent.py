"""An agent that speaks the Agent Client Protocol and does what its argument says. Only the standard library: it runs
in the sandbox as the real ones do."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

MEGABYTE = 1 << 20


class FakeAgent:
    """One session over stdin and stdout, played by a scenario."""

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario
        self.session = ""
        self.prompts = 0
        self.prompt_id = 0
        self.loaded = False
        self.servers: list[Any] = []
        self.blocks: list[dict[str, Any]] = []
        self.model, self.brave = "small", False

    # the wire

    def send(self, **message: Any) -> None:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()

    def read(self) -> dict[str, Any]:
        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        message: dict[str, Any] = json.loads(line)
        return message

    def update(self, what: str, **fields: Any) -> None:
        self.send(
            method="session/update", params={"sessionId": self.session, "update": {"sessionUpdate": what, **fields}}
        )

    def say(self, text: str, kind: str = "agent_message_chunk") -> None:
        self.update(kind, content={"type": "text", "text": text})

    def ask_permission(self, **tool: Any) -> dict[str, Any]:
        options = [
            {"optionId": "no", "name": "No", "kind": "reject_once"},
            {"optionId": "ever", "name": "Always", "kind": "allow_always"},
            {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
        ]
        params = {"sessionId": self.session, "toolCall": tool, "options": options}
        self.send(id="ask-1", method="session/request_permission", params=params)
        while True:
            message = self.read()
            if message.get("id") == "ask-1":
                outcome: dict[str, Any] = message["result"]["outcome"]
                return outcome

    def wait_for_cancel(self) -> None:
        while self.read().get("method") != "session/cancel":
            pass

    # its life

    def live(self) -> NoReturn:
        while True:
            message = self.read()
            handler = getattr(self, "on_" + message["method"].replace("/", "_"), None)
            if handler is not None:
                handler(message)

    def on_initialize(self, message: dict[str, Any]) -> None:
        if self.scenario == "nothing":
            self.send(id=message["id"], result=None)
            return
        if self.scenario == "hang-initialize":
            print("waiting for the moon", file=sys.stderr, flush=True)
            return
        capabilities = message["params"].get("clientCapabilities", {})
        offered = [name for name in ("fs", "terminal") if capabilities.get(name)]
        if offered:
            sys.exit(f"I was offered {offered}")
        version = 2 if self.scenario == "version-2" else 1
        can = {"loadSession": self.scenario != "no-load", "promptCapabilities": {"image": self.scenario != "no-image"}}
        if self.scenario == "steered":
            can["_meta"] = {"fake": {"promptQueueing": True}}
        if self.scenario == "options":
            can["sessionCapabilities"] = {"list": {}}
        result = {"protocolVersion": version, "agentCapabilities": can}
        self.send(id=message["id"], result={**result, "authMethods": [{"id": "key", "name": "Key"}]})

    def on_authenticate(self, message: dict[str, Any]) -> None:
        self.loaded = message["params"]["methodId"] == "key"
        self.send(id=message["id"], result={})

    def on_session_new(self, message: dict[str, Any]) -> None:
        if self.scenario == "hang-session":
            print("\x1b[31mno such model\x1b[0m\nwaiting for a login", file=sys.stderr, flush=True)
            return
        if self.scenario == "login" or (self.scenario == "key" and not self.loaded):
            self.send(id=message["id"], error={"code": -32000, "message": "Authentication required"})
            return
        self.session = f"session-{os.getpid()}"
        modes = {
            "currentModeId": "ask",
            "availableModes": [{"id": "ask", "name": "Ask"}, {"id": "free", "name": "Free"}],
        }
        self.servers = message["params"]["mcpServers"]
        answer = {"sessionId": self.session, "modes": modes}
        if self.scenario == "options":
            answer["configOptions"] = self.options()
        if self.scenario == "models":
            models = [{"modelId": name, "name": name.title()} for name in ("small", "large")]
            answer["models"] = {"currentModelId": "small", "availableModels": models}
        self.send(id=message["id"], result=answer)
        if self.scenario == "options":
            plan = {"name": "plan", "description": "Plan first.", "input": {"hint": "what to plan"}}
            self.update("available_commands_update", availableCommands=[plan, {"name": "compact", "description": ""}])

    def options(self) -> list[dict[str, Any]]:
        values = [{"value": "small", "name": "Small"}, {"value": "large", "name": "Large"}]
        grouped = [{"group": "g", "name": "All", "options": values}]
        model = {"id": "model", "name": "Model", "category": "model", "type": "select", "options": grouped}
        brave = {"id": "brave", "name": "Brave", "type": "boolean", "currentValue": self.brave}
        return [{**model, "currentValue": self.model}, brave]

    def on_session_set_config_option(self, message: dict[str, Any]) -> None:
        setattr(self, message["params"]["configId"], message["params"]["value"])
        self.send(id=message["id"], result={"configOptions": self.options()})

    def on_session_set_model(self, message: dict[str, Any]) -> None:
        self.model = message["params"]["modelId"]
        self.send(id=message["id"], result={})

    def on_session_list(self, message: dict[str, Any]) -> None:
        cwd = message["params"]["cwd"]
        found = [
            {"sessionId": "older", "cwd": cwd, "title": "Once", "updatedAt": "2026-01-01T00:00:00Z"},
            {"sessionId": self.session, "cwd": cwd},
        ]
        self.send(id=message["id"], result={"sessions": found})

    def on_session_load(self, message: dict[str, Any]) -> None:
        if self.scenario == "forgetful":
            self.send(id=message["id"], error={"code": -32602, "message": "No such session"})
            return
        self.session, self.loaded = message["params"]["sessionId"], True
        self.say("what was said long ago")
        self.send(id=message["id"], result={"configOptions": self.options()} if self.scenario == "options" else {})

    def on_session_set_mode(self, message: dict[str, Any]) -> None:
        Path("mode.txt").write_text(message["params"]["modeId"])
        self.send(id=message["id"], result={})

    def on_session_prompt(self, message: dict[str, Any]) -> None:
        self.prompts += 1
        self.prompt_id = message["id"]
        self.blocks = message["params"]["prompt"]
        text = self.blocks[0]["text"]
        play = getattr(self, "play_" + self.scenario.replace("-", "_"), self.play_echo)
        result = play(text) or {"stopReason": "end_turn"}
        if "code" in result:
            self.send(id=self.prompt_id, error=result)
        else:
            self.send(id=self.prompt_id, result=result)
        if self.scenario == "late" and not Path("go").exists():
            while not Path("go").exists():
                time.sleep(0.02)
            self.say("And ")
            self.say("by the way.")

    # scenarios

    def play_echo(self, text: str) -> None:
        known = "I remember" if self.loaded else "I am new"
        self.say(f"{known}. Prompt {self.prompts} was: {text}")

    def play_reviewer(self, text: str) -> None:
        """Writes where it may, against what it was told, and then says what it found."""
        Path("hello.txt").write_text("overwritten\n")
        self.say("I look.")
        self.update("tool_call", toolCallId="1", title="look around", kind="read", status="completed")
        found = {"path": "hello.txt", "start": 1, "severity": "low", "kind": "fix", "text": f"In {Path.cwd()}."}
        self.say(json.dumps({"findings": [found]}))

    def play_asking_reviewer(self, text: str) -> None:
        """Wants to know something first."""
        outcome = self.ask_permission(toolCallId="1", title="read it all")
        self.say(json.dumps({"findings": []} if outcome.get("optionId") == "no" else outcome))

    play_no_load = play_forgetful = play_key = play_echo

    def play_steered(self, text: str) -> dict[str, Any]:
        """Works until something else is said; then the first prompt is over and that one goes on."""
        self.say("working")
        self.update("tool_call", toolCallId="1", title="look around", kind="execute", status="in_progress")
        first = self.prompt_id
        message = self.read()
        if message["method"] == "session/cancel":
            return {"stopReason": "cancelled"}
        self.update("tool_call_update", toolCallId="1", status="completed")
        self.send(id=first, result={"stopReason": "end_turn"})
        self.prompt_id = message["id"]
        self.say(f"turned to: {message['params']['prompt'][0]['text']}")
        return {"stopReason": "end_turn"}

    def play_told(self, text: str) -> None:
        """Tells what it was told of servers, and the kinds of blocks of the prompt."""
        blocks = [(block["type"], block.get("mimeType", ""), len(block.get("data", ""))) for block in self.blocks]
        self.say(json.dumps({"servers": self.servers, "blocks": blocks}))

    play_no_image = play_told

    def play_options(self, text: str) -> None:
        known = f"in {self.session}" if self.loaded else "new"
        self.say(f"{self.model} {'brave' if self.brave else 'shy'} {known}. ")
        if text == "plan":
            self.update("current_mode_update", currentModeId="free")

    def play_models(self, text: str) -> dict[str, Any]:
        """Its kin tell of tokens in a place of their own."""
        self.say(f"{self.model}. ")
        quota = {"token_count": {"input_tokens": 100, "output_tokens": 10}}
        return {"stopReason": "end_turn", "_meta": {"quota": quota}}

    def play_tokens(self, text: str) -> None:
        """Others tell of each request, beside a piece of text."""
        for count in (100, 200):
            usage = {"inputTokens": count, "outputTokens": count // 10, "totalTokens": count}
            self.update("agent_message_chunk", content={"type": "text", "text": ""}, _meta={"usage": usage})

    def play_work(self, text: str) -> dict[str, Any]:
        self.say("I should look ", "agent_thought_chunk")
        self.say("first.", "agent_thought_chunk")
        self.say("I ")
        self.say("write it.")
        entries = [("look", "completed"), ("write", "in_progress"), ("test", "pending")]
        self.update(
            "plan", entries=[{"content": content, "priority": "low", "status": "pending"} for content, _ in entries]
        )
        self.update(
            "plan", entries=[{"content": content, "priority": "low", "status": status} for content, status in entries]
        )
        path = Path.cwd() / "hello.txt"
        self.update("tool_call", toolCallId="1", title="Edit", kind="edit", status="pending", rawInput={})
        self.update("tool_call_update", toolCallId="1", title=f"Edit {path.name}", rawInput={"file_path": str(path)})
        diff = {"type": "diff", "path": str(path), "oldText": path.read_text(), "newText": "hello\nthere\n"}
        path.write_text("hello\nthere\n")
        self.update("tool_call_update", toolCallId="1", status="completed", content=[diff])
        self.update("tool_call", toolCallId="2", title="`ls -l`", kind="execute", status="in_progress")
        for data in ("hello.txt\n", "mode.txt\n"):
            meta = {"terminal_output": {"terminal_id": "2", "data": data}}
            self.update("tool_call_update", toolCallId="2", _meta=meta)
        self.update("tool_call_update", toolCallId="2", status="completed", rawOutput="ignored: the terminal said it")
        fenced = [{"type": "content", "content": {"type": "text", "text": "```console\nboom\n```"}}]
        self.update("tool_call", toolCallId="3", title="make", kind="execute", status="failed", content=fenced)
        self.update("usage_update", used=5_000, size=200_000, cost={"amount": 0.25, "currency": "USD"})
        self.update("usage_update", used=6_000, size=200_000, cost={"amount": 0.5, "currency": "USD"})
        self.update("something_of_next_year", anything={"ever": 1})
        self.update("tool_call", toolCallId=7, title=None, content="nonsense")
        usage = {"totalTokens": 111, "inputTokens": 100, "outputTokens": 10, "cachedReadTokens": 1}
        return {"stopReason": "end_turn", "usage": usage}

    def play_costly(self, text: str) -> None:
        amount = {"first": 0.25, "second": 0.75}[text]
        self.update("usage_update", used=1, size=2, cost={"amount": amount, "currency": "USD"})

    def play_model(self, text: str) -> None:
        """Ask the model, and try to reach what is none; ``text`` is an address that has to be out of reach."""
        key = os.environ.get("MODEL_KEY", "")
        body = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}).encode()
        headers = {"content-type": "application/json", "x-api-key": key}
        request = urllib.request.Request(os.environ["MODEL_URL"] + "/v1/messages", body, headers)
        answer = json.load(urllib.request.urlopen(request, timeout=20))
        said = {"answer": answer["content"][0]["text"], "key": key}
        try:
            urllib.request.urlopen(text, timeout=5)
            said["elsewhere"] = "reached"
        except OSError as error:
            said["elsewhere"] = str(error)
        said["environment"] = sorted(name for name in os.environ if "KEY" in name or "TOKEN" in name)
        said["files"] = [Path(os.environ["MODEL_FILE"]).read_text()] if "MODEL_FILE" in os.environ else []
        self.say(json.dumps(said))

    def play_environment(self, text: str) -> None:
        file = os.environ.get("SETTINGS", "")
        self.say(json.dumps(dict(os.environ) | {"what settings say": Path(file).read_text() if file else ""}))

    def play_permission(self, text: str) -> None:
        outcome = self.ask_permission(toolCallId="1", title="Write hello.txt", kind="edit")
        self.update("tool_call_update", toolCallId="1", status="completed")
        self.say(f"chosen: {outcome.get('optionId')}")

    def play_permissions(self, text: str) -> None:
        options = [
            {"optionId": name.lower(), "name": name, "kind": f"{kind}_once"}
            for name, kind in (("Yes", "allow"), ("No", "reject"))
        ]
        for number in (1, 2):
            tool = {"toolCallId": str(number), "title": f"step {number}", "kind": "execute"}
            self.send(
                id=f"ask-{number}",
                method="session/request_permission",
                params={"sessionId": self.session, "toolCall": tool, "options": options},
            )
        chosen = {}
        while len(chosen) < 2:
            message = self.read()
            chosen[message["id"]] = message["result"]["outcome"].get("optionId")
        self.say(f"chosen: {chosen['ask-1']}, {chosen['ask-2']}")

    def play_form(self, text: str) -> None:
        """Ask three things in a form, and say what was answered."""
        schema = {
            "type": "object",
            "properties": {
                "database": {"type": "string", "title": "Which database?"},
                "copies": {"type": "integer", "title": "How many copies?"},
                "backup": {"type": "boolean", "title": "With a backup?"},
            },
            "required": ["database", "copies"],
        }
        params = {"sessionId": self.session, "mode": "form", "message": "Before I begin.", "requestedSchema": schema}
        self.send(id="form-1", method="elicitation/create", params=params)
        while (message := self.read()).get("id") != "form-1":
            pass
        self.say(json.dumps(message.get("result", message.get("error"))))

    def play_cancel(self, text: str) -> dict[str, Any]:
        if self.loaded:
            self.play_echo(text)
            return {"stopReason": "end_turn"}
        self.say("working")
        self.update("tool_call", toolCallId="1", title="sleep 600", kind="execute", status="in_progress")
        self.wait_for_cancel()
        outcome = self.ask_permission(toolCallId="2", title="More", kind="edit")
        self.say(f"outcome: {outcome['outcome']}")
        return {"stopReason": "cancelled"}

    def play_deaf(self, text: str) -> NoReturn:
        self.say("I hear nothing")
        while True:
            time.sleep(60)

    def play_death(self, text: str) -> None:
        if self.loaded:
            self.play_echo(text)
            return
        self.say("so far so good")
        print("out of memory", file=sys.stderr, flush=True)
        sys.exit(3)

    def play_killed(self, text: str) -> None:
        self.say("much is needed")
        os.kill(os.getpid(), signal.SIGKILL)

    def play_long(self, text: str) -> None:
        self.say("x" * 3 * MEGABYTE)
        self.say(" and on")

    def play_endless(self, text: str) -> None:
        sys.stdout.write("x" * 40 * MEGABYTE)
        sys.stdout.flush()

    def play_stderr(self, text: str) -> None:
        for _ in range(2 * MEGABYTE // 1024):
            sys.stderr.write("e" * 1023 + "\n")
        sys.stderr.flush()
        self.say("nothing was lost")

    def play_flood(self, text: str) -> None:
        for number in range(20_000):
            self.say(f"{number}\n")

    def play_noise(self, text: str) -> None:
        sys.stdout.write("debug: not JSON\n[1, 2]\n\n")
        sys.stdout.write('{"jsonrpc":"2.0","method":"session/update","params":"nonsense"}\n')
        sys.stdout.write('{"jsonrpc":"2.0","id":999,"result":{}}\n')
        sys.stdout.flush()
        self.say("half a \ud83d and more")
        self.send(id=1, method="fs/read_text_file", params={"sessionId": self.session, "path": "/etc/passwd"})
        error = self.read()["error"]
        self.say(f" files: {error['code']}")
        for number, method in enumerate(("create", "output", "release", "wait_for_exit", "kill"), 2):
            params = {"sessionId": self.session, "terminalId": "t", "command": "ls"}
            self.send(id=number, method=f"terminal/{method}", params=params)
            answer = self.read()
            self.say(f" {method}: {answer.get('error', {}).get('code', answer)}")

    def play_silent(self, text: str) -> None:
        """Ends its turn and has said nothing."""

    def play_rubbish(self, text: str) -> None:
        """Lines that no reader of JSON likes, among good ones."""
        head = (
            b'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"%s","update":' % self.session.encode()
        )
        latin = b'{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"caf\xe9 "}}'
        sys.stdout.buffer.write(head + latin + b"}}\n")
        sys.stdout.buffer.write(head + b"[" * 100_000 + b"]" * 100_000 + b"}}\n")
        sys.stdout.buffer.flush()
        self.say("and on")

    def play_stranger(self, text: str) -> None:
        """Tells what belongs to a session that nobody has opened."""
        ours, self.session = self.session, "another"
        self.say("not for you")
        self.update("tool_call", toolCallId="9", title="rm -rf /", kind="execute", status="in_progress")
        self.session = ours
        self.say("for you")

    def play_error(self, text: str) -> dict[str, Any]:
        return {"code": -32603, "message": "Internal error", "data": {"details": "no credit left"}}

    def play_server_error(self, text: str) -> dict[str, Any]:
        return {"code": 404, "message": json.dumps({"error": {"message": "no such model", "type": "x"}})}

    def play_refuse(self, text: str) -> dict[str, Any]:
        return {"stopReason": "refusal"}

    def play_review(self, text: str) -> None:
        if "R1-C1" in text:
            Path("hello.txt").write_text("hello\nfriend\n")
            self.say("R1-C1: done\nR1-C2: declined: no ")
            self.say("test runner here")
        else:
            Path("hello.txt").write_text("hello\nthere\n")
            self.say("Done.")


if __name__ == "__main__":
    FakeAgent(sys.argv[1]).live()
