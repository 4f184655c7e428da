"""Images that the person puts into prompts from outside a worktree: kept while one is written, then the task's."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Collection
from pathlib import Path

from agents import paths
from agents.errors import UsageError
from agents.prompts.image_chips import IMAGE_CHIP, copy_name, image_chip, mention
from agents.prompts.images import LIMIT_BYTES, kind_of


class Attachments:
    """The copies of images, as files: one for each chip, and one for each task that it was sent to."""

    def __init__(self) -> None:
        self._copying: dict[str, asyncio.Task[None]] = {}
        """Copies that are being made, by digest: a prompt that was sent meanwhile waits for them."""

    async def keep(self, path: str) -> str:
        """Copy an image; the chip that stands for it.

        Raises:
            UsageError: there is no image, or it is too large.
        """
        try:
            chip = image_chip(path)
        except OSError as error:
            raise UsageError(f"The image {path} cannot be read: {error.strerror}.", "Paste its path again.") from error
        (digest,) = IMAGE_CHIP.findall(chip)
        if _copy_of(digest, paths.images_dir()) is None:
            work = self._copying.get(digest) or asyncio.create_task(asyncio.to_thread(_copy, Path(path), digest))
            self._copying[digest] = work
            work.add_done_callback(lambda _: self._copying.pop(digest, None))
            await asyncio.shield(work)
        return chip

    async def give(self, text: str, task: str) -> str:
        """Let a task have the images of a text's chips among its attachments, from now on whatever becomes of the other
        copies.

        Returns:
            The text as a prompt for the task, which names them by their paths. A chip of which nothing is known stays.
        """
        named: dict[str, str] = {}
        for digest in set(IMAGE_CHIP.findall(text)):
            if (work := self._copying.get(digest)) is not None:
                await asyncio.wait([work])
            given = _copy_of(digest, paths.attachments_dir(task))
            if given is None and (image := _copy_of(digest, paths.images_dir())) is not None:
                given = paths.make_private(paths.attachments_dir(task)) / image.name
                await asyncio.to_thread(shutil.copyfile, image, given)
            if given is not None:
                named[digest] = mention(given)
        return IMAGE_CHIP.sub(lambda chip: named.get(chip[1], chip[0]), text)

    def drop_unused(self, used: Collection[str]) -> None:
        """Delete the copies whose digests are not among these; those that tasks have stay."""
        for image in paths.images_dir().glob("*"):
            if image.name.partition("-")[0] not in used:
                image.unlink(missing_ok=True)


def _copy_of(digest: str, folder: Path) -> Path | None:
    return next(folder.glob(f"{digest}-*"), None)


def _copy(path: Path, digest: str) -> None:
    with path.open("rb") as source:
        data = source.read(LIMIT_BYTES + 1)
    if len(data) > LIMIT_BYTES:
        raise UsageError(f"{path} is larger than {LIMIT_BYTES >> 20} MB.", "Make a smaller copy of it and paste that.")
    if not kind_of(data):
        raise UsageError(f"{path} is no image that agents can see.", "PNG, JPEG, GIF and WebP are.")
    folder = paths.make_private(paths.images_dir())
    partial = folder / f".{digest}"
    partial.write_bytes(data)
    partial.rename(folder / f"{digest}-{copy_name(path)}")
