"""What an agent asks is the task's state until the person has answered."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agents.drivers.acp_forms import fields_of
from agents.engine import Engine
from agents.errors import UsageError
from agents.model import Entry, Task
from tests.shop import Shop

Agent = Callable[..., str]
ASK = 'permissions = "ask"'


async def asking(shop: Shop, agent: Agent, scenario: str = "permission") -> Task:
    """A task whose agent has asked something."""
    task = await shop.task(profile=agent(scenario, ASK))
    return await shop.until(task.id, lambda known: known.question is not None, "a question")


async def entries(shop: Shop, task: Task, kind: str) -> list[Entry]:
    return [entry for entry in await shop.engine.transcript(task.id) if entry.kind == kind]


async def test_a_question_blocks_the_task_while_its_turn_goes_on_until_it_is_answered(shop: Shop, agent: Agent) -> None:
    task = await asking(shop, agent)
    assert task.question is not None
    assert (task.state, task.unseen) == ("blocked", True)
    assert task.reason == task.question.text == "May Fake do this? edit: Write hello.txt"
    assert task.question.options == ("No", "Always", "Yes")
    (asked,) = await entries(shop, task, "question")
    assert (asked.text, asked.done) == (f"{task.reason}\n1 No\n2 Always\n3 Yes", False)
    answered = await shop.engine.questions.answer(task.id, task.question.id, "yes")
    assert (answered.state, answered.question, answered.reason) == ("working", None, "")
    task = await shop.rests(task.id)
    assert task.turn == 1, "the answer belongs to the turn that asked"
    (asked,) = await entries(shop, task, "question")
    assert asked.done
    assert asked.text.endswith("\n→ Yes")
    assert [entry.text for entry in await entries(shop, task, "text")] == ["chosen: yes"]


async def test_an_answer_that_is_none_is_refused_with_what_can_be_said(shop: Shop, agent: Agent) -> None:
    task = await asking(shop, agent)
    for option, text in (("maybe", ""), ("9", ""), ("", " "), ("", "")):
        with pytest.raises(UsageError, match="1 No · 2 Always · 3 Yes"):
            await shop.engine.questions.answer(task.id, option=option, text=text)
    with pytest.raises(UsageError, match="something else"):
        await shop.engine.questions.answer(task.id, "another", "1")
    with pytest.raises(UsageError, match="waits for your answer"):
        await shop.engine.resume(task.id)
    await shop.engine.questions.answer(task.id, option="1")
    await shop.rests(task.id)
    with pytest.raises(UsageError, match="asks nothing"):
        await shop.engine.questions.answer(task.id, option="1")


async def test_an_answer_in_words_says_no_and_goes_to_the_agent(shop: Shop, agent: Agent) -> None:
    task = await asking(shop, agent)
    assert task.question is not None
    assert (task.question.takes_text, task.question.text_option) == (True, "No")
    await shop.engine.questions.answer(task.id, text="write bye.txt instead")
    task = await shop.until(task.id, lambda known: known.turn == 2 and known.state != "working", "the words arrive")
    (asked, *_) = await entries(shop, task, "question")
    assert asked.text.endswith("\n→ No")
    assert [entry.text for entry in await entries(shop, task, "prompt")][1] == "write bye.txt instead"


async def test_several_questions_are_asked_one_after_another(shop: Shop, agent: Agent) -> None:
    task = await asking(shop, agent, "permissions")
    assert task.question is not None
    first = task.question.id
    await shop.engine.questions.answer(task.id, first, "Yes")
    task = await shop.until(task.id, lambda known: bool(known.question and known.question.id != first), "the second")
    assert task.state == "blocked"
    await shop.engine.questions.answer(task.id, option="No")
    task = await shop.rests(task.id)
    assert [entry.text for entry in await entries(shop, task, "text")] == ["chosen: yes, no"]


async def test_stop_withdraws_what_is_asked(shop: Shop, agent: Agent) -> None:
    task = await asking(shop, agent)
    await shop.engine.stop_task(task.id)
    task = await shop.rests(task.id, "stopped")
    assert task.question is None
    (asked,) = await entries(shop, task, "question")
    assert asked.done
    assert asked.text.endswith("\n→ not asked any more")


async def test_an_unanswered_question_is_asked_again_after_the_engine_has_ended(shop: Shop, agent: Agent) -> None:
    task = await asking(shop, agent)
    await shop.engine.stop()
    shop.engine = Engine({"PATH": "/usr/bin:/bin"})
    await shop.engine.start()
    task = await shop.until(task.id, lambda known: known.question is not None and known.state == "blocked", "it again")
    await shop.engine.questions.answer(task.id, option="Yes")
    task = await shop.rests(task.id)
    assert task.turn == 1
    assert [entry.done for entry in await entries(shop, task, "question")] == [True, True]


async def test_a_form_is_filled_in_question_by_question_in_the_persons_words(shop: Shop, agent: Agent) -> None:
    task = await asking(shop, agent, "form")
    for text, answer in (
        ("Before I begin. Which database?", "PostgreSQL 17"),
        ("Before I begin. How many copies?", "three"),
        ("Before I begin. How many copies? (a whole number, please)", "3"),
    ):
        task = await shop.until(task.id, lambda known, text=text: known.reason == text, text)  # type: ignore[misc]
        assert task.question is not None
        assert (task.question.takes_text, task.question.options) == (True, ("Decline to answer",))
        await shop.engine.questions.answer(task.id, text=answer)
    task = await shop.until(task.id, lambda known: known.reason == "Before I begin. With a backup?", "the last")
    assert task.question is not None
    assert task.question.options == ("Yes", "No", "Leave it open", "Decline to answer")
    await shop.engine.questions.answer(task.id, option="No")
    task = await shop.rests(task.id)
    (said,) = await entries(shop, task, "text")
    values = {"database": "PostgreSQL 17", "copies": 3, "backup": False}
    assert json.loads(said.text) == {"action": "accept", "content": values}


async def test_a_form_is_declined_and_a_stop_cancels_it(shop: Shop, agent: Agent) -> None:
    task = await asking(shop, agent, "form")
    await shop.engine.questions.answer(task.id, option="Decline to answer")
    task = await shop.rests(task.id)
    (said,) = await entries(shop, task, "text")
    assert json.loads(said.text) == {"action": "decline"}
    await shop.engine.send(task.id, "again")
    await shop.until(task.id, lambda known: known.question is not None, "it asks again")
    await shop.engine.stop_task(task.id)
    task = await shop.rests(task.id, "stopped")
    assert task.question is None


def test_forms_with_fields_that_cannot_be_asked_are_known() -> None:
    assert fields_of({"properties": {"x": {"type": "_map"}}}) is None
    titled = {"type": "string", "oneOf": [{"const": "a", "title": "First"}, {"const": "b", "title": "Second"}]}
    (field,) = fields_of({"properties": {"which": titled}}) or []
    assert (field.title, field.choices, field.is_required) == ("which", {"First": "a", "Second": "b"}, False)
    several = {"type": "array", "title": "Which?", "items": {"type": "string", "enum": ["a.py", "b.py"]}}
    (listed,) = fields_of({"properties": {"files": several}}) or []
    assert listed.title == "Which? Any of a.py, b.py, commas between them."
    assert listed.read("a.py, b.py") == ["a.py", "b.py"]
