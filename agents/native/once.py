"""One question to a model, without tools and without a conversation."""

from __future__ import annotations

from contextlib import aclosing

from agents.errors import ModelError
from agents.model import Usage
from agents.native.conversation import User
from agents.native.models import Model
from agents.native.models.model import Retryable, Spent, TextPiece


async def ask_once(model: Model, system: str, text: str) -> tuple[str, Usage]:
    """The answer, and what it took (its cost is not known here).

    Raises:
        ModelError: the model cannot be asked, or does not answer now; it is not tried again.
    """
    written: list[str] = []
    usage = Usage()
    try:
        async with aclosing(model.stream(system, [User(text=text)], ())) as pieces:
            async for piece in pieces:
                if isinstance(piece, TextPiece) and not piece.thinking:
                    written.append(piece.text)
                elif isinstance(piece, Spent):
                    usage = piece.usage
    except Retryable as error:
        raise ModelError(f"{error.reason}.", "Try again in a moment.") from error
    return "".join(written).strip(), usage
