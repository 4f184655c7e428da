"""Verbs about pull requests and issues, through the person's own ``gh``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from agents.model import PullRequest
from app.verbs.printing import counted, print_json, safe, task_object
from app.verbs.tasks import engine


async def pr(options: argparse.Namespace) -> int:
    """``shopfloor pr``."""
    async with engine() as api:
        if options.comments:
            count = await api.hosting.fetch_comments(options.task)
            _say({"new": count}, f"{counted(count, 'new comment')} in the review.", options.json)
            return 0
        if options.send_failure:
            prompt = await api.hosting.send_failure(options.task)
            _say({"prompt": prompt.id}, "The agent was told, with the log.", options.json)
            return 0
        if options.status:
            request = await api.hosting.refresh(options.task)
        else:
            draft = await api.hosting.describe(options.task)
            body = sys.stdin.read() if options.body == "-" else options.body
            draft = msgspec.structs.replace(
                draft,
                title=options.title or draft.title,
                body=body or draft.body,
                base=options.base or draft.base,
                draft=options.draft,
            )
            if options.describe:
                _say(msgspec.to_builtins(draft), f"{draft.title}\n\n{draft.body}", options.json)
                return 0
            request = await api.hosting.publish(options.task, draft)
    _print(request, options.json)
    return 0


async def issues(options: argparse.Namespace) -> int:
    """``shopfloor issues``."""
    here = str(Path.cwd())
    async with engine() as api:
        for number in options.number:
            task = await api.hosting.take_issue(here, number, options.profile, options.hold)
            _say(task_object(task), f"{task.id}  {task.state}  {task.title}", options.json)
        if options.number:
            return 0
        found = await api.hosting.issues(here, options.search)
    for issue in found:
        if options.json:
            print_json(issue)
        else:
            labels = f"  [{', '.join(issue.labels)}]" if issue.labels else ""
            print(safe(f"#{issue.number:<5} {issue.title}{labels}"))
    if not found and not options.json:
        print("There are no open issues.")
    return 0


def _print(request: PullRequest, as_json: bool) -> None:
    checks = {"none": "no checks", "running": "checks run"}.get(request.checks, f"checks {request.checks}")
    comments = f", {counted(request.comments, 'new comment')}" if request.comments else ""
    _say(request, f"#{request.number} {request.state}, {checks}{comments}  {request.url}", as_json)


def _say(value: object, text: str, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        print(safe(text))
