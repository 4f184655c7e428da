"""Sums over entries, and tables of them."""

from daybook.duration import format_duration


def totals_by_project(entries):
    """Minutes by project, the largest first."""
    totals = {}
    for entry in entries:
        totals[entry.project] = totals.get(entry.project, 0) + entry.minutes
    return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def totals_by_day(entries):
    """Minutes by day, the earliest first."""
    totals = {}
    for entry in entries:
        day = entry.start.date().isoformat()
        totals[day] = totals.get(day, 0) + entry.minutes
    return dict(sorted(totals.items()))


def table(totals):
    """Totals as lines of text, with a sum below them."""
    if not totals:
        return "Nothing yet."
    width = max(len(name) for name in [*totals, "total"])
    lines = [f"{name:<{width}}  {format_duration(minutes):>8}" for name, minutes in totals.items()]
    lines.append("-" * (width + 10))
    lines.append(f"{'total':<{width}}  {format_duration(sum(totals.values())):>8}")
    return "\n".join(lines)
