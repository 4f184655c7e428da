"""Verbs about bringing work onto its branch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agents.parts.landing import Landing
from app.verbs.printing import age, print_json, safe
from app.verbs.tasks import engine

STATUSES = {"landed": 0, "undone": 0, "cancelled": 0, "waiting": 0, "conflict": 4}


async def land(options: argparse.Namespace) -> int:
    """``shopfloor land``."""
    async with engine() as api:
        if options.undo:
            landing = await api.landing.undo(options.task)
        elif options.cancel:
            landing = await api.landing.cancel(options.task)
        else:
            landing = await api.landing.land(
                options.task, options.how, options.onto, options.message, not options.no_check
            )
            if not options.no_wait:
                landing = await api.landing.finish(landing.task)
    if options.json:
        print_json(landing)
    elif landing.state == "failed":
        print(f"shopfloor: It did not land. {safe(landing.reason)} {safe(landing.hint)}".rstrip(), file=sys.stderr)
    else:
        print(safe(landing.reason or landing.state))
    return STATUSES.get(landing.state, 1)


async def landings(options: argparse.Namespace) -> int:
    """``shopfloor landings``."""
    project = "" if options.all else str(Path.cwd())
    async with engine() as api:
        if options.hold or options.go:
            await api.landing.hold(str(Path.cwd()), options.hold)
        found = await api.landing.line(project)
        held = await api.landing.held()
    for landing in found:
        if options.json:
            print_json(landing)
        else:
            _print(landing)
    if not options.json:
        if held:
            print(f"Held: {', '.join(safe(place) for place in held)}; `shopfloor landings --go` lets them go on.")
        elif not found:
            print("Nothing was landed yet.")
    return 0


def _print(landing: Landing) -> None:
    print(
        f"{landing.task:<5} {landing.state:<10} {landing.how:<7} {age(landing.at):>4}  "
        f"{safe(landing.onto)}  {safe(landing.reason)}"
    )


async def conflicts(options: argparse.Namespace) -> int:
    """``shopfloor conflicts``."""
    async with engine() as api:
        found = await api.radar.overlaps(options.task)
    for overlap in found:
        if options.json:
            print_json(overlap)
            continue
        names = [
            f"{'! ' if name in overlap.conflicting else '  '}{safe(name.decode('utf-8', 'backslashreplace'))}"
            for name in overlap.files
        ]
        print(f"{overlap.task:<5} {safe(overlap.title)}", *names, sep="\n      ")
    if not found and not options.json:
        print("No other task changes the same files.")
    return 0
