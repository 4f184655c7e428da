"""Verbs about other agents that review a task's change."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agents.loops.reviewing import place_of, price
from agents.parts.review import CommentKind
from agents.parts.reviewers import Estimate, Finding, Reviewing
from app.verbs.printing import print_json, safe
from app.verbs.tasks import engine


async def reviewers(options: argparse.Namespace) -> int:
    """``shopfloor reviewers``."""
    async with engine() as api:
        found = await api.reviewers.offered(str(Path.cwd()))
    for reviewer in found:
        if options.json:
            print_json(reviewer)
        else:
            who = reviewer.profile or "the task's agent"
            print(f"{safe(reviewer.name):<14} {reviewer.place:<8} {safe(reviewer.problem or reviewer.title)}  ({who})")
    return 0


async def review_by(options: argparse.Namespace) -> int:
    """``shopfloor review-by``."""
    async with engine() as api:
        if options.cancel:
            reviewing = await api.reviewers.cancel(options.task)
        elif options.result:
            known = await api.reviewers.result(options.task)
            if known is None:
                print("shopfloor: It was not reviewed by other agents yet.", file=sys.stderr)
                return 1
            reviewing = known
        else:
            if options.estimate:
                for estimate in await api.reviewers.estimate(options.task, options.names, options.profile):
                    print_json(estimate) if options.json else print(_estimate(estimate))
                return 0
            kinds: list[CommentKind] = options.kind or ["fix"]
            reviewing = await api.reviewers.start(
                options.task, options.names, options.profile, options.judge, options.auto, kinds
            )
            if not options.json:
                least = f"{reviewing.estimated_tokens:,} tokens, {price(reviewing.estimated_usd)}"
                print(f"It takes at least {least}; what the reviewers look up comes on top.", file=sys.stderr)
            if not options.no_wait:
                reviewing = await api.reviewers.finish(reviewing.task)
    if options.json:
        print_json(reviewing)
    else:
        _print(reviewing)
    return 0 if reviewing.state == "done" or reviewing.is_under_way or options.cancel else 1


def _estimate(estimate: Estimate) -> str:
    said = safe(estimate.problem) or f"{estimate.tokens:,} tokens, {price(estimate.cost_usd)}"
    return f"{safe(estimate.reviewer):<14} {safe(estimate.profile):<20} {said}"


def _print(reviewing: Reviewing) -> None:
    for reader in reviewing.readers:
        found = sum(1 for finding in reader.findings if finding.state != "dropped")
        what = f"{found} finding{'s' if found != 1 else ''}" if reader.state == "done" else reader.state
        print(f"{safe(reader.reviewer):<14} {what:<12} {price(reader.usage.cost_usd)}  {safe(reader.reason)}".rstrip())
    for finding in reviewing.findings:
        print(_finding(finding))
    ended = reviewing.reason or reviewing.state
    print(
        f"{safe(ended)} {safe(reviewing.judged)}".rstrip()
        + f" {reviewing.usage.tokens:,} tokens, {price(reviewing.usage.cost_usd)}."
    )


def _finding(finding: Finding) -> str:
    became = finding.comment if finding.state != "dropped" else f"dropped: {finding.reason}"
    first = " ".join(finding.text.split())
    return f"  {finding.severity:<6} {finding.kind:<10} {safe(place_of(finding))}  {safe(first)}  ({safe(became)})"
