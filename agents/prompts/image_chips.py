"""Images while a prompt is written: one that lies outside the worktree is a *chip*, as long pasted texts are.

The engine keeps a copy of it, and puts that among the attachments of the task that the prompt goes to. Nothing but a
chip brings an image from elsewhere to an agent: a prompt may also quote what an agent has written.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agents.prompts.chips import digest_of
from agents.prompts.images import ENDING, LIMIT_BYTES, kind_of

IMAGE_CHIP = re.compile(r"⟦image [^⟦⟧]*? #([0-9a-f]{10})⟧")
"""A chip that stands for an image; its group is the digest."""
LONGEST_PASTE = 10_000
"""Characters; what is longer is not looked at for paths."""
LONGEST_NAME = 40

_ELSEWHERE = re.compile(rf'(?<![\w/])@(?:"([/~][^"\n]*{ENDING})"|([/~][^\s@()"]*{ENDING}))(?!\w)', re.IGNORECASE)
_ATTACHED = re.compile(
    rf'@"?/[^"\n]*?/(?:tasks|acp)/[^/\s]+/attachments/[0-9a-f]{{10}}-([\w.-]+{ENDING})"?', re.IGNORECASE
)


def pasted_images(text: str) -> list[str]:
    """The images whose paths are all that was pasted: terminals paste a file that is dropped on them as its path,
    quoted, escaped or as a ``file://`` address. Empty when anything else was."""
    if len(text) > LONGEST_PASTE or not re.search(ENDING, text, re.IGNORECASE):
        return []
    whole = _path(text.strip())
    if _is_image(whole):
        return [whole]
    try:
        words = [_path(word) for word in shlex.split(text)]
    except ValueError:
        return []
    return words if words and all(_is_image(word) for word in words) else []


def with_chips(text: str) -> tuple[str, dict[str, str]]:
    """What a person has written, with chips in place of the images that it names by ``@`` and their full path; and
    these paths by their chips."""
    found: dict[str, str] = {}

    def chip(match: re.Match[str]) -> str:
        path = str(Path(match[1] or match[2]).expanduser())
        if not _is_image(path):
            return match[0]
        name = image_chip(path)
        found[name] = path
        return name

    return _ELSEWHERE.sub(chip, text), found


def image_chip(path: str) -> str:
    """The chip that stands for an image as it is now.

    Raises:
        OSError: it is not there.
    """
    file = Path(path).absolute()
    status = file.stat()
    name = re.sub(r"[⟦⟧#\s]+", " ", file.name).strip()
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME // 2]}…{name[1 - LONGEST_NAME // 2 :]}"
    return f"⟦image {name} #{digest_of(f'{file} {status.st_mtime_ns} {status.st_size}')}⟧"


def mention(path: Path) -> str:
    """How a prompt names an image."""
    return f'@"{path}"' if re.search(r"[\s()@]", str(path)) else f"@{path}"


def with_names(text: str) -> str:
    """A prompt for people: attachments by their names alone."""
    return _ATTACHED.sub(lambda match: f"[image: {match[1]}]", text) if "/attachments/" in text else text


def copy_name(path: Path) -> str:
    """The name of a copy: nothing that would have to be quoted."""
    return (re.sub(r"[^\w.-]+", "-", path.stem, flags=re.ASCII).strip("-.")[:60] or "image") + path.suffix.lower()


def _path(word: str) -> str:
    """What was pasted, as a path of this machine; empty for an address elsewhere."""
    if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"":
        word = word[1:-1]
    if word.startswith("file://"):
        parts = urlsplit(word)
        return unquote(parts.path) if parts.netloc in ("", "localhost") else ""
    word = re.sub(r"\\(.)", r"\1", word)
    return str(Path(word).expanduser()) if word.startswith("~/") else word


def _is_image(path: str) -> bool:
    file = Path(path)
    if not file.is_absolute():
        return False
    try:
        if not file.is_file() or file.stat().st_size > LIMIT_BYTES:
            return False
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            return bool(kind_of(opened.read(16)))
    except (OSError, ValueError):
        return False
