"""Characters that act or hide are shown."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.escape import escape, escape_json, escape_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\twith a tab", "plain text\twith a tab"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("a\x00b\x08c\x7f", "a␀b␈c␡"),
        ("a\rb\n", "a␍b␊"),
        ("\x9b31m", "<9b>31m"),
        ("x\u202ey\u2066z", "x<U+202E>y<U+2066>z"),
        ("in\u200bvisible\ufeff", "in<U+200B>visible<U+FEFF>"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("soft\u00adhyphen", "soft<U+00AD>hyphen"),
        ("x\u200dy", "x<U+200D>y"),
        ("👩\u200d💻 ❤\ufe0f naïve 日本語", "👩\u200d💻 ❤\ufe0f naïve 日本語"),
        ("lone \ud83d surrogate", "lone <U+D83D> surrogate"),
    ],
)
def test_active_and_hidden_characters_become_visible_marks(text: str, shown: str) -> None:
    assert escape(text).text == shown


def test_json_says_the_same_and_nothing_in_it_is_active() -> None:
    value = {"text": "\x1b[31m \x9b31m x\u202ey \U000e0041 tag\n naïve 日本語 👩\u200d💻"}
    line = escape_json(msgspec.json.encode(value).decode())
    assert escape(line).text == line, "an active character is in it"
    assert json.loads(line) == value
    assert "日本語" in line


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b\x07\u202e\u200b\x9ba\t")), max_size=30))
def test_marks_and_positions_follow_the_original_and_nothing_active_is_left(text: str) -> None:
    escaped = escape(text)
    assert escape(escaped.text).text == escaped.text, "an active character survived"
    assert escaped.position(0) == 0
    assert escaped.position(len(text)) == len(escaped.text)
    for source, (start, end) in zip(escaped.sources, escaped.marks, strict=True):
        assert (escaped.position(source), escaped.position(source + 1)) == (start, end)
    kept = "".join(character for index, character in enumerate(text) if index not in set(escaped.sources))
    rest = escaped.text
    for start, end in reversed(escaped.marks):
        rest = rest[:start] + rest[end:]
    assert rest == kept, "an ordinary character was changed"


def test_file_names_are_shown_whole_and_harmless() -> None:
    assert escape_name(b"caf\xe9\x1b[31m\tb.txt") == "caf\\xe9␛[31m␉b.txt"
