"""Verbs about what an agent that is not ours lets a person choose."""

from __future__ import annotations

import argparse

from agents.client import Client
from agents.errors import UsageError
from agents.parts.sessions import Setting
from app.verbs.printing import print_json, safe
from app.verbs.tasks import engine


async def session(options: argparse.Namespace) -> int:
    """``shopfloor session``."""
    if options.setting and not options.value:
        raise UsageError("There is no value.", "Give one after the setting; without both, what can be chosen is shown.")
    async with engine() as api:
        if options.conversations:
            return await _conversations(api, options.task, options.json)
        if options.load:
            task = await api.sessions.go_on_with(options.task, options.load)
            print(f"Task {task.id} goes on with that conversation in its next turn.")
            return 0
        if options.setting:
            shown = await api.sessions.choose(options.task, options.setting, options.value)
        else:
            shown = await api.sessions.session(options.task)
    if options.json:
        print_json(shown)
        return 0
    for setting in shown.settings:
        print("\n".join(_lines(setting)))
    for command in shown.commands:
        print(f"/{safe(command.name)}  {safe(command.description)}".rstrip())
    if not shown.settings and not shown.commands:
        print("Its agent has told nothing that could be chosen.")
    return 0


def _lines(setting: Setting) -> list[str]:
    lines = [f"{safe(setting.id)}: {safe(setting.value)}  {safe(setting.name)}".rstrip()]
    for choice in setting.choices:
        mark = "●" if choice.value == setting.value else "○"
        name = f"  {choice.name}" if choice.name and choice.name != choice.value else ""
        lines.append(f"  {mark} {safe(choice.value)}{safe(name)}")
    return lines


async def _conversations(api: Client, task: str, as_json: bool) -> int:
    for conversation in await api.sessions.conversations(task):
        if as_json:
            print_json(conversation)
        else:
            mark = "●" if conversation.current else "○"
            print(f"{mark} {safe(conversation.id)}  {safe(conversation.at)}  {safe(conversation.title)}".rstrip())
    return 0
