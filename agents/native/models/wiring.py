"""What the three wire formats share."""

from __future__ import annotations

import asyncio
import functools
import importlib
import re
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from agents.native.conversation import ToolCall
from agents.native.models.model import Endpoint

if TYPE_CHECKING:
    from openai import AsyncOpenAI


_KEEP_SECONDS = 60.0
"""How long a connection waits for the next request: longer than most tools run. A new one takes a tenth of a second."""


@functools.cache
def _trust() -> ssl.SSLContext:
    """One for all clients: each would take 30 ms and half a megabyte."""
    import httpx2

    return httpx2.create_ssl_context()


def http_client(make: Callable[..., Any], endpoint: Endpoint) -> Any:
    """An SDK's HTTP client with our time-outs. Proxies of the environment do not see loopback addresses."""
    import httpx2

    timeout = httpx2.Timeout(endpoint.patience.idle_seconds, connect=endpoint.patience.connect_seconds)
    limits = httpx2.Limits(keepalive_expiry=_KEEP_SECONDS)
    return make(timeout=timeout, limits=limits, trust_env=not endpoint.is_local, verify=_trust())


async def openai_client(endpoint: Endpoint) -> AsyncOpenAI:
    """The client both OpenAI formats use."""
    sdk = await asyncio.to_thread(importlib.import_module, "openai")
    client: AsyncOpenAI = sdk.AsyncOpenAI(
        api_key=endpoint.key,
        base_url=endpoint.base_url,
        max_retries=0,
        http_client=http_client(sdk.DefaultAsyncHttpxClient, endpoint),
    )
    return client


_AROUND_A_NAME = re.compile(r"\A\s*(?:functions|tools?|default_api)[.:]|<\|.*\Z", re.DOTALL)
"""What servers leave of a model's own notation: ``functions.bash``, ``bash<|channel|>json``."""


def tool_name(name: str) -> str:
    """The name of a tool as every provider takes it back: one that is odd or empty would be refused for ever."""
    return re.sub(r"[^\w-]+", "_", _AROUND_A_NAME.sub("", name).strip().lower(), flags=re.ASCII)[:64] or "unnamed"


def parsed_call(identity: str, name: str, text: str) -> ToolCall:
    """A tool call from the JSON text of its arguments, which may be anything."""
    name = tool_name(name)
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # halves of characters
    try:
        arguments = msgspec.json.decode(text or "{}")
        if isinstance(arguments, str):  # some encode twice
            arguments = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        return ToolCall(id=identity, name=name, malformed=text)
    return ToolCall(id=identity, name=name, arguments=arguments)


def argument_text(call: ToolCall) -> str:
    """The arguments of a call as JSON text, which is how OpenAI's formats want them back."""
    return msgspec.json.encode(call.arguments).decode()
