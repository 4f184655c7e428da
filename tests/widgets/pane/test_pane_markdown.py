"""Streaming Markdown: the lines it stands for, however it arrives."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from widgets.transcript.blocks import lay_item
from widgets.transcript.code import CHUNK_LINES
from widgets.transcript.markdown import MarkdownText


def shown(text: str, width: int = 40) -> list[str]:
    """The rows of a text without their styles and without blanks at their ends."""
    items = MarkdownText(text).items
    return ["".join(text for text, _ in row.spans).rstrip() for item in items for row in lay_item(item, width)]


def styles_of(text: str, part: str) -> str:
    """The style names of the span that holds ``part``."""
    for item in MarkdownText(text).items:
        for row in lay_item(item, 80):
            for span, style in row.spans:
                if part in span:
                    return style
    raise AssertionError(f"{part!r} is not shown for {text!r}")


PIECES = [
    "word", "two words", "**bold**", "`code`", "*", "**", "`", "```", "```python\n", "~~~", "# ", "## Title\n", "- ",
    "* ", "+ ", "1. ", "2. ", "3) ", "10. ", "> ", "\n", "\n\n", "\n\n\n", "    ", "  ", " ", "\t", "---", "===",
    "| a | b |\n", "|---|:-:|\n", "| 1 | 2 |\n", "[x](http://y)", "[x]: /u\n", "\r\n", "\r", "\x1b[31m", "&#27;",
    "<b>", "é", "字", "x = 'a'\n", "\\", "![i](p.png)", "- [ ] ",
]  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=24), st.lists(st.integers(0, 200), max_size=8))
@example(["- ", "word", "\n", "- ", "word"], [7])
@example(["1. ", "word", "\n", "\n", "2. ", "word", "\n", "word"], [8, 12])
@example(["2. ", "word", "\n", "```python\n", " ", "```", "\n", "word"], [9, 20, 24])
@example(["```", "\n", "\r", "\r\n", "```", "\n"], [5, 6])
def test_any_cut_of_the_text_gives_the_same_lines_as_the_whole(pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    streamed = MarkdownText()
    for start, end in pairwise(places):
        streamed.append(text[start:end])
        whole = MarkdownText(text[:end]).items
        assert streamed.items == whole, f"{text[:end]!r} cut at {places} gives other lines"


def test_finished_blocks_are_not_made_again() -> None:
    streamed = MarkdownText("# Title\n\nfirst paragraph\n\n- a\n- b\n")
    before = streamed.items[:5]
    for letter in "- c\n\nlast":
        streamed.append(letter)
        assert streamed.items
    assert all(old is new for old, new in zip(before, streamed.items, strict=False)), "a finished block was redone"


def test_long_code_is_the_same_letter_by_letter_as_at_once() -> None:
    text = "before\n\n```python\ny = 1\n" + "x = '''a\n# b'''\n" * CHUNK_LINES + "```\nafter\n"
    streamed, seen = MarkdownText(), 0
    for letter in text:
        streamed.append(letter)
        seen = max(seen, len(streamed.items))
    assert streamed.items == MarkdownText(text).items
    assert seen > 2 * CHUNK_LINES


def test_headings_paragraphs_and_lists_stand_apart() -> None:
    text = "# One\nfirst\nline two\n\n- a\n- b\n  1. c\n  2. d\n\n\n- e\n> q\n"
    assert shown(text) == [
        "One", "", "first", "line two", "", "• a", "• b", "  1. c", "  2. d", "• e", "", "▎ q"
    ]  # fmt: skip


def test_an_ordered_list_counts_on_from_its_first_number() -> None:
    streamed = MarkdownText()
    for piece in ("3. a\n", "3. b\n", "3. c\n", "\npara\n\n", "7. x\n"):
        streamed.append(piece)
        assert streamed.items
    rows = ["".join(text for text, _ in row.spans) for item in streamed.items for row in lay_item(item, 40)]
    assert rows == ["3. a", "4. b", "5. c", "", "para", "", "7. x"]


def test_wrapped_list_items_hang_below_their_text() -> None:
    assert shown("- one two three four", 12) == ["• one two", "  three four"]


def test_table_columns_align_and_long_cells_wrap() -> None:
    rows = shown("| name | n |\n|---|--:|\n| a long cell of text | 5 |\n", 20)
    assert rows == ["name             │ n", "─────────────────┼──", "a long cell of   │ 5", "text             │"]


def test_code_keeps_its_blanks_and_is_highlighted() -> None:
    assert shown("```python\ndef f():\n    return 1\n```") == [" def f():", "     return 1"]
    assert "code-keyword" in styles_of("```python\ndef f():\n    return 1\n```", "def")
    assert styles_of("```nolanguage\ndef f():\n```", "def") == "code"


def test_a_fence_that_is_being_closed_is_not_shown_as_code() -> None:
    assert shown("```\ncode\n``") == [" code"]


@pytest.mark.parametrize(
    "text", ["\x1b]0;title\x07 x", "&#27;[31m x", "`\x1b[2J` x", "```\n\x9b2J x\n```", "# \u202e x"]
)
def test_control_characters_are_shown_and_never_passed_on(text: str) -> None:
    joined = "".join(shown(text))
    bad = [character for character in joined if ord(character) < 32 or 0x7F <= ord(character) < 0xA0]
    assert not bad, f"{bad!r} would reach the terminal"
    assert "\u202e" not in joined
    assert "x" in joined


def test_html_and_rich_markup_are_text() -> None:
    assert shown("<b>x</b> [red]y[/red]") == ["<b>x</b> [red]y[/red]"]


def test_a_link_shows_where_it_leads() -> None:
    assert shown("[here](https://example.org/x)") == ["here (https://example.org/x)"]
    assert shown("<https://example.org>") == ["https://example.org"]
