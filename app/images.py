"""Images that the person names in a prompt, on their way to the engine."""

from __future__ import annotations

from agents.api import Api
from agents.image_chips import with_chips


async def with_images(api: Api, text: str) -> str:
    """What the person has written, with chips for images that lie outside the worktree; the engine keeps copies.

    Raises:
        ShopfloorError: one of them cannot be kept.
    """
    text, images = with_chips(text)
    for path in images.values():
        await api.writing.attach_image(path)
    return text
