"""What a provider's errors mean: try again by ourselves, or call a person.

Both SDKs are generated alike, so their errors are read by shape, not by class: ``status_code``, ``body``,
``response.headers``. Errors inside a stream come as a body only, with status 200 or none (Anthropic's ``error`` event).
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from agents.errors import ModelError, ShopfloorError
from agents.native.models.model import Endpoint, ImagesRefused, Overflow, Retryable

_RETRIED = {408: "timed out", 409: "was in conflict", 425: "came too early", 429: "is limiting requests"}
_NAMED = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "timeout_error": 504,
    "api_error": 500,
    "server_error": 500,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "billing_error": 402,
    "insufficient_quota": 402,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
}
"""Statuses of errors that come without one."""
OVERFLOW = re.compile(
    r"(prompt|input|request) is too long|context.{0,8}(length|window|size)|too many (input )?tokens"
    r"|maximum.{0,20}tokens|maximum prompt length|exceed.{0,40}context|tokens? exceeds? the .{0,20}limit"
    r"|token (count|limit).{0,40}exceed|exceed.{0,20}token limit|reduce the length of the (messages|prompt|input)"
    r"|longer than the maximum",
    re.IGNORECASE,
)
"""How providers say that a conversation does not fit."""
_IMAGE = re.compile(r"\b(images?|image_url|pictures?)\b", re.IGNORECASE)
_END_SECONDS = 0.5
_NO_CREDIT = re.compile(r"credit balance|insufficient_quota|exceeded your current quota|billing", re.IGNORECASE)


class Declined(Exception):
    """The request was malformed in the provider's eyes (400 or 422)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


async def watched(endpoint: Endpoint, create: Callable[[], Awaitable[Any]]) -> AsyncGenerator[Any]:
    """The events of an SDK's stream, with its errors turned into ours.

    Raises:
        Declined: the provider does not take the request as it is.
        Retryable, ModelError: see :func:`meaning`.
    """
    try:
        async with asyncio.timeout(endpoint.patience.first_byte_seconds):
            stream = await create()
            await _see_that_it_streams(stream.response, endpoint)
        try:
            async for event in stream:
                yield event
        finally:
            await stream.close()
    except (ShopfloorError, Retryable, Declined):
        raise
    except TimeoutError as error:
        seconds = endpoint.patience.first_byte_seconds
        raise Retryable(f"{endpoint.host} said nothing for {seconds:g} seconds") from error
    except Exception as error:  # the SDK's, the transport's (not wrapped inside a stream), broken JSON
        ours = meaning(error, endpoint)
        if ours is error:
            raise
        raise ours from error


async def _see_that_it_streams(response: Any, endpoint: Endpoint) -> None:
    """The SDKs take a page or a document for a stream without events, as if it had been cut.

    Raises:
        ModelError: it is one; another try would bring the same.
    """
    kind = response.headers.get("content-type", "")
    is_document = kind.startswith("application/json") and "content-length" in response.headers
    if not is_document and not kind.startswith("text/html"):
        return
    said = ""
    with contextlib.suppress(ValueError):
        said = _one_line(_said(json.loads(await response.aread())))
    words = f": {said}" if said else ""
    raise ModelError(
        f"{endpoint.host} does not answer with a stream of events, but with {kind.partition(';')[0]}{words}.",
        _again("Look at base_url and model in the profile"),
    )


async def read_out(events: AsyncGenerator[Any]) -> None:
    """Read what still comes after the last event of an answer, which should be its end alone. Without that the
    connection could not be used again, and every request would begin with a new one. Who does not end soon is left."""
    with contextlib.suppress(TimeoutError, Retryable, ShopfloorError, Declined):  # the answer itself is complete
        async with asyncio.timeout(_END_SECONDS):
            async for _ in events:
                pass


