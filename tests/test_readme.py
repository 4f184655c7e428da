"""The README shows what is true now."""

from __future__ import annotations

import re

from tests.readme import README, renewed


def test_the_tables_of_verbs_and_keys_are_those_of_the_program() -> None:
    text = README.read_text("utf-8")
    assert text == renewed(text), "the tables are stale: run `python -m tests.readme`"


def test_every_picture_and_file_it_names_is_there() -> None:
    text = README.read_text("utf-8")
    for name in re.findall(r"\]\(([^)#]+)\)", text):
        assert (README.parent / name).exists(), f"README.md names {name}, which is not there"
