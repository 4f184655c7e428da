"""Agents that speak the Agent Client Protocol, from prompt to diff, in the real sandbox: the good and the bad ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents import paths
from agents.engine import Engine
from agents.model import Entry, Task
from agents.parts.review import CommentDraft
from tests.shop import Shop

Agent = Callable[..., str]
QUICK = "start_seconds = 1.0"


async def entries(shop: Shop, task: Task, *kinds: str) -> list[Entry]:
    return [entry for entry in await shop.engine.transcript(task.id) if entry.kind in kinds]


async def answer(shop: Shop, task: Task) -> str:
    return "".join(entry.text for entry in await entries(shop, task, "text"))


async def done(shop: Shop, profile: str, prompt: str = "do it") -> Task:
    """A task of that profile, worked through."""
    return await shop.rests((await shop.task(prompt, profile=profile)).id)


async def blocked(shop: Shop, profile: str) -> Task:
    """A task of that profile that waits for the person, with a sentence and what to do."""
    task = await shop.rests((await shop.task(profile=profile)).id, "blocked")
    assert task.reason.endswith("."), f"no sentence: {task.reason}"
    assert task.hint, f"nothing says what to do about: {task.reason}"
    return task


# --- a whole task ---------------------------------------------------------------------------------------------------


async def test_a_task_runs_from_prompt_to_diff_with_all_that_the_agent_told(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("work", 'mode = "free"'))
    assert Path(task.worktree, "mode.txt").read_text() == "free", "the profile's mode was not set"
    assert (task.files_changed, task.additions, task.deletions) == (2, 2, 1)
    assert [entry.text for entry in await entries(shop, task, "thinking", "text")] == [
        "I should look first.",
        "I write it.",
    ]
    (plan,) = await entries(shop, task, "plan")
    assert (plan.text, plan.done) == ("- [x] look\n- [>] write\n- [ ] test", True), "one plan, as it was last"
    edit, listing, failed = [entry.tool for entry in await entries(shop, task, "tool") if entry.tool]
    assert (edit.name, edit.title, edit.status) == ("edit", "hello.txt", "done"), "the later title counts"
    assert edit.arguments == {"file_path": str(Path(task.worktree, "hello.txt"))}
    assert edit.diff.startswith("--- a/hello.txt\n+++ b/hello.txt\n@@")
    assert "-world\n+there\n" in edit.diff
    assert (listing.name, listing.title, listing.output) == ("bash", "ls -l", "hello.txt\nmode.txt\n")
    assert (failed.status, failed.output) == ("failed", "boom")
    assert (task.context_used, task.context_window) == (6_000, 200_000)
    usage = task.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cost_usd) == (100, 10, 1, 0.5)


async def test_the_agent_gets_the_keys_its_profile_names_and_nothing_else_of_ours(shop: Shop, agent: Agent) -> None:
    await shop.engine.offer_environment({"FAKE_KEY": "for the model", "OTHER_KEY": "not for it"})
    lines = ('set = { IS_SANDBOX = "1", SETTINGS = "${folder}/a.json" }', """files = { "a.json" = '{"a": 1}' }""")
    task = await done(shop, agent("environment", 'environment = ["FAKE_KEY", "ABSENT"]', *lines))
    told = json.loads(await answer(shop, task))
    assert (told["FAKE_KEY"], told["IS_SANDBOX"]) == ("for the model", "1")
    assert told["what settings say"] == '{"a": 1}', "a file of the profile is there before it starts"
    assert {"ABSENT", "OTHER_KEY", "TEST_MODEL_KEY"} & told.keys() == set()
    assert told["SHOPFLOOR_TASK"] == task.id


async def test_permission_is_given_once_because_the_sandbox_is_the_wall(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("permission"))
    assert await answer(shop, task) == "chosen: yes"
    (call,) = await entries(shop, task, "tool")
    assert call.tool is not None
    assert (call.tool.title, call.tool.status) == ("Write hello.txt", "done"), "the question described the call"


async def test_a_profile_may_have_permission_refused(shop: Shop, agent: Agent) -> None:
    assert await answer(shop, await done(shop, agent("permission", 'permissions = "reject"'))) == "chosen: no"


async def test_a_mode_the_agent_does_not_have_is_told_with_those_it_has(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("echo", 'mode = "wild"'))
    (notice,) = await entries(shop, task, "notice")
    assert "no mode “wild”; it has: ask, free." in notice.text


async def test_comments_of_a_review_come_back_as_claims(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("review"))
    await shop.engine.review.add(task.id, CommentDraft(text="Say *friend*.", path=b"hello.txt", start=2, end=2))
    await shop.engine.review.add(task.id, CommentDraft(text="Add a test.", target="change"))
    await shop.engine.review.send(task.id)
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    comments = await shop.engine.review.comments(task.id)
    assert [(comment.state, comment.claim) for comment in comments] == [("claimed", "done"), ("claimed", "declined")]
    assert comments[1].claim_text == "no test runner here"


# --- conversations --------------------------------------------------------------------------------------------------


async def test_the_next_prompt_goes_on_with_the_same_session_and_replays_nothing(
    short_lived: None, shop: Shop, agent: Agent
) -> None:
    task = await done(shop, agent("echo"), "first")
    await shop.engine.send(task.id, "second")
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    assert [entry.text for entry in await entries(shop, task, "text")] == [
        "I am new. Prompt 1 was: first",
        "I remember. Prompt 1 was: second",
    ]


async def test_after_the_engine_was_cut_the_session_is_loaded_and_goes_on(shop: Shop, agent: Agent) -> None:
    task = await shop.task(profile=agent("cancel"))
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the call that lasts")
    await shop.engine.stop()
    shop.engine = Engine({"PATH": "/usr/bin:/bin"})
    await shop.engine.start()
    known = await shop.rests(task.id)
    said = [entry.text for entry in await entries(shop, known, "text")]
    again = (
        "I remember. Prompt 1 was: Your work was interrupted. Go on where you stopped. What you were asked:\n\ndo it"
    )
    assert said == ["working", again]


async def test_an_agent_that_lost_its_session_is_told_the_cut_prompt_again(shop: Shop, agent: Agent) -> None:
    profile = agent("cancel")
    task = await shop.task("mend the roof", profile=profile)
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the call that lasts")
    await shop.engine.stop()
    # the same profile, but its program has forgotten
    text = (
        (shop.profiles / "cancel.toml")
        .read_text()
        .replace('"cancel"', '"forgetful"')
        .replace("'cancel'", "'forgetful'")
    )
    (shop.profiles / "cancel.toml").write_text(text)
    shop.engine = Engine({"PATH": "/usr/bin:/bin"})
    await shop.engine.start()
    known = await shop.rests(task.id)
    assert (await answer(shop, known)).endswith("I am new. Prompt 1 was: mend the roof")
    (notice,) = await entries(shop, known, "notice")
    assert "could not load its conversation" in notice.text
    assert "No such session" in notice.text


async def test_an_agent_that_cannot_load_sessions_begins_anew_and_says_so(
    short_lived: None, shop: Shop, agent: Agent
) -> None:
    task = await done(shop, agent("no-load"), "first")
    await shop.engine.send(task.id, "second")
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    assert (await answer(shop, task)).endswith("I am new. Prompt 1 was: second")
    (notice,) = await entries(shop, task, "notice")
    assert "Fake cannot load a conversation." in notice.text


@pytest.mark.parametrize(("since", "sum_usd"), [("session", 0.75), ("start", 1.0)])
async def test_costs_are_counted_from_when_the_agent_counts_them(
    short_lived: None, shop: Shop, agent: Agent, since: str, sum_usd: float
) -> None:
    task = await done(shop, agent("costly", f'cost_since = "{since}"'), "first")
    await shop.engine.send(task.id, "second")
    task = await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    assert task.usage.cost_usd == sum_usd


# --- stopping -------------------------------------------------------------------------------------------------------


async def test_stop_cancels_the_turn_and_what_is_asked_meanwhile(shop: Shop, agent: Agent) -> None:
    task = await shop.task(profile=agent("cancel"))
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the call that lasts")
    await shop.engine.stop_task(task.id)
    stopped = await shop.rests(task.id, "stopped")
    assert [entry.text for entry in await entries(shop, stopped, "text")] == ["working", "outcome: cancelled"]
    call = (await entries(shop, stopped, "tool"))[0].tool
    assert call is not None
    assert call.status == "interrupted"


async def test_an_agent_that_knows_nothing_of_what_was_cut_loads_its_conversation_after_a_stop(
    shop: Shop, agent: Agent
) -> None:
    task = await shop.task(profile=agent("cancel", "restart_after_stop = true"))
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the call that lasts")
    await shop.engine.stop_task(task.id)
    await shop.rests(task.id, "stopped")
    await shop.engine.send(task.id, "again")
    task = await shop.until(task.id, lambda known: known.state == "ready", "the second turn")
    assert (await answer(shop, task)).endswith("I remember. Prompt 1 was: again"), "another process, the same session"


async def test_an_agent_that_does_not_hear_is_ended(shop: Shop, agent: Agent) -> None:
    task = await shop.task(profile=agent("deaf", "stop_seconds = 0.2"))
    await shop.entry(task.id, lambda entry: entry.kind == "text", "its first words")
    await shop.engine.stop_task(task.id)
    await shop.rests(task.id, "stopped")


async def test_an_agent_that_does_not_start_can_be_stopped(shop: Shop, agent: Agent) -> None:
    task = await shop.task(profile=agent("hang-initialize"))
    await shop.until(task.id, lambda known: known.state == "working", "working task")
    await shop.engine.stop_task(task.id)
    await shop.rests(task.id, "stopped")


# --- faults ---------------------------------------------------------------------------------------------------------


async def test_silence_at_the_start_ends_with_what_the_agent_printed(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("hang-initialize", QUICK))
    assert task.reason == "Fake did not answer initialize within 1 seconds. It said: waiting for the moon."
    assert (await shop.engine.prompts(task.id))[0].delivery == "queued", "it was never told"


async def test_silence_about_the_session_ends_with_what_the_agent_printed(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("hang-session", QUICK))
    expected = "Fake did not answer session/new within 1 seconds. It said: no such model / waiting for a login."
    assert task.reason == expected


async def test_a_login_that_is_wanted_is_said_with_how(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("login", 'login = "Run `fake login`."'))
    assert (task.reason, task.hint) == ("Fake wants a login: Authentication required.", "Run `fake login`.")


async def test_an_agent_with_a_key_logs_in_by_itself(shop: Shop, agent: Agent) -> None:
    await shop.engine.offer_environment({"FAKE_KEY": "for the model"})
    task = await done(shop, agent("key", 'environment = ["FAKE_KEY"]', 'authenticate = "key"'))
    assert "Prompt 1 was: do it" in await answer(shop, task)


async def test_another_version_of_the_protocol_is_refused(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("version-2"))
    assert task.reason == "Fake speaks version 2 of the protocol, Shopfloor speaks 1."


async def test_a_missing_program_is_said_with_how_to_get_it(shop: Shop) -> None:
    text = 'name = "Gone"\ndriver = "acp"\ninstall = "Install it with `get gone`."\n[acp]\ncommand = ["gone-agent"]\n'
    (shop.profiles / "gone.toml").write_text(text)
    (info,) = [info for info in await shop.engine.projects.profiles() if info.id == "gone"]
    assert (info.ready, info.missing) == (False, "The program gone-agent is not on PATH. Install it with `get gone`.")
    task = await blocked(shop, "gone")
    assert "gone-agent" in task.reason


async def test_death_in_the_middle_of_a_turn_is_told_and_the_task_can_go_on(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("death"))
    assert task.reason == "Fake ended with exit status 3, before it had answered the prompt. It said: out of memory."
    assert await answer(shop, task) == "so far so good"
    assert (paths.task_dir(task.id) / "agent.log").read_text() == "out of memory\n"
    await shop.engine.resume(task.id)
    await shop.until(task.id, lambda known: known.state == "ready", "task that went on")
    assert "I remember. Prompt 1 was: Your work was interrupted." in await answer(shop, task)


async def test_an_agent_that_the_system_kills_is_said_to_be_killed(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("killed"))
    killed = "Fake was ended by SIGKILL, as happens when memory runs out, before it had answered the prompt."
    assert task.reason == killed
    assert await answer(shop, task) == "much is needed"


async def test_an_error_instead_of_an_answer_is_a_sentence(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("error"))
    assert task.reason == "Fake answered the prompt with an error: Internal error (no credit left)."


async def test_the_answer_of_a_models_server_is_read_for_its_words(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("server-error"))
    assert task.reason == "Fake answered the prompt with an error: no such model."


async def test_an_answer_that_is_none_is_a_sentence(shop: Shop, agent: Agent) -> None:
    task = await blocked(shop, agent("nothing"))
    assert task.reason.startswith("Fake answered initialize with something else: Input should be a valid dictionary")
    assert "agent.log" in task.hint


async def test_a_turn_that_ends_without_a_word_is_said(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("silent"))
    (notice,) = await entries(shop, task, "notice")
    assert notice.text == "Fake ended its turn without a word."


async def test_a_refusal_waits_for_the_person(shop: Shop, agent: Agent) -> None:
    assert (await blocked(shop, agent("refuse"))).reason == "Fake refuses to go on."


async def test_a_message_of_three_megabytes_arrives_whole(shop: Shop, agent: Agent) -> None:
    assert await answer(shop, await done(shop, agent("long"))) == "x" * (3 << 20) + " and on"


async def test_text_that_is_no_utf8_is_shown_and_a_line_nested_too_deeply_passed_over(shop: Shop, agent: Agent) -> None:
    assert await answer(shop, await done(shop, agent("rubbish"))) == "caf\ufffd and on"


async def test_what_belongs_to_another_session_is_not_shown(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("stranger"))
    assert [entry.text for entry in await entries(shop, task, "text", "tool")] == ["for you"]
    assert "not for you" in (paths.task_dir(task.id) / "agent.log").read_text(), "it is lost"


async def test_a_line_without_end_is_a_sentence(shop: Shop, agent: Agent) -> None:
    assert (await blocked(shop, agent("endless"))).reason == "Fake sent a line that is too long to be a message."


async def test_two_megabytes_of_stderr_stop_nothing_and_are_kept_within_bounds(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("stderr"))
    assert await answer(shop, task) == "nothing was lost"
    assert 1 << 20 <= (paths.task_dir(task.id) / "agent.log").stat().st_size <= 2 << 20


async def test_a_flood_of_pieces_arrives_whole_and_in_order(shop: Shop, agent: Agent) -> None:
    task = await done(shop, agent("flood"))
    (text,) = await entries(shop, task, "text")
    assert text.text == "".join(f"{number}\n" for number in range(20_000))


async def test_noise_on_its_output_is_passed_over_and_neither_files_nor_terminals_are_lent(
    shop: Shop, agent: Agent
) -> None:
    task = await done(shop, agent("noise"))
    refused = "files: -32601 create: -32601 output: -32601 release: -32601 wait_for_exit: -32601 kill: -32601"
    assert (await answer(shop, task)).endswith(f"and more {refused}")
    assert "debug: not JSON" in (paths.task_dir(task.id) / "agent.log").read_text()
