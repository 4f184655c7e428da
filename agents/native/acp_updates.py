"""What our agent reports, and what it remembers, as updates of the Agent Client Protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from acp import (
    image_block,
    start_tool_call,
    text_block,
    tool_content,
    tool_diff_content,
    update_agent_message_text,
    update_agent_thought_text,
    update_tool_call,
    update_user_message,
    update_user_message_text,
)
from acp.schema import Cost, FileEditToolCallContent, ToolCallLocation, ToolKind, UsageUpdate

from agents.drivers import AnyReport, Notice, TextDelta, ToolEnded, ToolOutput, ToolStarted, Used
from agents.model import Usage
from agents.native.conversation import Assistant, Message, Text, ToolCall, ToolResult, User
from agents.native.tools import BadArguments, normalise, title
from agents.prompts.image_chips import with_names

OUTPUT_LIMIT = 16_000
"""Characters of a running command's output that are shown; the end counts."""

_KINDS: dict[str, ToolKind] = {
    "read": "read", "bash": "execute", "edit": "edit", "write": "edit", "compact": "think"
}  # fmt: skip
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@.*\n", re.MULTILINE)


class Updates:
    """Turns the reports of one session into updates."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._outputs: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        """Of calls that run: the file each is about."""
        self._spent = Usage()

    def of(self, report: AnyReport) -> Any:
        """The update for a report; None for those the protocol has no word for."""
        match report:
            case TextDelta(text=text, thinking=thinking):
                return (update_agent_thought_text if thinking else update_agent_message_text)(text)
            case ToolStarted(call=call, name=name, title=line, arguments=arguments):
                return self._started(call, name, line, arguments)
            case ToolOutput(call=call, text=text):
                self._outputs[call] = (self._outputs.get(call, "") + text)[-OUTPUT_LIMIT:]
                return update_tool_call(call, content=[tool_content(text_block(self._outputs[call]))])
            case ToolEnded():
                return self._ended(report)
            case Notice(text=text):
                return update_agent_thought_text(f"\n[{text}]\n")
            case Used(usage=usage, context_used=used, context_window=window):
                return self._used(usage, used, window)
        return None

    def _started(self, call: str, name: str, line: str, arguments: dict[str, object]) -> Any:
        path = arguments.get("path")
        locations = None
        if isinstance(path, str) and name != "bash":
            self._paths[call] = str(self._directory / Path(path).expanduser())
            offset = arguments.get("offset")
            locations = [ToolCallLocation(path=self._paths[call], line=offset if isinstance(offset, int) else None)]
        return start_tool_call(
            call, f"{name} {line}", kind=_KINDS.get(name, "other"), status="in_progress", locations=locations,
            raw_input=arguments,
        )  # fmt: skip

    def _ended(self, report: ToolEnded) -> Any:
        self._outputs.pop(report.call, None)
        path = self._paths.pop(report.call, "")
        content: list[Any] = [*edits(path, report.diff)] if path and report.diff else []
        if report.output and not content:
            content = [tool_content(text_block(report.output))]
        status = "completed" if report.status == "done" else "failed"
        return update_tool_call(report.call, status=status, content=content)  # type: ignore[arg-type]

    def _used(self, usage: Usage, used: int, window: int) -> Any:
        self._spent = self._spent + usage
        if not used:
            return None
        cost = self._spent.cost_usd
        shown = Cost(amount=cost, currency="USD") if cost is not None else None
        return UsageUpdate(session_update="usage_update", used=used, size=max(window, used), cost=shown)


def edits(path: str, diff: str) -> Iterator[FileEditToolCallContent]:
    """The hunks of a unified diff of one file, each with its lines before and after."""
    for body in _HUNK.split(diff)[2::2]:
        lines = [line for line in body.splitlines(keepends=True) if line[:1] != "\\"]
        before = "".join(line[1:] for line in lines if line[0] in "- ")
        after = "".join(line[1:] for line in lines if line[0] in "+ ")
        yield tool_diff_content(path, after, before or None)


def retold(messages: Sequence[Message]) -> Iterator[Any]:
    """A conversation that is taken up again, for an editor that has forgotten it."""
    for message in messages:
        match message:
            case User(text=text, images=images):
                yield update_user_message_text(with_names(text))
                for image in images:
                    yield update_user_message(image_block(image.data, image.media_type))
            case ToolResult(call=call, text=text, is_error=is_error):
                status = "failed" if is_error else "completed"
                yield update_tool_call(call, status=status, content=[tool_content(text_block(text))])  # type: ignore[arg-type]
            case Assistant():
                for part in message.parts:
                    if isinstance(part, Text):
                        yield update_agent_message_text(part.text)
                    elif isinstance(part, ToolCall):
                        yield start_tool_call(part.id, _line(part), kind=_KINDS.get(part.name, "other"))


def _line(call: ToolCall) -> str:
    try:
        return f"{call.name} {title(call.name, normalise(call.name, call.arguments))}"
    except BadArguments:
        return call.name
