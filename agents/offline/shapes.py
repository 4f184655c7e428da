"""The smallest value that a JSON schema accepts: the answer of a player who was asked for JSON and knows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_EMPTY: dict[str, Any] = {"string": "", "boolean": False, "null": None}


def fitting_text(schema: Mapping[str, Any]) -> str:
    """The JSON of :func:`fitting`."""
    return msgspec.json.encode(fitting(schema)).decode()


def fitting(schema: Mapping[str, Any]) -> Any:
    """A value for a schema, in JSON's spelling or in Google's with its types in capitals."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if schema.get(choice):
            return fitting(schema[choice][0])
    kind = schema.get("type", "object")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        properties = schema.get("properties") or {}
        return {name: fitting(properties.get(name) or {"type": "string"}) for name in schema.get("required") or ()}
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "array":
        return [fitting(schema.get("items") or {"type": "string"}) for _ in range(int(schema.get("minItems", 0)))]
    return _EMPTY.get(kind, "")
