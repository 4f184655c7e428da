"""A prompt of an editor, in blocks, as our agent takes it: one text, with images as files that the text names."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from agents.errors import UsageError
from agents.native.host.pictures import IMAGE_LIMIT, SIDE_LIMIT, is_shown
from agents.prompts.image_chips import copy_name, mention
from agents.prompts.images import kind_of

_ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}


def prompt_text(blocks: Sequence[Any], attachments: Path) -> str:
    """Links by their names and addresses, embedded files in full, images by the paths they are kept at.

    Args:
        attachments: where images are kept.

    Raises:
        UsageError: an image is none that models can see.
    """
    return "\n".join(filter(None, (_told(block, attachments) for block in blocks)))


def _told(block: Any, attachments: Path) -> str:
    match block.type:
        case "text":
            return str(block.text)
        case "image":
            return _kept(block.data, block.uri or "", attachments)
        case "resource_link":
            path = _local_path(block.uri)
            is_image = path.suffix.lower() in (*_ENDINGS.values(), ".jpeg")
            return mention(path) if is_image else f"[{block.name}]({block.uri})"
        case "resource" if (text := getattr(block.resource, "text", None)) is not None:
            return f'<file uri="{block.resource.uri}">\n{text}\n</file>'
        case "resource" if (block.resource.mime_type or "") in _ENDINGS:
            return _kept(block.resource.blob, block.resource.uri, attachments)
        case "resource":
            return f"[{block.resource.uri}: attached, but not passed on, as it is neither text nor an image.]"
    return f"[{block.type}: attached, but not passed on, as the agent takes text and images only.]"


def _kept(encoded: str, uri: str, attachments: Path) -> str:
    """Keep an image as a file; how a prompt names it."""
    named = _local_path(uri)
    name = named.name or "An attached image"
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        data = b""
    kind = kind_of(data)
    if not kind:
        raise UsageError(f"{name} is no image that models can see.", "PNG, JPEG, GIF and WebP are.")
    if not is_shown(data):
        limits = f"{IMAGE_LIMIT >> 20} MB or {SIDE_LIMIT:,} pixels a side"
        raise UsageError(f"{name} is larger than {limits}, which is what models take.", "Attach a smaller copy.")
    digest = hashlib.sha256(data).hexdigest()[:10]
    copy = attachments / f"{digest}-{copy_name(Path((named.stem or 'image') + _ENDINGS[kind]))}"
    copy.write_bytes(data)
    return mention(copy)


def _local_path(uri: str) -> Path:
    """The path of an address of a file on this machine; an empty one for other addresses."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else Path()
