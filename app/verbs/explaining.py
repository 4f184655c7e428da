"""``shopfloor explain`` and ``shopfloor screen``: why a task stands as it does, and what its terminal shows."""

from __future__ import annotations

import argparse
import time

from agents.parts.explanations import Explanation, SeenSign
from app.verbs.printing import STATE_GLYPHS, age, print_json, safe
from app.verbs.tasks import engine

SHOWN_SIGNS = 20


async def explain(options: argparse.Namespace) -> int:
    """``shopfloor explain``."""
    async with engine() as api:
        explanation = await api.explanations.explain(options.task)
    if options.json:
        print_json(explanation)
    else:
        print("\n".join(explained(explanation)))
    return 0


def explained(known: Explanation) -> list[str]:
    """An explanation for people."""
    glyph = STATE_GLYPHS.get(known.state, "?")
    lines = [f"{known.task}  {glyph} {known.state} for {age(known.since)}  {safe(known.title)}"]
    if known.reason:
        lines.append(f"      {safe(f'{known.reason} {known.hint}'.strip())}")
    lines.append("")
    if known.decided is None:
        lines.append("Nothing is known of what decided this.")
    else:
        sign = known.decided
        lines.append(f"decided by   {sign.source}: {safe(sign.what)}, at {_clock(sign.at)}")
        if sign.evidence:
            lines.append(f"evidence     {safe(sign.evidence)}")
    if known.program:
        lines.append(f"its program  {known.program}; the word of its {known.authority} counts")
        lines += [
            f"             {claim.source} says {claim.state}: {safe(claim.what)}"
            + (f" ({safe(claim.evidence)})" if claim.evidence else "")
            for claim in known.claims
        ]
    if known.signs:
        lines += ["", "the latest signs"]
        lines += [_row(sign) for sign in known.signs[-SHOWN_SIGNS:]]
    return lines


def _row(sign: SeenSign) -> str:
    mark = "→" if sign.decided else " "
    count = f" ×{sign.count}" if sign.count > 1 else ""
    evidence = f"  {sign.evidence}" if sign.evidence else ""
    return safe(f"{_clock(sign.at)} {mark} {sign.source:<12} {sign.state:<9} {sign.what}{count}{evidence}").rstrip()


def _clock(at: float) -> str:
    when = time.localtime(at)
    is_today = when[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S", when) + f"{at % 1:.2f}"[1:]


async def screen(options: argparse.Namespace) -> int:
    """``shopfloor screen``."""
    async with engine() as api:
        if options.press:
            await api.terminals.press(options.task, options.press)
        shown = await api.terminals.screen(options.task)
    if options.json:
        print_json(shown)
    else:
        print("\n".join(safe(line) for line in shown.lines).rstrip())
    return 0
