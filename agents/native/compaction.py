"""Shortening a conversation that no longer fits: where to cut, what to ask for, what stays.

Pure functions over messages, and the one request that writes the summary. What is dropped stays in the store and in
the transcript; the model goes on with the summary, the words of the person, the files it touched and its last messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing

import msgspec

from agents.model import Usage
from agents.native.conversation import (
    OWN_WORDS,
    Assistant,
    Compacted,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    User,
    estimate_tokens,
)
from agents.native.models import Model, Retryable, Spent, TextPiece
from agents.native.tools import BadArguments, normalise

RESERVE_TOKENS = 16_384
"""Room that stays free for the next answer and its tools; at most a quarter of the window."""
KEEP_TOKENS = 20_000
"""Of the last messages about this much stays as it is; at most a quarter of the window."""
QUOTE_CHARACTERS = 2_000
"""What one tool result, or one prompt of the person, may take of a summary's material."""
SAID_CHARACTERS = 8_000
"""What all prompts of the person together may take of a shortened conversation."""
FILES = 200
"""File names of one list that are carried along."""

SUMMARISER = """\
You write the memory of a coding agent whose conversation has become too long. Another model goes on with nothing but \
your summary and the last few messages, so it must hold all that the work still needs, and nothing else. Do not answer \
or continue the conversation. Use exactly these headings, with short bullet points below each:

## Goal
## Rules and wishes of the user
## Done
## Where it stands
## Decisions and why
## Next steps
## Facts to keep (exact names, paths, commands, error texts)"""


def reserve(window: int, max_output: int) -> int:
    """Tokens of a context window that must be free before a request."""
    return max(min(RESERVE_TOKENS, window // 4), min(max_output, window // 2))


def keep(messages: Sequence[Message], window: int) -> int:
    """Tokens of the last messages that stay: of a short conversation (a person asked) a quarter at most."""
    allowed = min(KEEP_TOKENS, window // 4) if window else KEEP_TOKENS
    return min(allowed, estimate_tokens(messages) // 4)


def cut_point(messages: Sequence[Message], keep_tokens: int) -> int:
    """The first message that stays. Never a tool's result, which must follow its call; what the user said last and
    nobody has answered always stays."""
    at = len(messages)
    while at and isinstance(messages[at - 1], User):
        at -= 1
    cut, size = at, 0
    while at:
        at -= 1
        size += estimate_tokens(messages[at : at + 1])
        if size > keep_tokens:
            break
        if not isinstance(messages[at], ToolResult):
            cut = at
    return cut


def compacted(messages: Sequence[Message], cut: int, summary: str, before: Compacted | None) -> Compacted:
    """What takes the place of ``messages``; ``before`` is what their beginning was shortened to earlier."""
    dropped = messages[(1 if before else 0) : cut]
    reads, changes = touched(dropped)
    changed = _latest((*(before.changed if before else ()), *changes))
    read = _latest(path for path in (*(before.read if before else ()), *reads) if path not in changed)
    said = [*(before.said if before else ()), *(m.text for m in dropped if isinstance(m, User))]
    kept = tuple(_without_reasoning(message) for message in messages[cut:])
    return Compacted(summary=summary, said=_fitting(said), read=read, changed=changed, kept=kept)


def touched(messages: Iterable[Message]) -> tuple[list[str], list[str]]:
    """The files that calls have read, and those they have changed, as far as the calls went well."""
    calls: dict[str, ToolCall] = {}
    read: list[str] = []
    changed: list[str] = []
    for message in messages:
        if isinstance(message, Assistant):
            calls |= {call.id: call for call in message.calls}
        elif isinstance(message, ToolResult) and not message.is_error and (call := calls.get(message.call)):
            if call.name not in ("read", "edit", "write"):
                continue
            try:
                path = str(normalise(call.name, call.arguments)["path"])
            except BadArguments:
                continue  # the model was told so, and nothing was read or changed
            (read if call.name == "read" else changed).append(path)
    return read, changed


def _latest(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(paths))[-FILES:]


def _fitting(said: Sequence[str]) -> tuple[str, ...]:
    """The first prompt, which is the task, and as many of the last ones as there is room for."""
    texts = [cut_text(text) for text in said if text not in OWN_WORDS]
    if not texts:
        return ()
    room = SAID_CHARACTERS - len(texts[0])
    last: list[str] = []
    for text in reversed(texts[1:]):
        room -= len(text)
        if room < 0:
            break
        last.insert(0, text)
    return (texts[0], *last)


def _without_reasoning(message: Message) -> Message:
    """Reasoning belongs to the conversation it was made in; providers may refuse it in another one."""
    if not isinstance(message, Assistant):
        return message
    return msgspec.structs.replace(message, parts=tuple(p for p in message.parts if not isinstance(p, Thinking)))


def cut_text(text: str, limit: int = QUOTE_CHARACTERS) -> str:
    """A text with its middle left out when it is too long."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n[… {len(text) - limit} characters left out …]\n{text[-limit // 2 :]}"


def material(messages: Sequence[Message], window: int, share: float = 1.0) -> str:
    """The conversation as text to be summarised, at most ``share`` of what fits in the window (of unknown size: 0)."""
    lines = [line for message in messages for line in _told(message)]
    text = "\n\n".join(lines)
    room = int((window or 128_000) * 3 * 0.7 * share)
    return "<conversation>\n" + cut_text(text, max(room, 4 * QUOTE_CHARACTERS)) + "\n</conversation>"


def _told(message: Message) -> list[str]:
    if isinstance(message, User):
        return [f"[user] {message.text}"]
    if isinstance(message, ToolResult):
        return [f"[{'failed' if message.is_error else 'result'}] {cut_text(message.text)}"]
    lines = []
    for part in message.parts:
        if isinstance(part, Text):
            lines.append(f"[agent] {part.text}")
        elif isinstance(part, ToolCall):
            arguments = part.malformed or msgspec.json.encode(part.arguments).decode()
            lines.append(f"[agent calls {part.name}] {cut_text(arguments)}")
    return lines


async def summarise(
    model: Model, text: str, on_text: Callable[[str], None], on_spent: Callable[[Usage], None]
) -> str:  # fmt: skip
    """The model's summary of some material.

    Raises:
        Retryable: it may work later; also when nothing came.
        ModelError: it will not until a person acts.
    """
    written: list[str] = []
    spent: Usage | None = None
    try:
        async with aclosing(model.stream(SUMMARISER, [User(text=text)], ())) as pieces:
            async for piece in pieces:
                if isinstance(piece, TextPiece) and not piece.thinking:
                    written.append(piece.text)
                    on_text(piece.text)
                elif isinstance(piece, Spent):
                    spent = piece.usage
    finally:
        if spent is not None:
            on_spent(spent)
    if not (summary := "".join(written).strip()):
        raise Retryable(f"{model.endpoint.host} gave no summary of the conversation")
    return summary