def meaning(error: Exception, endpoint: Endpoint) -> Exception:
    """An error of an SDK or its transport as ours; anything else as it is."""
    message = _message(error)
    status = _status(error)
    if status is None:
        return _transport(error, endpoint)
    if _NO_CREDIT.search(message) and status in (400, 402, 403, 429):
        return ModelError(f"{endpoint.host} has no credit left for this key: {message}", _again("Add credit"))
    if status in (401, 403):
        return ModelError(
            f"{endpoint.host} does not accept the key in {endpoint.key_variable} (status {status}): {message}",
            f"Set {endpoint.key_variable} to a key that may use {endpoint.model}, then resume the task.",
        )
    if status == 404:
        return ModelError(
            f"{endpoint.host} does not know the model {endpoint.model!r}: {message}",
            _again("Correct model or base_url in the profile"),
        )
    if status == 413 or (status != 429 and OVERFLOW.search(message)):  # too many tokens may be those of a minute
        return overflow(message)
    if status in _RETRIED or status >= 500:
        what = "is overloaded" if status in (503, 529) else _RETRIED.get(status, "has a fault")
        return Retryable(f"{endpoint.host} {what} (status {status})", _retry_after(error))
    return Declined(f"status {status}: {message}")


def overflow(detail: str) -> Overflow:
    """The conversation has become longer than the model's window."""
    return Overflow(
        f"The conversation is longer than the model's context window: {detail}".rstrip(": "),
        "Start a new task from this branch, or use a profile whose model has a larger window.",
    )


def refused(problem: Declined, endpoint: Endpoint) -> ModelError:
    """A request the provider does not take, for a person."""
    kind = ImagesRefused if _IMAGE.search(problem.message) else ModelError
    return kind(
        f"{endpoint.host} does not take the request for {endpoint.model} ({problem.message}).",
        _again("Look at model, thinking and max_output in the profile"),
    )


def _again(what: str) -> str:
    return f"{what}, then resume the task."


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 400:
        return status
    body = getattr(error, "body", None)
    if not isinstance(body, Mapping):
        return None
    inner = body.get("error")
    for place in (inner if isinstance(inner, Mapping) else {}, body):
        for name in ("code", "type"):
            value = place.get(name)
            if isinstance(value, str) and value in _NAMED:
                return _NAMED[value]
            if isinstance(value, int) and value >= 400:
                return value
    return 500


def _message(error: Exception) -> str:
    """What the provider says, in one line."""
    return _one_line(_said(getattr(error, "body", None)) or str(error))


def _said(body: object) -> str:
    """The words of an error in the body of an answer; empty when there are none."""
    if not isinstance(body, Mapping):
        return ""
    inner = body.get("error")
    return str((inner if isinstance(inner, Mapping) else body).get("message") or "")


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"


def _transport(error: Exception, endpoint: Endpoint) -> Exception:
    """A failure below HTTP, from the SDK's wrapping or bare."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    names = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
    if "ConnectTimeout" in names:
        return Retryable(f"{endpoint.host} could not be reached in {endpoint.patience.connect_seconds:g} seconds")
    if "TimeoutException" in names:
        return Retryable(f"{endpoint.host} said nothing for {endpoint.patience.idle_seconds:g} seconds")
    if "ConnectError" in names:
        return Retryable(f"{endpoint.host} cannot be reached ({_message(Exception(causes[-1]))})")
    if names & {"TransportError", "APIConnectionError", "HTTPError", "StreamError"}:
        return Retryable(f"The connection to {endpoint.host} broke")
    if names & {"JSONDecodeError", "UnicodeDecodeError", "APIResponseValidationError"}:
        return Retryable(f"{endpoint.host} sent an answer that cannot be read")
    if names & {"APIError", "UnsupportedProtocol", "InvalidURL"}:
        return ModelError(
            f"{endpoint.host} cannot be used: {_message(error)}", _again("Look at base_url in the profile")
        )
    return error


def _retry_after(error: Exception) -> float | None:
    """Seconds from ``retry-after-ms`` or ``retry-after``, the latter also as a date."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return float(milliseconds) / 1000
        value = headers.get("retry-after")
        if not value:
            return None
        if re.fullmatch(r"[\d.]+", value):
            return float(value)
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
