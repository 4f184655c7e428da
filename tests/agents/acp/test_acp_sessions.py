"""An agent's process waits for the next prompt, and lets a person choose what it offers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from agents.errors import UsageError
from agents.model import Task
from agents.parts.sessions import Command
from tests.shop import Shop

Agent = Callable[..., str]


async def done(shop: Shop, profile: str, prompt: str = "first") -> Task:
    """A task of that profile, worked through."""
    return await shop.rests((await shop.task(prompt, profile=profile)).id)


async def next_turn(shop: Shop, task: Task, prompt: str = "second") -> Task:
    turn = task.turn + 1
    await shop.engine.send(task.id, prompt)
    return await shop.until(task.id, lambda known: known.state == "ready" and known.turn == turn, f"turn {turn}")


async def last_answer(shop: Shop, task: Task) -> str:
    return [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "text"][-1]


def processes(task: Task) -> list[psutil.Process]:
    """What runs in the task's sandbox."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SHOPFLOOR_TASK") == task.id:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


async def is_gone(task: Task) -> None:
    async with asyncio.timeout(20):
        while processes(task):  # noqa: ASYNC110 - somebody else's processes tell nobody
            await asyncio.sleep(0.02)


# --- the process ----------------------------------------------------------------------------------------------------


async def test_the_process_waits_for_the_next_prompt_of_its_task(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("echo"))
    assert processes(task), "the agent rests with its process alive"
    task = await next_turn(shop, task)
    assert await last_answer(shop, task) == "I am new. Prompt 2 was: second", "it was the same process"
    await shop.engine.close_task(task.id)
    await is_gone(task)


async def test_a_process_that_died_at_rest_is_started_again_with_its_conversation(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("echo"))
    for process in processes(task):
        with contextlib.suppress(psutil.NoSuchProcess):  # it went with the one before
            process.kill()
    await is_gone(task)
    assert await last_answer(shop, await next_turn(shop, task)) == "I remember. Prompt 1 was: second"


async def test_a_process_that_waited_too_long_ends(impatient: None, shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("echo"))
    await is_gone(task)
    assert await last_answer(shop, await next_turn(shop, task)) == "I remember. Prompt 1 was: second"


async def test_a_profile_that_changed_starts_the_agent_anew(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("echo"))
    agent("echo", 'set = { COLOUR = "red" }')
    assert await last_answer(shop, await next_turn(shop, task)) == "I remember. Prompt 1 was: second"


async def test_what_it_says_after_its_turn_is_shown_and_is_no_turn(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("late"))
    await shop.engine.seen(task.id)
    Path(task.worktree, "go").touch()
    task = await shop.until(task.id, lambda known: known.unseen, "something that nobody has seen")
    assert (task.state, task.turn) == ("ready", 1)
    await next_turn(shop, task)
    told = [(entry.kind, entry.text, entry.turn) for entry in await shop.engine.transcript(task.id)]
    assert told == [
        ("prompt", "first", 1),
        ("text", "I am new. Prompt 1 was: first", 1),
        ("text", "And by the way.", 1),
        ("prompt", "second", 2),
        ("text", "I am new. Prompt 2 was: second", 2),
    ]


# --- what can be chosen ---------------------------------------------------------------------------------------------


async def test_settings_and_commands_are_listed_and_chosen_while_the_agent_rests(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("options"))
    session = await shop.engine.sessions.session(task.id)
    shown = [(setting.id, setting.value, [choice.value for choice in setting.choices]) for setting in session.settings]
    assert shown == [
        ("mode", "ask", ["ask", "free"]),
        ("model", "small", ["small", "large"]),
        ("brave", "off", ["on", "off"]),
    ]
    assert task.model == "small", "the model is the task's"
    commands = await shop.engine.sessions.commands(task.id)
    plan = Command(name="plan", description="Plan first.", hint="what to plan")
    assert commands == [plan, Command(name="compact")]
    await shop.engine.sessions.choose(task.id, "Model", "Large")
    await shop.engine.sessions.choose(task.id, "brave", "on")
    await shop.engine.sessions.choose(task.id, "mode", "free")
    assert Path(task.worktree, "mode.txt").read_text() == "free", "set at once"
    task = await next_turn(shop, task)
    assert await last_answer(shop, task) == "large brave new. "
    assert task.model == "large"


