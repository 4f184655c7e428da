"""The command line."""

import argparse
import sys
from pathlib import Path

from daybook.duration import format_duration, parse_duration
from daybook.journal import parse_journal
from daybook.report import table, totals_by_day, totals_by_project

GROUPINGS = {"project": totals_by_project, "day": totals_by_day}


def main(arguments):
    """Do what the arguments say; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        entries = parse_journal(Path(options.journal).read_text(encoding="utf-8"))
        if options.command == "report":
            print(table(GROUPINGS[options.by](entries)))
        else:
            budget = parse_duration(options.budget)
            spent = totals_by_project(entries).get(options.project.lstrip("@"), 0)
            print(f"{format_duration(budget - spent)} of {format_duration(budget)} left")
    except (OSError, ValueError) as error:
        print(f"daybook: {error}", file=sys.stderr)
        return 1
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="daybook")
    commands = parser.add_subparsers(dest="command", required=True)
    report = commands.add_parser("report", help="where the time went")
    report.add_argument("journal")
    report.add_argument("--by", choices=GROUPINGS, default="project")
    budget = commands.add_parser("budget", help="what is left for a project")
    budget.add_argument("journal")
    budget.add_argument("project")
    budget.add_argument("budget", help="for instance 20h")
    return parser
