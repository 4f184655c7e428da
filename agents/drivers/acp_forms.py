"""What an agent asks in a form (the protocol's *elicitation*): its fields one after another, as questions of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from agents.model import Question

DECLINE = "Decline to answer"
SKIP = "Leave it open"

Ask = Callable[[Question], Awaitable[tuple[str, str] | None]]
"""Puts a question (whose id it gives) to the person: the option or the words of the answer; None when the turn is to
end."""


class Field(NamedTuple):
    """One thing that a form asks."""

    name: str
    title: str
    choices: dict[str, Any]
    """Values by the words that the person sees; empty when it takes any."""
    read: Callable[[str], Any]
    """The value that words stand for; raises ValueError."""
    is_required: bool


async def fill(message: str, schema: Mapping[str, Any], ask: Ask) -> tuple[str, dict[str, Any]]:
    """Let the person fill in a form.

    Args:
        message: what the agent says about it.
        schema: of the form, in the words of the protocol.

    Returns:
        ``accept`` with the values, ``decline`` or ``cancel``.
    """
    fields = fields_of(schema)
    values: dict[str, Any] = {}
    if fields is None:
        return "decline", {}
    for field in fields:
        known = await _value(field, message if len(fields) == 1 else f"{message} {field.title}".strip(), ask)
        if known is None:
            return "cancel", {}
        if known == DECLINE:
            return "decline", {}
        if known != SKIP:
            values[field.name] = known[0]
    return "accept", values


async def _value(field: Field, text: str, ask: Ask) -> str | tuple[Any] | None:
    """The value as a tuple of one; :data:`DECLINE`, :data:`SKIP`, or None when the turn is to end."""
    options = (*field.choices, *(() if field.is_required else (SKIP,)), DECLINE)
    said = text or field.title
    while True:
        answer = await ask(Question(id="", text=said, options=options, takes_text=not field.choices))
        if answer is None:
            return None
        option, words = answer
        if option in (SKIP, DECLINE):
            return option
        if option:
            return (field.choices[option],)
        try:
            return (field.read(words),)
        except ValueError as error:
            said = f"{text or field.title} ({error})"


def fields_of(schema: Mapping[str, Any]) -> list[Field] | None:
    """The fields of a form; None when it has one that cannot be asked."""
    required = schema.get("required") or ()
    fields = []
    for name, told in (schema.get("properties") or {}).items():
        kind = told.get("type")
        if kind not in _READERS:
            return None
        title = " ".join(str(part) for part in (told.get("title"), told.get("description")) if part) or name
        if kind == "array" and (known := _items(told)):
            title += f" Any of {', '.join(known)}, commas between them."
        fields.append(Field(name, title, _choices(told), _READERS[kind], name in required))
    return fields


def _choices(told: Mapping[str, Any]) -> dict[str, Any]:
    if told["type"] == "boolean":
        return {"Yes": True, "No": False}
    titled = [each for each in told.get("oneOf") or () if "const" in each]
    named = {str(each.get("title") or each["const"]): each["const"] for each in titled}
    return named or {str(each): each for each in told.get("enum") or ()}


def _items(told: Mapping[str, Any]) -> list[str]:
    """What a list may hold; empty when it takes anything."""
    items = told.get("items") or {}
    titled = items.get("anyOf") or items.get("oneOf") or ()
    return [str(each["const"]) for each in titled if "const" in each] or [str(each) for each in items.get("enum") or ()]


def _number(words: str) -> float:
    try:
        return float(words)
    except ValueError:
        raise ValueError("a number, please") from None


def _integer(words: str) -> int:
    try:
        return int(words)
    except ValueError:
        raise ValueError("a whole number, please") from None


def _list(words: str) -> list[str]:
    return [part.strip() for part in words.split(",") if part.strip()]


_READERS: Mapping[str, Callable[[str], Any]] = {
    "string": str, "number": _number, "integer": _integer, "boolean": bool, "array": _list
}  # fmt: skip
