"""Several tasks out of one text."""

import pytest

from agents.prompts.separate import separate_prompts


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("one\n\n two \n", ["one", "two"]),
        ("- one\n- two\n  more\n\n  and more\n- three", ["one", "two\nmore\n\nand more", "three"]),
        ("Fix in src:\n\n1. this\n2) that", ["Fix in src:\n\nthis", "Fix in src:\n\nthat"]),
        ("* [ ] open\n* [x] closed", ["open", "closed"]),
        ("- one\n  - part\n- two", ["one\n- part", "two"]),
        ("-no list\n2024 was long", ["-no list", "2024 was long"]),
        ("", []),
        ("\n \n", []),
    ],
)
def test_a_text_becomes_several_prompts(text: str, prompts: list[str]) -> None:
    found = separate_prompts(text)
    assert [each.prompt for each in found] == prompts
    assert all(each.title in each.prompt for each in found)
