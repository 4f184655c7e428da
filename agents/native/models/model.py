"""The protocol between the loop and a model, and the choice of what stands behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Literal, Protocol
from urllib.parse import urlsplit

from agents.errors import ModelError
from agents.model import Struct, Usage
from agents.native.conversation import Message, Part
from agents.native.tools import ToolSpec
from agents.profiles import NativeSection

Wire = Literal["anthropic", "openai", "openai-chat"]

KEY_VARIABLES: dict[Wire, str] = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openai-chat": "OPENAI_API_KEY",
}
_URL_VARIABLES: dict[Wire, str] = {
    "anthropic": "ANTHROPIC_BASE_URL",
    "openai": "OPENAI_BASE_URL",
    "openai-chat": "OPENAI_BASE_URL",
}
_URLS: dict[Wire, str] = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
    "openai-chat": "https://api.openai.com/v1",
}


class TextPiece(Struct, kw_only=True):
    """The answer grows, or the reasoning before it."""

    text: str
    thinking: bool = False


class PartDone(Struct, kw_only=True):
    """A part of the answer is complete, with everything the provider wants back later."""

    part: Part


class Spent(Struct, kw_only=True):
    """Tokens the request has used so far (its cost is not known here). A later one replaces it."""

    usage: Usage


class Stopped(Struct, kw_only=True):
    """The answer is complete. The last piece of every stream that was not cut."""

    reason: Literal["end", "length", "refusal", "overflow"]
    """``end`` whether tools are called or not; ``length``: the limit of an answer; ``overflow``: that of the window."""


Piece = TextPiece | PartDone | Spent | Stopped


class Retryable(Exception):
    """The request failed in a way that may pass by itself: limits, overload, a broken connection, silence."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        """What happened, as the beginning of a sentence."""
        self.retry_after = retry_after
        """Seconds the provider asks to wait."""


class Overflow(ModelError):
    """The conversation is longer than the model's context window."""


class ImagesRefused(ModelError):
    """The provider does not take an image of the conversation, and would not with any request after it."""


class Patience(Struct, kw_only=True):
    """How long a provider may be silent, in seconds."""

    connect_seconds: float = 15.0
    first_byte_seconds: float = 300.0
    """From the request to the beginning of the answer; a model on a small machine reads a long prompt for minutes."""
    idle_seconds: float = 300.0
    """Between two bytes. When it is shorter than the time for the first byte, it counts for that too."""


class Endpoint(Struct, kw_only=True):
    """Where a model is and how to get in."""

    wire: Wire
    base_url: str
    key: str
    key_variable: str
    """The environment variable the key comes from: what a person has to change when it is wrong."""
    model: str
    max_output: int
    thinking: Literal["off", "low", "medium", "high"] = "off"
    patience: Patience = Patience()

    @property
    def host(self) -> str:
        """For people."""
        return urlsplit(self.base_url).netloc or self.base_url

    @property
    def is_local(self) -> bool:
        """On this machine: proxies must not see it."""
        return urlsplit(self.base_url).hostname in ("127.0.0.1", "localhost", "::1")


class Model(Protocol):
    """A model at an endpoint."""

    endpoint: Endpoint

    def stream(self, system: str, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> AsyncGenerator[Piece]:
        """Ask for the next answer to a repaired conversation.

        Raises:
            Retryable: it may work later.
            ModelError: it will not until a person acts.
        """

    async def close(self) -> None:
        """Give up connections. Safe to call twice."""


def open_model(
    section: NativeSection, environment: Mapping[str, str], base_url: str = "", patience: Patience | None = None
) -> Model:
    """The model a profile names.

    Args:
        environment: where keys and base URLs are looked up.
        base_url: instead of the profile's and the environment's.

    Raises:
        ModelError: no key, no model or no address.
    """
    endpoint = _endpoint(section, environment, base_url, patience or Patience())
    # each of these modules is small; the SDK behind it is imported by the first request
    from agents.native.models.anthropic import AnthropicModel
    from agents.native.models.openai_chat import ChatModel
    from agents.native.models.openai_responses import ResponsesModel

    models: dict[Wire, type[Model]] = {
        "anthropic": AnthropicModel,
        "openai": ResponsesModel,
        "openai-chat": ChatModel,
    }
    return models[endpoint.wire](endpoint)  # type: ignore[call-arg]


def _endpoint(section: NativeSection, environment: Mapping[str, str], base_url: str, patience: Patience) -> Endpoint:
    is_offline = section.provider == "offline"
    wire: Wire = section.wire if section.provider == "offline" else section.provider
    if is_offline and not base_url:
        raise ModelError("The offline model's server is not running.", "Restart the engine: shopfloor engine stop")
    if not section.model and not is_offline:
        raise ModelError("The profile names no model.", 'Add model = "…" to the [native] section of the profile.')
    variable = section.api_key_env or KEY_VARIABLES[wire]
    key = "offline" if is_offline else environment.get(variable, "").strip()
    if not key and section.needs_key:
        raise ModelError(
            f"There is no API key: the environment variable {variable} is not set.",
            f"Set {variable} where the engine gets its environment, then resume the task.",
        )
    model = (section.scenario if is_offline else "") or section.model or "offline"
    return Endpoint(
        wire=wire,
        base_url=(base_url or section.base_url or environment.get(_URL_VARIABLES[wire], "") or _URLS[wire]),
        key=key or "none",
        key_variable=variable,
        model=model,
        max_output=section.max_output,
        thinking=section.thinking,
        patience=patience,
    )
