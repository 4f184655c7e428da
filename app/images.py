"""What the person pastes into a text, and the images that it names, on their way to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.api import Api
from agents.prompts.image_chips import with_chips

if TYPE_CHECKING:  # verbs do without Textual
    from widgets.chip_area import ChipArea


async def keep_pasted(api: Api, pasted: ChipArea.Pasted) -> None:
    """Let the engine keep a long text or an image that was pasted, so that it outlives the screen.

    Raises:
        ShopfloorError: it cannot be kept.
    """
    await (api.writing.attach_image(pasted.image) if pasted.image else api.writing.attach(pasted.text))


async def with_images(api: Api, text: str) -> str:
    """What the person has written, with chips for images that lie outside the worktree; the engine keeps copies.

    Raises:
        ShopfloorError: one of them cannot be kept.
    """
    text, images = with_chips(text)
    for path in images.values():
        await api.writing.attach_image(path)
    return text
