"""JSON-RPC over a process's standard streams, one message a line, as the ACP library's transport wants it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import msgspec

from agents.drivers.acp_log import AgentLog

_BREATH = 64
"""Messages after which others get their turn on the event loop, however fast the agent is."""


ANSWERED = "shopfloor/answered"
"""An update of our own: a prompt was answered at this place among the updates."""
MODELS = "shopfloor/models"
"""An update of our own: the models of a session, which the library leaves out of the answer that opens it."""
CHOOSE_MODEL = "session/set_model"
"""A request of agents that offer models so; the library lets only names of extensions through, with a ``_`` first."""


class Lines:
    """An ``acp`` transport. Lines that are no message go to the log.

    Session updates are taken out here, in their order and without the library's model of each: thousands come in a
    turn, and what follows them (the end of the turn) must not overtake them.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_update: Callable[[dict[str, object]], None],
        log: AgentLog,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_update = on_update
        self._log = log
        self._count = 0
        self.session = ""
        """The one that is spoken of; what is told of others goes to the log. Empty: any."""
        self.fault = ""
        """Why no more is read, as the end of a sentence."""
        self.over = False
        """Nothing more can come."""

    async def send(self, message: dict[str, Any]) -> None:
        """Write a message; waits while the process does not read."""
        if message.get("method") == f"_{CHOOSE_MODEL}":
            message = message | {"method": CHOOSE_MODEL}
        self._writer.write(msgspec.json.encode(message) + b"\n")
        await self._writer.drain()

    async def receive(self) -> dict[str, Any] | None:
        """The next message that is no session update; None at the end."""
        while True:
            try:
                line = await self._reader.readline()
            except ValueError:
                self.fault = "sent a line that is too long to be a message."
                line = b""
            if not line:
                self.over = True
                return None
            self._count += 1
            if self._count % _BREATH == 0:
                await asyncio.sleep(0)
            message = decoded(line)
            if message is None or self._is_of_another(message):
                self._log.write(line[:2_000].rstrip() + b"\n")
            elif not self._taken(message):
                return message

    def _is_of_another(self, message: dict[str, Any]) -> bool:
        params = message.get("params")
        if not self.session or not isinstance(params, dict) or message.get("method") != "session/update":
            return False
        return bool(params.get("sessionId", self.session) != self.session)

    def _taken(self, message: dict[str, Any]) -> bool:
        result = message.get("result")
        if isinstance(result, dict) and "stopReason" in result:
            self._on_update({"sessionUpdate": ANSWERED, "stopReason": result["stopReason"]})
            return False
        if isinstance(result, dict) and isinstance(result.get("models"), dict):
            self._on_update(result["models"] | {"sessionUpdate": MODELS})
        params = message.get("params")
        if not isinstance(params, dict):
            return False
        if message.get("method") == "session/request_permission" and isinstance(params.get("toolCall"), dict):
            # some agents describe a call only when they ask about it
            self._on_update(params["toolCall"] | {"sessionUpdate": "tool_call_update"})
        if message.get("method") != "session/update":
            return False
        if isinstance(params.get("update"), dict):
            self._on_update(params["update"])
        return True

    async def close(self) -> None:
        """Close the process's input."""
        self._writer.close()


def decoded(line: bytes) -> dict[str, Any] | None:
    """A line as a message; None for what is none: some agents print to stdout what belongs to stderr."""
    try:
        message = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        # half a surrogate pair, or bytes that are no UTF-8, inside an otherwise good message
        message = None
        with contextlib.suppress(ValueError, RecursionError):
            message = json.loads(line.decode("utf-8", "replace"))
    return message if isinstance(message, dict) else None
