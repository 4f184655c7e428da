"""What goes over the engine's socket: JSON-RPC 2.0, one object a line.

The methods are those of :class:`agents.api.Api`, with named parameters, and ``part.method`` for those of its parts;
their types are read off the annotations, so that both ends agree by construction. A connection that called
``subscribe`` receives ``events`` notifications; ``watch`` says which tasks' details it wants.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, get_type_hints

import msgspec

from agents import errors
from agents.api import Api
from agents.errors import ShopfloorError
from agents.events import AnyEvent

LINE_LIMIT = 256 * 1024 * 1024
"""Bytes of one line: a large diff is one line."""


class Request(msgspec.Struct, omit_defaults=True):
    """A call; without an id nobody waits for the answer."""

    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | None = None
    jsonrpc: str = "2.0"


class Subscribe(msgspec.Struct):
    """Parameters of ``subscribe``."""

    since: int = 0


class Watch(msgspec.Struct):
    """Parameters of ``watch``."""

    tasks: list[str]
    known: dict[str, int] = {}


class Fault(msgspec.Struct):
    """Why a call could not be answered."""

    message: str
    code: int = -32000
    kind: str = "ShopfloorError"
    """Name of the class in :mod:`agents.errors`."""
    hint: str = ""


class Response(msgspec.Struct, omit_defaults=True):
    """An answer, or a notification of events (then without an id)."""

    id: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Fault | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"null")
    jsonrpc: str = "2.0"


class Method(msgspec.Struct):
    """One method of the Api as it goes over the socket."""

    name: str
    """As it is called: ``send``, or ``part.method``."""
    parameters: Any
    """A struct type with the method's parameters as fields."""
    result: Any
    signature: inspect.Signature
    documentation: str


def _method(name: str, function: Any) -> Method:
    hints = get_type_hints(function)
    signature = inspect.signature(function)
    fields: list[Any] = []
    for parameter in list(signature.parameters.values())[1:]:
        kind = hints[parameter.name]
        required = parameter.default is inspect.Parameter.empty
        fields.append((parameter.name, kind) if required else (parameter.name, kind, parameter.default))
    parameters = msgspec.defstruct(f"{name.replace('.', '_')}_parameters", fields, forbid_unknown_fields=True)
    documentation = inspect.getdoc(function) or ""
    return Method(
        name=name, parameters=parameters, result=hints["return"], signature=signature, documentation=documentation
    )


def methods_of(api: type, prefix: str = "") -> dict[str, Method]:
    """Everything that can be called on a protocol and on its parts, by name.

    A part is an annotated attribute (``queues: Queues``) whose type is a protocol of its own.
    """
    found = {
        f"{prefix}{name}": _method(f"{prefix}{name}", function)
        for name, function in vars(api).items()
        if not name.startswith("_") and name != "subscribe" and inspect.isfunction(function)
    }
    for part, kind in get_type_hints(api).items():
        if not part.startswith("_"):
            found |= methods_of(kind, f"{prefix}{part}.")
    return found


METHODS: dict[str, Method] = methods_of(Api)
"""``subscribe`` and ``watch`` are not among them: they belong to the connection itself."""

encode = msgspec.json.Encoder().encode
decode_request = msgspec.json.Decoder(Request).decode
decode_response = msgspec.json.Decoder(Response).decode
decode_events = msgspec.json.Decoder(Sequence[AnyEvent]).decode


def fault_of(error: Exception) -> Fault:
    """An error as it goes over the socket."""
    if isinstance(error, ShopfloorError):
        return Fault(message=error.message, kind=type(error).__name__, hint=error.hint)
    if isinstance(error, msgspec.MsgspecError):
        return Fault(message=f"The call does not have the form the engine expects: {error}.", kind="UsageError")
    return Fault(
        message=f"A fault of Shopfloor itself: {type(error).__name__}: {error}.",
        hint="The engine's log has the details; `shopfloor doctor` says where it is.",
    )


def error_of(fault: Fault) -> ShopfloorError:
    """The error that a fault stands for."""
    kind = getattr(errors, fault.kind, ShopfloorError)
    if not (isinstance(kind, type) and issubclass(kind, ShopfloorError)):
        kind = ShopfloorError
    return kind(fault.message, fault.hint)
