"""The keys of a pane."""

from __future__ import annotations

from textual.binding import Binding, BindingType

PANE_KEYS: list[BindingType] = [
    Binding("up,k", "scroll_rows(-1)", "Up", show=False, id="pane.up", tooltip="One row up"),
    Binding("down,j", "scroll_rows(1)", "Down", show=False, id="pane.down", tooltip="One row down"),
    Binding("pageup", "scroll_pages(-2)", "Page up", show=False, id="pane.page-up", tooltip="One screen up"),
    Binding("pagedown", "scroll_pages(2)", "Page down", show=False, id="pane.page-down", tooltip="One screen down"),
    Binding("u", "scroll_pages(-1)", "Half up", show=False, id="pane.half-up", tooltip="Half a screenful up"),
    Binding("d", "scroll_pages(1)", "Half down", show=False, id="pane.half-down", tooltip="Half a screenful down"),
    Binding("home,g", "scroll_start", "Begin", show=False, id="pane.start", tooltip="The first row"),
    Binding("end,G", "scroll_end", "Follow", show=False, id="pane.end", tooltip="The end, and follow it"),
    Binding("left_square_bracket", "step_entry(-1)", "Previous", key_display="[", show=False, id="pane.previous",
            tooltip="The entry before"),
    Binding("right_square_bracket", "step_entry(1)", "Next", key_display="]", show=False, id="pane.next",
            tooltip="The entry after"),
    Binding("left_curly_bracket", "step_prompt(-1)", "Prompt before", key_display="{", show=False,
            id="pane.previous-prompt", tooltip="The prompt before"),
    Binding("right_curly_bracket", "step_prompt(1)", "Prompt after", key_display="}", show=False,
            id="pane.next-prompt", tooltip="The prompt after"),
    Binding("slash,ctrl+f", "search", "Search", id="pane.search", tooltip="Find words in all that is here"),
    Binding("n", "go_to_found(-1)", "Before", show=False, id="pane.found-before",
            tooltip="The place found before this one, while there is a search"),
    Binding("N", "go_to_found(1)", "After", show=False, id="pane.found-after",
            tooltip="The place found after this one, while there is a search"),
    Binding("v", "choose_rows", "Choose", id="pane.choose",
            tooltip="Choose rows: arrows and page keys take more, y copies them"),
    Binding("o", "open_link", "Open", id="pane.open",
            tooltip="Open an address, or a place in a file, of the marked or the last entry; again: the next one"),
    Binding("escape", "drop", "Back", show=False, id="pane.drop",
            tooltip="Drop what is chosen or searched"),
    Binding("enter", "toggle_entry", "Unfold", id="pane.toggle", tooltip="Fold or unfold the marked entry"),
    *(
        Binding(str(n), f"answer({n})", f"Answer {n}", show=False, id=f"pane.answer-{n}",
                tooltip=f"Answer what the agent asks with option {n}")
        for n in range(1, 10)
    ),
    Binding("y", "copy_entry", "Copy", id="pane.copy", tooltip="Copy what is chosen, else the marked entry"),
]  # fmt: skip
