"""What goes over the engine's socket: JSON-RPC 2.0, one object a line.

The methods are those of :class:`agents.api.Api`, with named parameters, and ``part.method`` for those of its parts;
their types are read off the annotations, so that both ends agree by construction. A connection that called
``subscribe`` receives ``events`` notifications; ``watch`` says which tasks' details it wants.
"""

from __future__ import annotations

import errno
import inspect
from collections.abc import Iterator, Mapping, Sequence
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


def _method(name: str, function: Any) -> Method:
    hints = get_type_hints(function)
    signature = inspect.signature(function)
    fields: list[Any] = []
    for parameter in list(signature.parameters.values())[1:]:
        kind = hints[parameter.name]
        required = parameter.default is inspect.Parameter.empty
        fields.append((parameter.name, kind) if required else (parameter.name, kind, parameter.default))
    parameters = msgspec.defstruct(f"{name.replace('.', '_')}_parameters", fields, forbid_unknown_fields=True)
    return Method(name=name, parameters=parameters, result=hints["return"], signature=signature)


class Methods(Mapping[str, Method]):
    """Everything that can be called on a protocol and on its parts, by name.

    A part is an annotated attribute (``queues: Queues``) whose type is a protocol of its own. The types of a method are
    read when it is first asked for: a screen calls a few of many, and reading all of them would delay it visibly.
    """

    def __init__(self, api: type) -> None:
        self._functions = dict(_functions(api))
        self._read: dict[str, Method] = {}

    def __getitem__(self, name: str) -> Method:
        if name not in self._read:
            self._read[name] = _method(name, self._functions[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)


def _functions(api: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, function in vars(api).items():
        if not name.startswith("_") and name != "subscribe" and inspect.isfunction(function):
            yield f"{prefix}{name}", function
    for part, kind in get_type_hints(api).items():
        if not part.startswith("_"):
            yield from _functions(kind, f"{prefix}{part}.")


METHODS = Methods(Api)
"""``subscribe`` and ``watch`` are not among them: they belong to the connection itself."""

encode = msgspec.json.Encoder().encode
decode_request = msgspec.json.Decoder(Request).decode
decode_response = msgspec.json.Decoder(Response).decode
decode_events = msgspec.json.Decoder(Sequence[AnyEvent]).decode


_DISK = {
    errno.ENOSPC: "Make room, and try again.",
    errno.EDQUOT: "Make room, and try again.",
    errno.EROFS: "See that it can be written, and try again.",
    errno.EIO: "It may be failing: look at it before anything else.",
}
"""What a person can do about what a disk says."""


def fault_of(error: Exception) -> Fault:
    """An error as it goes over the socket."""
    if isinstance(error, ShopfloorError):
        return Fault(message=error.message, kind=type(error).__name__, hint=error.hint)
    if isinstance(error, msgspec.MsgspecError):
        return Fault(message=f"The call does not have the form the engine expects: {error}.", kind="UsageError")
    if isinstance(error, OSError) and error.errno in _DISK:
        place = f" ({error.filename})" if error.filename else ""
        return Fault(
            message=f"The disk refuses: {error.strerror}{place}.", kind="ShopfloorError", hint=_DISK[error.errno]
        )
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
