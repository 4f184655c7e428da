"""Text is text: nothing that is shown is read as markup."""

from __future__ import annotations

from textual.content import Content


def read_no_markup() -> None:
    """Let Textual show every text as it is written.

    By default it reads ``[bold]`` and ``[@click=…]`` in what a button, an option, a title, a tooltip or a notification
    says; ``[/x]`` alone is an error there. We write none, and titles, names and commands of the person and of agents
    stand in all of these.
    """
    Content.from_markup = classmethod(_as_written)  # type: ignore[assignment, method-assign]


def _as_written(kind: type[Content], markup: str | Content, /, **_: object) -> Content:
    return markup if isinstance(markup, Content) else kind(markup)
