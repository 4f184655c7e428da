"""A model for agents whose tools differ: what it does is said in neutral words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from agents.offline import Call, Fault, ModelRequest, Reply, Tool, say
from agents.offline.shapes import fitting_text

_NAMES = {
    "bash": ("Bash", "bash", "shell", "shell_command", "exec_command", "run_shell_command"),
    "write": ("Write", "write", "write_file", "create"),
}
_PARAMETERS = {
    "command": ("command", "cmd"),
    "path": ("file_path", "filePath", "path", "absolute_path"),
    "content": ("content", "contents", "file_text"),
}

_WORKTREE = re.compile(r"/[^\s\"\\]*/worktrees/[^\s\"\\/]+/[\w.-]+")

Step = Callable[[ModelRequest], Reply]


def runs(command: str, text: str = "") -> Step:
    """An answer that runs a command."""
    return lambda request: say(text or "I run it.", _call(request, "bash", command=command))


def writes(path: str, content: str) -> Step:
    """An answer that writes a file."""
    return lambda request: say("I write it.", _call(request, "write", path=path, content=content))


def says(text: str) -> Step:
    """An answer in words."""
    return lambda _: say(text)


class AgentPlayer:
    """Plays steps in order to an agent's main conversation; whatever else it asks (a title, a quota) gets a word."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self.requests: list[ModelRequest] = []
        """Those of the main conversation."""
        self.asides = 0

    def add(self, *steps: Step) -> None:
        """Put steps at the end."""
        self._steps += steps

    def __call__(self, request: ModelRequest) -> Reply | Fault:
        if request.answer_schema:
            self.asides += 1
            return say(fitting_text(request.answer_schema))
        if not any(tool.name in _NAMES["bash"] for tool in request.tools):
            self.asides += 1
            return say("Task")
        self.requests.append(request)
        if len(self.requests) > len(self._steps):
            return say("There is nothing more to do.")
        return self._steps[len(self.requests) - 1](request)

    def heard(self) -> str:
        """All of the last request of the main conversation, as it came."""
        return json.dumps(self.requests[-1].body) if self.requests else ""


def _call(request: ModelRequest, what: str, **arguments: str) -> Call:
    tool = next(tool for name in _NAMES[what] for tool in request.tools if tool.name == name)
    if "path" in arguments:
        arguments |= {"path": _absolute(request, tool, arguments["path"])}
    given = {_parameter(tool, name): _fitting(tool, name, value) for name, value in arguments.items()}
    if "description" in _properties(tool):
        given["description"] = "Do it"
    return Call(name=tool.name, arguments=given)


def _absolute(request: ModelRequest, tool: Tool, path: str) -> str:
    """A path in the worktree, for tools that insist: they tell their model where it works."""
    described = str(_properties(tool).get(_parameter(tool, "path"), {}).get("description", ""))
    worktree = _WORKTREE.search(json.dumps(request.body))
    return f"{worktree[0]}/{path}" if worktree and "absolute" in described.lower() else path


def _properties(tool: Tool) -> dict[str, dict[str, object]]:
    found = tool.schema.get("properties", {})
    return dict(found) if isinstance(found, dict) else {}


def _parameter(tool: Tool, name: str) -> str:
    known = _properties(tool)
    return next((each for each in _PARAMETERS[name] if each in known), _PARAMETERS[name][0])


def _fitting(tool: Tool, name: str, value: str) -> object:
    is_list = _properties(tool).get(_parameter(tool, name), {}).get("type") == "array"
    return ["bash", "-lc", value] if is_list else value
