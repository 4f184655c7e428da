"""A list of files: one below the other, as a tree, and filtered."""

from __future__ import annotations

from widgets.file_rows import FileRow, file_rows
from widgets.word_offers import Words, offers, symbols_in, word_before

NAMES = ["README.md", "shop/cart.py", "shop/deep/down/a.py", "shop/deep/down/b.py", "tests/test_cart.py"]


def shown(rows: list[FileRow]) -> list[str]:
    return ["  " * row.depth + row.text for row in rows]


def test_a_tree_has_its_folders_first_and_single_folders_together() -> None:
    assert shown(file_rows(NAMES, as_tree=True)) == [
        "shop/",
        "  deep/down/",
        "    a.py",
        "    b.py",
        "  cart.py",
        "tests/",
        "  test_cart.py",
        "README.md",
    ]


def test_a_closed_folder_stands_for_its_files() -> None:
    rows = file_rows(NAMES, as_tree=True, closed={"shop/"})
    assert shown(rows) == ["shop/", "tests/", "  test_cart.py", "README.md"]
    assert rows[0].files == (1, 2, 3)


def test_a_filter_keeps_names_that_hold_its_letters_in_order() -> None:
    assert shown(file_rows(NAMES, "tcart")) == ["tests/test_cart.py"]
    assert shown(file_rows(NAMES, "CART", as_tree=True)) == ["shop/", "  cart.py", "tests/", "  test_cart.py"]


def test_files_by_their_name_come_before_words_and_words_before_files_that_hold_the_letters() -> None:
    words = Words(NAMES, symbols_in([b"def cart_total(): pass", b"cart_total + Cartographer"]))
    assert offers("cart", words) == ("shop/cart.py", "Cartographer", "cart_total", "tests/test_cart.py")
    assert offers("c", words) == ()
    assert offers("cart_total", words) == ()


def test_the_word_before_the_cursor_may_be_a_path() -> None:
    assert word_before("see shop/ca") == "shop/ca"
    assert word_before("see ") == ""
