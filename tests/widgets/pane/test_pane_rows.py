"""Entries as rows, kept up to date entry by entry."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pane_scenes import NOW, Script

from agents.events import AnyEvent, EntryChanged
from agents.model import ToolUse
from widgets.transcript.entries import EDIT_ROWS, PROMPT_ROWS
from widgets.transcript.model import EVERYTHING, Transcript
from widgets.transcript.rows import RowTable

DIFF = "--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n def f():\n-    return 1\n+    return 2\n pass\n"


def a_table(*events: AnyEvent, width: int = 60, limit: int = 5000, now: float = NOW) -> tuple[Transcript, RowTable]:
    """The rows of a transcript after some events."""
    transcript = Transcript()
    table = RowTable(transcript, width, limit)
    for event in events:
        entry = transcript.feed(event)
        assert entry is not None, f"{event} changed nothing"
        table.update(entry, now)
    return transcript, table


def text_of(table: RowTable) -> list[str]:
    """All rows, without blanks at their ends."""
    return ["".join(text for text, _ in table.row(index).spans).rstrip() for index in range(len(table))]


def test_a_prompt_says_who_said_it_and_stands_beside_a_bar() -> None:
    script = Script()
    _, table = a_table(script.add("prompt", "Fix it.\nThen stop.", origin="review", turn=2))
    assert text_of(table) == ["", "▌ your review  turn 2", "▌ Fix it.", "▌ Then stop."]


def test_a_long_prompt_is_folded_and_unfolds() -> None:
    script = Script()
    _, table = a_table(script.add("prompt", "\n".join(f"line {n}" for n in range(40)), origin="person"))
    assert text_of(table)[-1] == f"▌ ▸ {40 - PROMPT_ROWS} more lines"
    assert table.row(len(table) - 1).click == "toggle"
    table.toggle(1, NOW)
    assert "▌ line 39" in text_of(table)


def test_thinking_is_one_row_with_its_first_words_and_unfolds() -> None:
    script = Script()
    _, table = a_table(script.add("thinking", "Where is it?\n\nIn the cart."))
    assert text_of(table) == ["", "▸ thought  Where is it?"]
    table.toggle(1, NOW)
    assert text_of(table) == ["", "▾ thinking", "  Where is it?", "  In the cart."]


@pytest.mark.parametrize(
    ("fields", "row"),
    [
        ({"seconds": 2.14}, "✓ bash  make test  2.1s ▸"),
        ({"status": "interrupted", "seconds": 65.0}, "■ bash  make test  interrupted  1m 05s ▸"),
        ({"status": "failed"}, "✗ bash  make test  failed ▸"),
    ],
)
def test_a_tool_call_is_one_row_with_glyph_and_word(fields: dict[str, Any], row: str) -> None:
    script = Script()
    _, table = a_table(script.tool("bash", "make test", **fields))
    assert text_of(table) == ["", row]


def test_the_clock_of_a_running_tool_moves_once_a_second() -> None:
    script = Script()
    _, table = a_table(script.tool("bash", "make test", status="running"), now=NOW + 3.2)
    assert text_of(table)[-1] == "● bash  make test  running  3s ▸"
    assert table.tick(NOW + 3.9) == [], "the same second is shown anew"
    assert table.tick(NOW + 4.1) == [1]
    assert text_of(table)[-1] == "● bash  make test  running  4s ▸"
    assert table.has_clock


def test_a_failed_command_shows_its_last_three_rows() -> None:
    script = Script()
    _, table = a_table(script.tool("bash", "make test", status="failed", output="a\nb\nc\nd\n"))
    assert text_of(table)[2:] == ["  │ b", "  │ c", "  │ d"]


def test_a_tool_call_unfolds_to_arguments_and_the_end_of_its_output() -> None:
    script = Script()
    output = "\n".join(f"out {n}" for n in range(300))
    _, table = a_table(script.tool("bash", "make", arguments={"command": "make\nall", "limit": 3}, output=output))
    table.toggle(1, NOW)
    rows = text_of(table)
    assert rows[2:5] == ["  command make", "          all", "  limit 3"]
    assert rows[5] == "  │ … 100 earlier lines"
    assert rows[-1] == "  │ out 299"


def test_live_output_of_an_unfolded_command_is_shown_as_it_comes() -> None:
    script = Script()
    transcript, table = a_table(script.tool("bash", "make", status="running"))
    table.toggle(1, NOW)
    transcript.feed(script.grow("compiling\n", "output"))
    assert table.update(1, NOW) == 2
    assert text_of(table)[-1] == "  │ compiling"


def test_an_edit_shows_its_small_diff_with_numbers_and_signs() -> None:
    script = Script()
    _, table = a_table(script.tool("edit", "x.py", diff=DIFF))
    assert text_of(table)[1:] == [
        "✓ edit  x.py  +1 −1 ▸", "  1   def f():", "  2 −     return 1", "  2 +     return 2", "  3   pass"
    ]  # fmt: skip
    assert [table.row(index).fill for index in (3, 4)] == ["removed", "added"]


def test_a_long_edit_is_cut_and_unfolds() -> None:
    script = Script()
    diff = "--- a/x\n+++ b/x\n@@ -0,0 +1,40 @@\n" + "".join(f"+line {n}\n" for n in range(40))
    _, table = a_table(script.tool("write", "x", diff=diff))
    assert text_of(table)[-1].strip() == f"▸ {40 - EDIT_ROWS} more lines"
    table.toggle(1, NOW)
    assert any("line 39" in row for row in text_of(table))


def test_a_check_says_that_it_passed_or_how_it_failed() -> None:
    script = Script()
    passed = script.add("check", tool=ToolUse(name="lint", title="ruff check", status="done", seconds=0.3))
    failed = script.add("check", tool=ToolUse(name="tests", title="pytest", status="failed", output="E\n1 failed"))
    _, table = a_table(passed, failed)
    rows = text_of(table)
    assert rows[1] == "✓ check lint  ruff check  passed  0.3s ▸"
    assert rows[3:] == ["✗ check tests  pytest  failed ▸", "  │ E", "  │ 1 failed"]


def test_control_characters_in_output_titles_and_prompts_are_shown() -> None:
    script = Script()
    _, table = a_table(
        script.add("prompt", "a\x1b[2Jb"),
        script.tool("bash", "printf '\x1b]0;x\x07'", status="failed", output="50%\r100%\r\n\x1b[31mred\x1b[0m"),
        script.add("error", "\x9bno"),
    )
    joined = "\n".join(text_of(table))
    active = [
        character for character in joined if character != "\n" and (character < " " or "\x7f" <= character < "\xa0")
    ]
    assert not active, f"{active} would reach the terminal"
    assert "␛[2Jb" in joined
    assert "50%" not in joined, "a line that was overwritten is still there"


def test_tools_and_thinking_stand_close_and_text_stands_apart() -> None:
    script = Script()
    _, table = a_table(
        script.tool("read", "a"), script.tool("read", "b"), script.add("text", "So."), script.tool("read", "c")
    )  # fmt: skip
    assert text_of(table) == ["", "✓ read  a ▸", "✓ read  b ▸", "", "So.", "", "✓ read  c ▸"]


def test_growing_text_only_changes_rows_from_its_open_block_on() -> None:
    script = Script()
    transcript, table = a_table(script.add("text", "# Title\n\nfirst paragraph\n\nsecond", done=False))
    before = [table.row(index) for index in range(5)]
    transcript.feed(script.grow(" paragraph goes on"))
    assert table.update(1, NOW) == 5
    assert all(table.row(index) is before[index] for index in range(5)), "finished rows were laid out again"
    assert text_of(table)[5] == "second paragraph goes on"


def test_wide_characters_never_make_a_row_too_wide() -> None:
    script = Script()
    _, table = a_table(
        script.add("text", "字" * 30 + " `字字` 👩‍👩‍👧 e\u0301 " + "x" * 50), script.tool("bash", "字" * 40), width=21
    )
    from rich.cells import cell_len

    for index, row in enumerate(text_of(table)):
        assert cell_len(row) <= 21, f"row {index} takes {cell_len(row)} columns: {row!r}"


def test_old_entries_are_let_go_of_beyond_the_limit_and_a_row_says_so() -> None:
    script = Script()
    events = [script.add("text", f"entry {n}") for n in range(60)]
    transcript, table = a_table(*events, limit=50)
    assert table.trim()
    assert len(table) <= 50
    rows = text_of(table)
    assert rows[0].startswith("↑ earlier output")
    assert table.row(0).click == "earlier"
    assert rows[-1] == "entry 59"
    assert rows[2] == f"entry {transcript.entries[0].id - 1}"
    transcript.prepend([event.entry for event in events], earlier=False)
    table.relay(NOW)
    assert text_of(table)[1] == "entry 0"


def test_rows_of_an_entry_are_found_and_belong_to_it() -> None:
    script = Script()
    _, table = a_table(script.add("text", "one\n\ntwo"), script.add("notice", "n"), script.add("text", "three"))
    for entry in (1, 2, 3):
        rows = table.rows_of(entry)
        assert rows
        assert all(table.entry_at(row) == entry for row in rows)
    assert list(table.rows_of(1)) == [1, 2, 3]


def test_text_that_does_not_fit_is_told_and_opening_again_mends_it() -> None:
    script = Script()
    transcript, _ = a_table(script.add("text", "abc", done=False))
    missed, late = script.grow("def"), script.grow("ghi")
    assert transcript.feed(late) is None
    assert transcript.lost
    assert transcript.feed(script.opened()) == EVERYTHING
    assert not transcript.lost
    assert transcript.entry(1).text == "abcdefghi"
    assert transcript.feed(missed) is None, "text that is there already was added again"
    assert not transcript.lost


EVENTS = st.lists(
    st.sampled_from(["text", "grow", "end", "tool", "output", "finish", "prompt", "toggle", "trim"]), max_size=40
)


@settings(max_examples=80, deadline=None)
@example(["text", "tool", "tool", *["text"] * 6, "trim"], 10)
@given(EVENTS, st.integers(10, 70))
def test_rows_kept_up_to_date_are_the_rows_laid_out_at_once(steps: list[str], width: int) -> None:
    script = Script()
    transcript, table = a_table(width=width, limit=30)
    for number, step in enumerate(steps):
        last = script.entries[-1] if script.entries else None
        match step:
            case "text":
                event: AnyEvent | None = script.add("text", f"**{number}**\n\n- a", done=False)
            case "tool":
                event = script.tool("bash", f"run {number}", status="running")
            case "prompt":
                event = script.add("prompt", f"say {number}\n" * (number % 20))
            case "grow" if last and last.kind == "text":
                event = script.grow(f" more *text* {number}\n" + "\n" * (number % 2))
            case "output" if last and last.tool:
                event = script.grow(f"line {number}\n", "output")
            case "finish" if last and last.tool:
                tool = msgspec.structs.replace(last.tool, status="failed", diff=DIFF)
                script.entries[-1] = msgspec.structs.replace(last, tool=tool, done=True)
                event = EntryChanged(entry=script.entries[-1])
            case "end" if last:
                event = EntryChanged(entry=msgspec.structs.replace(last, done=True))
            case _:
                event = None
        if event and (entry := transcript.feed(event)) is not None:
            rows = text_of(table)
            first = table.update(entry, NOW)
            assert text_of(table)[:first] == rows[:first], f"a row before {first} changed with {step}"
        if step == "toggle" and last and transcript.has(last.id):
            table.toggle(last.id, NOW)
        if step == "trim":
            table.trim()
    kept = text_of(table)
    table.relay(NOW)
    assert kept == text_of(table)


def test_only_the_latest_entries_are_laid_out_until_someone_looks_further_back() -> None:
    transcript, script = Transcript(), Script()
    for number in range(200):
        script.add("text", f"Paragraph {number}.")
    transcript.feed(script.opened())
    rows, whole = RowTable(transcript, 60), RowTable(transcript, 60)
    rows.relay(recent=30)
    assert 30 <= len(rows) < 120
    assert rows.row(len(rows) - 1) == whole.row(len(whole) - 1)
    transcript.feed(script.add("text", "One more."))
    rows.update(201, 0.0)
    rows.relay()
    whole.update(201, 0.0)
    assert [rows.row(n) for n in range(len(rows))] == [whole.row(n) for n in range(len(whole))]
