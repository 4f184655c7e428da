"""Agents that have only a terminal, from prompt to diff, in the real sandbox: the good and the bad ones."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from agents import paths
from agents.drivers.terminal import session as session_module
from agents.engine import Engine
from agents.events import EngineNotice
from agents.model import Prompt, Task
from agents.parts.review import CommentDraft
from tests.agents.terminal.conftest import RULES
from tests.shop import PATIENCE_SECONDS, Shop

Agent = Callable[..., str]
HOOK = 'set = { FAKE_HOOK = "${hook}" }'
HOOK_RULES = """
[[terminal.working]]
on = "hook"
match = "^UserPromptSubmit"
[[terminal.idle]]
on = "hook"
match = "^Stop"
"""
NO_RULES = "quiet_seconds = 0.5\nconfirm_seconds = 3.0\n"


def asked(task: Task) -> list[str]:
    """The prompts that reached the agent."""
    path = Path(task.worktree, "asked.txt")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def last_prompt(shop: Shop, task: Task) -> Prompt:
    return (await shop.engine.prompts(task.id))[-1]


async def screen(shop: Shop, task: Task, words: str) -> str:
    """What its terminal shows, once some words stand there."""
    shown = ""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while words not in shown:
                shown = "\n".join((await shop.engine.terminals.screen(task.id)).lines)
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{words!r} never stood on the screen:\n{shown}") from None
    return shown


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if not Path(f"/proc/{pid}").exists():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")


def pid_of(shop: Shop, task: Task) -> int:
    session = shop.engine.terminals.session(task.id)
    assert session is not None
    return session.pid


# --- prompts --------------------------------------------------------------------------------------------------------


async def test_a_prompt_of_several_lines_arrives_as_one_and_its_change_is_there(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("first line\n\nthird line", profile=agent())).id)
    assert asked(task) == ["first line\n\nthird line"]
    assert (task.files_changed, task.additions, task.turn) == (1, 1, 1)
    assert (await last_prompt(shop, task)).delivery == "answered"
    texts = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "text"]
    assert any("done" in text for text in texts), f"what the terminal showed is not in the transcript: {texts}"


async def test_lines_stay_lines_without_pasting_in_brackets(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("one\ntwo", profile=agent("no-brackets"))).id)
    assert asked(task) == ["one\ntwo"]


async def test_a_program_that_nothing_is_known_of_works_too(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("one\ntwo", profile=agent(rules=NO_RULES))).id)
    assert asked(task) == ["one\ntwo"]
    assert (await last_prompt(shop, task)).delivery == "answered"


async def test_a_program_with_the_whole_screen_for_itself_works_too(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("look", profile=agent("alternate"))).id)
    assert asked(task) == ["look"]


async def test_nothing_is_typed_before_the_program_is_ready(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("not too early", profile=agent("slow-start"))).id)
    assert asked(task) == ["not too early"]


async def test_an_answer_of_the_terminal_that_was_taken_for_typing_is_no_part_of_a_prompt(
    shop: Shop, agent: Agent
) -> None:
    task = await shop.rests((await shop.task("look", profile=agent("stray"))).id)
    assert asked(task) == ["look"]


async def test_enter_is_pressed_again_when_it_was_lost(shop: Shop, agent: Agent) -> None:
    rules = RULES.replace("confirm_seconds = 3.0", "confirm_seconds = 1.5")
    task = await shop.rests((await shop.task("twice", profile=agent("eats-first-enter", rules=rules))).id)
    assert asked(task) == ["twice"], "the text was typed once and sent once"


async def test_a_prompt_that_does_not_arrive_is_shown_as_such_and_sent_again_on_resume(
    shop: Shop, agent: Agent
) -> None:
    rules = RULES.replace("confirm_seconds = 3.0", "confirm_seconds = 0.5")
    task = await shop.rests((await shop.task("hello", profile=agent("eats-enter", rules=rules))).id, "blocked")
    assert "did not arrive" in task.reason
    assert (await last_prompt(shop, task)).delivery == "failed", "not dropped, not said to be delivered"
    await shop.engine.resume(task.id)
    (prompt,) = await shop.engine.prompts(task.id)
    assert (prompt.text, prompt.delivery) == ("hello", "queued")


async def test_a_prompt_waits_while_the_person_has_something_unsent(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("first", profile=agent())).id)
    await shop.engine.terminals.write(task.id, b"half a thou")
    await screen(shop, task, "half a thou")
    await shop.engine.send(task.id, "second")
    held = await shop.until(task.id, lambda known: known.state == "blocked", "the prompt is held")
    assert "not sent" in held.reason
    assert asked(task) == ["first"]
    await shop.engine.terminals.write(task.id, b"\x15")
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the prompt is sent")
    assert asked(task) == ["first", "second"], "it was not merged into what was typed"


async def test_a_turn_that_the_person_types_is_a_turn(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("first", profile=agent())).id)
    await shop.engine.terminals.write(task.id, b"by hand\r")
    task = await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the turn ends")
    assert asked(task) == ["first", "by hand"], "it was not typed again"
    assert (await last_prompt(shop, task)).text == "by hand"
    turn = (await shop.engine.turns(task.id))[-1]
    assert turn.before != turn.after, "snapshots before and after"


# --- how it stands --------------------------------------------------------------------------------------------------


async def test_a_question_blocks_the_task_and_the_answer_lets_it_go_on(shop: Shop, agent: Agent) -> None:
    task = await shop.task("careful", profile=agent("asks"))
    blocked = await shop.until(task.id, lambda known: known.state == "blocked", "it asks")
    assert (blocked.reason, blocked.hint) == ("Fake waits: It asks whether it may.", "Press y or n in its pane.")
    await shop.engine.terminals.press(task.id, ["y"])
    await shop.until(task.id, lambda known: known.state == "ready", "it goes on")


async def test_a_question_of_a_running_turn_can_be_answered_in_words(shop: Shop, agent: Agent) -> None:
    task = await shop.task("careful", profile=agent("asks"))
    blocked = await shop.until(task.id, lambda known: known.state == "blocked", "it asks")
    assert blocked.dialog, "the composer answers it"
    await shop.engine.questions.answer(task.id, option="y")
    await shop.until(task.id, lambda known: known.state == "ready" and not known.dialog, "it goes on")


async def test_hooks_tell_of_the_turn_and_bring_its_answer(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("hook", profile=agent("hooks", HOOK, rules=RULES + HOOK_RULES))).id)
    texts = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "text"]
    assert texts == ["**done**"], "its own words, not the screen"
    session = shop.engine.terminals.session(task.id)
    assert session is not None
    assert session.status.authority == "hook"


async def test_a_program_that_is_never_ready_blocks_with_what_it_shows(shop: Shop, agent: Agent) -> None:
    rules = RULES.replace("start_seconds = 20.0", "start_seconds = 1.0")
    task = await shop.rests((await shop.task(profile=agent("never-ready", rules=rules))).id, "blocked")
    assert "not ready" in task.reason
    assert "loading…" in task.reason


async def test_a_program_that_dies_blocks_with_its_last_words(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task(profile=agent("dies"))).id, "blocked")
    assert "exit status 3" in task.reason
    assert "out of luck" in task.reason


async def test_a_program_that_redraws_all_the_time_is_idle_all_the_same(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("draw", profile=agent("redraws"))).id)
    assert asked(task) == ["draw"]


async def test_a_flood_neither_stops_the_engine_nor_fills_it(shop: Shop, agent: Agent) -> None:
    task = await shop.task("after the flood", profile=agent("floods", work=1.0))
    listener = await shop.engine.subscribe()
    await listener.watch([task.id])
    waits = []
    for _ in range(20):
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(0)
        await shop.engine.info()
        waits.append(asyncio.get_running_loop().time() - before)
        await asyncio.sleep(0.02)
    await listener.close()
    task = await shop.rests(task.id)
    assert asked(task) == ["after the flood"]
    record = Path(os.environ["SHOPFLOOR_HOME"], "state", "tasks", task.id, "terminal.log")
    assert record.stat().st_size < 10_000_000, "what is kept is bounded"


async def test_a_terminal_that_cannot_be_kept_is_said_on_every_screen_and_kept_when_it_can(
    shop: Shop, agent: Agent
) -> None:
    screens = await shop.engine.subscribe()
    task = await shop.task("Do it", profile=agent(), held=True)
    record = paths.make_private(paths.task_dir(task.id)) / "terminal.log"
    record.mkdir()
    await shop.engine.resume(task.id)
    said = ""
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for batch in screens:
            said += "".join(event.text for event in batch if isinstance(event, EngineNotice))
            if said:
                break
    assert said.startswith("Do it: What its terminal shows cannot be kept (Is a directory)"), said
    await shop.rests(task.id)
    record.rmdir()  # nothing more is shown that would have to be kept
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if record.is_file():
            break
        await asyncio.sleep(0.02)
    assert record.is_file(), "it is kept as soon as it can be"


async def test_a_program_that_nobody_watches_is_read_once_in_a_tick_and_nothing_of_it_is_lost(
    shop: Shop, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "TALK_SECONDS", 0.05)
    task = await shop.rests((await shop.task("first", profile=agent("trickles"))).id)
    session = shop.engine.terminals.session(task.id)
    assert session is not None
    assert not session.is_watched(), "the scenario: nobody looks"
    loop = asyncio.get_running_loop()
    reads: list[float] = []
    session.on_output = lambda _offset, data: reads.append(loop.time()) if b"piece" in data else None
    await shop.engine.send(task.id, "second")
    await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the second turn ends")
    shown = await screen(shop, task, "piece 38")
    assert all(f"piece {number}" in shown for number in range(20, 38)), shown
    spans = [later - earlier for earlier, later in pairwise(reads)]
    assert min(spans) > 0.01, f"it was read more often than once in a tick: {spans}"


# --- ends -----------------------------------------------------------------------------------------------------------


async def test_stop_interrupts_the_turn_and_the_program_goes_on(shop: Shop, agent: Agent) -> None:
    task = await shop.task("long", profile=agent(work=60.0))
    await shop.until(task.id, lambda known: known.state == "working" and known.turn == 1, "it works")
    await screen(shop, task, "esc to interrupt")
    stopped = await shop.engine.stop_task(task.id)
    assert stopped.state == "stopped"
    await screen(shop, task, "interrupted")
    assert (await shop.engine.terminals.screen(task.id)).alive, "the program itself was ended"


async def test_a_program_that_does_not_stop_is_said_to_go_on_by_itself(shop: Shop, agent: Agent) -> None:
    task = await shop.task("long", profile=agent("deaf", "stop_seconds = 0.1", work=2.0))
    await shop.until(task.id, lambda known: known.state == "working" and known.turn == 1, "it works")
    await screen(shop, task, "esc to interrupt")
    await shop.engine.stop_task(task.id)
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the work that went on")
    (notice,) = [entry for entry in await shop.engine.transcript(task.id) if entry.kind == "notice"]
    assert notice.text == "Fake did not stop by escape."
    prompts = [prompt.text for prompt in await shop.engine.prompts(task.id)]
    assert prompts == ["long", "(it went on by itself)"], "the person is said to have typed what nobody typed"


async def test_close_ends_a_program_that_does_not_want_to(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task(profile=agent("hangs"))).id)
    pid = pid_of(shop, task)
    await shop.engine.close_task(task.id)
    await gone(pid)


async def test_after_a_restart_the_last_screen_is_there_and_the_conversation_goes_on(shop: Shop, agent: Agent) -> None:
    name = agent()
    path = shop.profiles / f"{name}.toml"
    command = path.read_text().split("command = ")[1].splitlines()[0]
    resume = json.dumps([*json.loads(command), "resumed"])
    path.write_text(path.read_text().replace("[terminal]\n", f"[terminal]\nresume = {resume}\n"))
    task = await shop.rests((await shop.task("before", profile=name)).id)
    await shop.engine.stop()
    shop.engine = Engine({"PATH": "/usr/bin:/bin"})
    await shop.engine.start()
    shown = await shop.engine.terminals.screen(task.id)
    assert not shown.alive
    assert "* done" in "\n".join(shown.lines), "what it showed last is kept"
    await shop.engine.send(task.id, "after")
    task = await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "it goes on")
    assert asked(task) == ["before", "after"]
    assert b"resumed" in Path(f"/proc/{pid_of(shop, task)}/cmdline").read_bytes(), "by its command for that"


# --- review ---------------------------------------------------------------------------------------------------------


async def test_a_review_round_goes_there_and_its_claims_come_back(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("work", profile=agent())).id)
    draft = CommentDraft(text="Say it\nin two lines.", path=b"asked.txt", start=1, end=1)
    comment = await shop.engine.review.add(task.id, draft)
    prompt = await shop.engine.review.send(task.id)
    task = await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the round ends")
    assert asked(task)[1] == prompt.text.rstrip("\n"), "every line of the round arrived as it was"
    (claimed,) = await shop.engine.review.comments(task.id)
    assert (claimed.id, claimed.claim) == (comment.id, "done")
