"""A bug of ours, as a person meets it: one sentence; the traceback goes to a file."""

from __future__ import annotations

import traceback

from agents import installation, paths
from agents.errors import ShopfloorError


def fault_sentence(error: BaseException) -> str:
    """What happened and where the details are."""
    words = f"A fault of Shopfloor itself: {type(error).__name__}: {error}."
    if installation.replaced():
        words = f"{installation.REPLACED} Start it again."
    report = paths.state_dir() / "fault.log"
    try:
        paths.make_private(report.parent)
        report.write_text("".join(traceback.format_exception(error)), "utf-8", "backslashreplace")
    except (OSError, ShopfloorError):
        return words
    return f"{words} The details are in {report}."
