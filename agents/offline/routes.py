"""Which address speaks which wire format, and what it says besides its body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs

from agents.offline import wire_anthropic, wire_chat, wire_gemini, wire_responses
from agents.offline.exchange import Fault, Frame, ModelRequest, Reply


class Wire(Protocol):
    """A wire format: one of the ``wire_*`` modules."""

    NAME: str

    def parse_request(self, body: dict[str, Any], /) -> ModelRequest:
        """The neutral form of a request; raises BadRequest."""

    def stream(self, request: ModelRequest, reply: Reply, reply_id: str) -> Iterator[Frame]:
        """The events of a streamed reply."""

    def complete(self, request: ModelRequest, reply: Reply, reply_id: str) -> dict[str, Any]:
        """The reply in one piece."""

    def error(self, fault: Fault) -> dict[str, Any]:
        """The body of an HTTP error."""

    def break_frame(self, message: str) -> Frame:
        """The event of an error in the middle of a stream."""


class Route(NamedTuple):
    """Where a request goes."""

    wire: Wire
    fields: Mapping[str, Any] = {}
    """What the address says, put beside the fields of the body."""
    counts: str = ""
    """It only asks how many tokens that would be: the name of the number in the answer."""
    key: str = ""
    """A key in the address."""


_WIRES: dict[str, Wire] = {
    "/messages": wire_anthropic,
    "/responses": wire_responses,
    "/chat/completions": wire_chat,
}
_VERSION = re.compile(r"/v1(?:beta|alpha)?(?=/)")
_GEMINI = re.compile(r"/models/(?P<model>[^/:]+):(?P<action>\w+)")


def path_of(target: str) -> str:
    """The path of an address without the version before it, so that one base URL suits every SDK."""
    path = target.partition("?")[0]
    version = _VERSION.match(path)
    return path[version.end() :] if version else path


def route_of(target: str) -> Route | None:
    """Where a POST to an address goes; None when there is nothing."""
    path = path_of(target)
    if path == "/messages/count_tokens":
        return Route(wire_anthropic, {"max_tokens": 1}, counts="input_tokens")
    if path in _WIRES:
        return Route(_WIRES[path])
    found = _GEMINI.fullmatch(path)
    if found is None:
        return None
    query = parse_qs(target.partition("?")[2])
    named, key = {"model": found["model"]}, query.get("key", [""])[0]
    match found["action"]:
        case "generateContent":
            return Route(wire_gemini, named, key=key)
        case "streamGenerateContent" if query.get("alt") == ["sse"]:
            return Route(wire_gemini, named | {"stream": True}, key=key)
        case "countTokens":
            return Route(wire_gemini, named, counts="totalTokens", key=key)
    return None
