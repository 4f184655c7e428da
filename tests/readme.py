"""The generated parts of README.md: `python -m tests.readme` writes them anew."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from app.keys import FLOOR, PANE_DIGITS, pretty_keys, shown_bindings, widget_bindings
from app.main import parser

README = Path(__file__).resolve().parent.parent / "README.md"


def verbs() -> str:
    """The command line as a table."""
    return "\n".join(["| verb | what it does |", "|---|---|", *_rows(parser())])


def _rows(of: argparse.ArgumentParser) -> Iterator[str]:
    """A row for each verb, and below one with actions of its own a row for each of those."""
    for choices in (action for action in of._actions if isinstance(action, argparse._SubParsersAction)):
        helps = {action.dest: action.help or "" for action in choices._choices_actions}
        for name, sub in choices.choices.items():
            usage = " ".join(sub.format_usage().removeprefix("usage: ").split())
            usage = usage.replace(" [-h]", "").replace("|", "\\|")
            yield f"| `{usage}` | {helps.get(name, '')} |"
            yield from _rows(sub)


def keys() -> str:
    """All keys, by where they work."""
    rows = ["| where | key | what it does |", "|---|---|---|"]
    digits = PANE_DIGITS[0]._replace(keys="1-9", help="Go to the n-th pane of this page.")
    for action in (*FLOOR, digits):
        rows.append(f"| floor | {_shown(action.keys)} | {action.help} |")
    for place, bindings in widget_bindings():
        where = place.removeprefix("In ").removeprefix("the ")
        where = where[0].lower() + where[1:]
        rows += [f"| {where} | {_names(keys)} | {meaning} |" for keys, meaning in shown_bindings(bindings)]
    return "\n".join(rows)


def _shown(keys: str) -> str:
    return _names(pretty_keys(keys))


def _names(shown: str) -> str:
    names = shown.replace("|", "\\|").split()
    return " ".join("`` ` ``" if name == "`" else name if name == "…" else f"`{name}`" for name in names)


def renewed(text: str) -> str:
    """README.md with its generated parts as they should be."""
    for name, part in (("verbs", verbs()), ("keys", keys())):
        block = f"<!-- {name} -->\n{part}\n<!-- /{name} -->"
        text = re.sub(f"<!-- {name} -->.*?<!-- /{name} -->", lambda _, block=block: block, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text("utf-8")), "utf-8")
