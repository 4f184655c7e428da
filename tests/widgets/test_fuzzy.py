"""Names found by some of their letters."""

from __future__ import annotations

import pytest

from widgets.completion import Trigger, trigger_at
from widgets.fuzzy import contains_all, rank

NAMES = ["README.md", "docs/cart.md", "src/cart.py", "src/carts/main.py", "src/shopping_cart.py", "tests/test_cart.py"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("cart", "src/cart.py"),
        ("cart.py", "src/cart.py"),
        ("srccart", "src/cart.py"),
        ("tcart", "tests/test_cart.py"),
        ("carts/", "src/carts/main.py"),
        ("READ", "README.md"),
        ("read", "README.md"),
    ],
)
def test_the_best_name_comes_first(query: str, first: str) -> None:
    assert rank(query, NAMES)[0] == first


def test_every_name_that_has_the_letters_is_found_and_no_other() -> None:
    assert set(rank("scp", NAMES)) == {"src/cart.py", "src/carts/main.py", "src/shopping_cart.py", "tests/test_cart.py"}
    assert rank("Cart", NAMES) == [], "capitals count where there are some"
    assert rank("zz", NAMES) == []
    assert rank("", NAMES) == NAMES


def test_many_names_are_ranked_at_typing_speed() -> None:
    names = [f"packages/part{number % 97}/module_{number}.py" for number in range(100_000)]
    assert rank("module_4711", names)[0] == "packages/part55/module_4711.py"
    assert len(rank("m", names)) == 200


def test_words_are_found_in_any_order() -> None:
    assert contains_all("two ONE", ["one two", "one", "two one"]) == [0, 2]
    assert contains_all("", ["a", "b"]) == [0, 1]


@pytest.mark.parametrize(
    ("line", "column", "found"),
    [
        ("see @src/c", 10, Trigger("file", "src/c", 4)),
        ("@", 1, Trigger("file", "", 0)),
        ("(@a", 3, Trigger("file", "a", 1)),
        ("a@b", 3, None),
        ("@a b", 4, None),
        ("@ab", 2, Trigger("file", "a", 0)),
        ("/re", 3, Trigger("command", "re", 0)),
        ("/re v", 5, None),
        ("a /re", 5, None),
        ("/etc/h", 6, None),
    ],
)
def test_letters_that_ask_for_completion(line: str, column: int, found: Trigger | None) -> None:
    assert trigger_at(line, column, True) == found


def test_a_slash_is_a_command_on_the_first_line_only() -> None:
    assert trigger_at("/re", 3, False) is None
