"""``shopfloor break-fix``: whether the tests of a change notice its code."""

from __future__ import annotations

import argparse
import asyncio
import sys

from agents.errors import NotFound
from agents.parts.break_fix import BreakFixReport
from app.verbs.printing import print_json, safe
from app.verbs.tasks import engine

TESTS = {"sound": "✓ fails without the change", "unproven": "✗ passes without the change", "red": "! does not pass"}
HUNKS = {"noticed": "✓ noticed", "unnoticed": "✗ no test notices", "not tried": "· not tried"}


async def break_fix(options: argparse.Namespace) -> int:
    """``shopfloor break-fix``: exit status 1 when it has something to say about the change."""
    async with engine() as api:
        if options.show:
            known = await api.break_fix.result(options.task)
            if known is None:
                raise NotFound(
                    f"Break/fix has not run on task {options.task}.", f"`shopfloor break-fix {options.task}` runs it."
                )
            report = known
        elif options.cancel:
            report = await api.break_fix.cancel(options.task)
        else:
            report = await api.break_fix.start(options.task, options.again)
            try:
                if not options.no_wait:
                    report = await api.break_fix.finish(report.task)
            except asyncio.CancelledError:
                await api.break_fix.cancel(report.task)
                raise
    if options.json:
        print_json(report)
    else:
        _print(report)
    if report.state == "failed":
        return 1
    return 1 if report.state == "done" and not report.is_clean else 0


def _print(report: BreakFixReport) -> None:
    for test in report.tests:
        name = f"::{test.name}" if test.name else ""
        why = f"  {test.why}" if test.verdict == "red" else ""
        print(f"{TESTS[test.verdict]:<28}  {_name(test.path)}{safe(name)}{safe(why)}")
    for hunk in report.hunks:
        side = "the old " if hunk.side == "old" else ""
        print(f"{HUNKS[hunk.verdict]:<28}  {side}{_name(hunk.path)}:{hunk.start}-{hunk.end}")
    if report.state == "failed":
        print(f"shopfloor: {safe(report.reason)}", file=sys.stderr)
    else:
        print(safe(report.reason or report.state))
    if report.comments:
        print(f"In the review as drafts: {', '.join(report.comments)}.")


def _name(path: bytes) -> str:
    return safe(path.decode("utf-8", "backslashreplace"))