async def test_models_of_a_session_are_a_setting_and_its_tokens_are_counted(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("models"))
    session = await shop.engine.sessions.session(task.id)
    model = next(setting for setting in session.settings if setting.category == "model")
    assert (model.value, [choice.value for choice in model.choices]) == ("small", ["small", "large"])
    await shop.engine.sessions.choose(task.id, "model", "large")
    task = await next_turn(shop, task)
    assert await last_answer(shop, task) == "large. "
    assert (task.model, task.usage.input_tokens, task.usage.output_tokens) == ("large", 200, 20)


async def test_tokens_that_are_told_beside_the_text_are_counted(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("tokens"))
    assert (task.usage.input_tokens, task.usage.output_tokens) == (300, 30)


async def test_what_was_chosen_without_a_process_is_set_when_it_starts(
    short_lived: None, shop: Shop, agent: Agent
) -> None:
    task = await done(shop, agent("options"))
    session = await shop.engine.sessions.choose(task.id, "model", "large")
    assert [setting.value for setting in session.settings] == ["ask", "large", "off"]
    task = await next_turn(shop, task)
    assert (await last_answer(shop, task)).startswith("large shy in session-")
    offered = {setting.id: setting.value for setting in (await shop.engine.sessions.offered("options")).settings}
    assert offered["model"] == "large", "the dialog of the next task knows"


async def test_a_new_task_can_be_given_choices(shop: Shop, agent: Agent) -> None:
    task = await shop.task("first", profile=agent("options"), choices={"model": "large", "mode": "free"})
    task = await shop.rests(task.id)
    assert await last_answer(shop, task) == "large shy new. "
    assert Path(task.worktree, "mode.txt").read_text() == "free"


async def test_agents_that_wait_make_room_when_memory_is_short(short_of_memory: None, shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("echo"))
    await is_gone(task)
    assert await last_answer(shop, await next_turn(shop, task)) == "I remember. Prompt 1 was: second"


async def test_the_agent_itself_may_change_its_mode(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("options"), "plan")
    assert (await shop.engine.sessions.session(task.id)).settings[0].value == "free"


async def test_the_profile_sets_options_and_says_which_the_agent_does_not_have(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("options", 'options = { model = "large", effort = "high" }'))
    assert await last_answer(shop, task) == "large shy new. "
    notices = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "notice"]
    assert notices == ["Fake has no effort “high”; it has: none. It works in its own default."]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [("speed", "1", "no setting “speed”; it has: mode, model, brave"), ("model", "huge", "it can be: small, large")],
)
async def test_what_cannot_be_chosen_is_refused_with_what_can(
    shop: Shop, agent: Agent, setting: str, value: str, said: str
) -> None:
    task = await done(shop, agent("options"))
    with pytest.raises(UsageError, match=said):
        await shop.engine.sessions.choose(task.id, setting, value)


async def test_a_task_goes_on_with_another_of_the_agents_conversations(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("options"))
    older, current = await shop.engine.sessions.conversations(task.id)
    assert (older.id, older.title, older.current, current.current) == ("older", "Once", False, True)
    await shop.engine.sessions.go_on_with(task.id, "old")
    assert await last_answer(shop, await next_turn(shop, task)) == "small shy in older. "


# --- steering -------------------------------------------------------------------------------------------------------


async def test_an_agent_that_takes_prompts_at_work_is_steered(shop: Shop, agent: Agent) -> None:
    task = await shop.task("first", profile=agent("steered"))
    await shop.entry(task.id, lambda entry: entry.tool is not None, "its work")
    await shop.engine.send(task.id, "rather this")
    task = await shop.rests(task.id)
    assert task.turn == 1
    told = [(entry.kind, entry.text) for entry in await shop.engine.transcript(task.id) if entry.kind != "tool"]
    assert told == [
        ("prompt", "first"),
        ("text", "working"),
        ("prompt", "rather this"),
        ("text", "turned to: rather this"),
    ]
    assert [prompt.delivery for prompt in await shop.engine.prompts(task.id)] == ["answered", "delivered"]


async def test_what_an_agent_did_not_come_to_is_said_after_the_stop(shop: Shop, agent: Agent) -> None:
    task = await shop.task("first", profile=agent("cancel"))
    await shop.entry(task.id, lambda entry: entry.tool is not None, "its work")
    await shop.engine.send(task.id, "later")
    await shop.engine.stop_task(task.id)
    await shop.rests(task.id, "stopped")
    assert [prompt.delivery for prompt in await shop.engine.prompts(task.id)] == ["delivered", "queued"]
