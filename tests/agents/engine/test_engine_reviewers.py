"""Other agents review a task's change: on the loopback server, in real sandboxes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.engine import Engine
from agents.errors import NotFound, UsageError
from agents.model import Task
from agents.offline import Call, Fault, ModelRequest, Reply, say
from agents.parts.review import Comment, CommentDraft
from agents.parts.reviewers import Reviewing
from tests.shop import KEY, Shop, writes

TEXT = "hello\nthere\nworld\n"


async def a_change(shop: Shop) -> Task:
    shop.model.add(writes("hello.txt", TEXT), "Done.")
    return await shop.rests((await shop.task("Greet there too")).id)


def found(*findings: dict[str, object]) -> str:
    """What a reviewer answers."""
    return "I have looked.\n\n```json\n" + json.dumps({"findings": list(findings)}) + "\n```"


def finding(text: str = "Too short.", **fields: object) -> dict[str, object]:
    return {"path": "hello.txt", "start": 2, "end": 2, "severity": "high", "kind": "fix", "text": text, **fields}


def by_what_it_is_told(answers: dict[str, str | Callable[[ModelRequest], Reply | Fault]]) -> Callable:  # type: ignore[type-arg]
    """An answer for who is told something that begins like a key: reviewers read side by side."""

    def answer(request: ModelRequest) -> Reply | Fault:
        told = request.messages[0].text
        for begins, line in answers.items():
            if begins in told:
                return line(request) if callable(line) else say(line)
        return Fault(status=400, message=f"nobody expected: {told[:200]}")

    return answer


async def reviewed(shop: Shop, task: Task, *names: str, **options: object) -> Reviewing:
    await shop.engine.reviewers.start(task.id, list(names), **options)  # type: ignore[arg-type]
    return await shop.engine.reviewers.finish(task.id)


async def comments(shop: Shop, task: Task) -> list[Comment]:
    return await shop.engine.review.comments(task.id)


async def notices(shop: Shop, task: Task, kind: str) -> str:
    return "\n".join(entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == kind)


async def test_findings_become_drafts_at_their_lines_by_their_reviewer(shop: Shop) -> None:
    task = await a_change(shop)
    answers = {"do harm": found(finding("Greets strangers.")), "would they notice": found()}
    shop.model.add(*[by_what_it_is_told({"Follow everything": answers["do harm"], "For each": found()})] * 2)
    result = await reviewed(shop, task, "security", "tests")
    assert (result.state, [reader.state for reader in result.readers]) == ("done", ["done", "done"]), result
    (draft,) = await comments(shop, task)
    assert (draft.author, draft.text, draft.state) == ("reviewer:security", "[high] Greets strangers.", "draft")
    assert (draft.path, draft.start, draft.quote) == (b"hello.txt", 2, ("+there",)), "it knows its lines"
    assert (await shop.engine.task(task.id)).draft_comments == 1
    told = shop.model.requests[-1]
    assert "+there" in told.messages[0].text, "the change stands in the prompt"
    assert "Greet there too" in told.messages[0].text, "and what was asked for"
    assert [tool.name for tool in told.tools] == ["read", "bash"], "it is offered no tools that write"
    assert (await shop.engine.task(task.id)).reviewing == "", "nothing is under way any more"
    assert "security: 1 finding; tests: 0 findings" in await notices(shop, task, "notice")


async def test_a_reviewer_cannot_write(shop: Shop) -> None:
    task = await a_change(shop)
    worktree = Path(task.worktree)
    attempts = (
        Call(name="bash", arguments={"command": "echo changed > hello.txt; echo new > new.txt; rm -f hello.txt"}),
        Call(name="write", arguments={"path": "written.txt", "content": "x"}),
        Call(name="bash", arguments={"command": "git commit -qam x; git branch stolen; cat hello.txt | wc -l"}),
    )
    shop.model.add(say(*attempts), found())
    result = await reviewed(shop, task, "security")
    assert result.state == "done", result
    assert worktree.joinpath("hello.txt").read_text() == TEXT
    assert sorted(path.name for path in worktree.iterdir()) == [".git", "hello.txt"]
    told = "\n".join(message.text for message in shop.model.requests[-1].messages if message.role == "tool")
    assert "3" in told, f"it can read: {told}"
    assert "stolen" not in (await shop.engine.projects.branches(str(shop.repository)))


@pytest.mark.parametrize(
    "malformed",
    ["It looks fine to me.", found({"text": "no severity"}), found(finding(path="nowhere.txt")),
     found(finding(start=90, end=99)), found(finding(kind="note"))],
    ids=["no JSON", "a field is missing", "another file", "no such line", "another kind"],
)  # fmt: skip
async def test_a_malformed_answer_is_told_back_once(shop: Shop, malformed: str) -> None:
    task = await a_change(shop)
    shop.model.add(malformed, found(finding()))
    result = await reviewed(shop, task, "security")
    assert [reader.state for reader in result.readers] == ["done"], result
    assert "could not be read" in shop.model.requests[-1].messages[-1].text
    assert len(await comments(shop, task)) == 1


async def test_an_answer_that_stays_malformed_is_reported_and_the_others_count(shop: Shop) -> None:
    task = await a_change(shop)
    shop.model.add(*[by_what_it_is_told({"Follow everything": "Fine!", "For each": found(finding())})] * 3)
    result = await reviewed(shop, task, "security", "tests")
    assert [reader.state for reader in result.readers] == ["malformed", "done"], result
    assert (result.state, result.readers[0].answer) == ("done", "Fine!")
    assert [comment.author for comment in await comments(shop, task)] == ["reviewer:tests"]
    assert "Fine!" in await notices(shop, task, "error"), "what it said is not lost"


async def test_a_reviewer_whose_model_fails_is_told_and_the_review_has_failed(shop: Shop) -> None:
    task = await a_change(shop)
    shop.model.add(Fault(status=400, message="no such model"))
    result = await reviewed(shop, task, "security")
    assert (result.state, result.readers[0].state) == ("failed", "failed")
    assert "no such model" in result.readers[0].reason


async def test_the_judge_drops_with_a_reason_that_stays_visible(shop: Shop) -> None:
    task = await a_change(shop)
    verdicts = {
        "verdicts": [
            {"finding": 1, "keep": True, "reason": ""},
            {"finding": 2, "keep": False, "reason": "Said by 1 already."},
        ]
    }
    shop.model.add(found(finding("One."), finding("The same as one.")), json.dumps(verdicts))
    result = await reviewed(shop, task, "security", judge="test")
    assert result.judged == "The judge dropped 1 of 2."
    assert [(one.state, one.reason) for one in result.findings] == [("draft", ""), ("dropped", "Said by 1 already.")]
    assert [comment.text for comment in await comments(shop, task)] == ["[high] One."]
    assert "Said by 1 already." in await notices(shop, task, "notice")


async def test_a_judge_that_cannot_be_understood_drops_nothing(shop: Shop) -> None:
    task = await a_change(shop)
    shop.model.add(found(finding("One."), finding("Two.")), '{"verdicts": [{"finding": 9, "keep": true}]}', "Hm.")
    result = await reviewed(shop, task, "security", judge="test")
    assert result.state == "done"
    assert "All findings stay" in result.judged
    assert len(await comments(shop, task)) == 2


async def test_accepted_kinds_go_to_the_agent_until_nothing_is_found(shop: Shop) -> None:
    task = await a_change(shop)
    mine = await shop.engine.review.add(
        task.id, CommentDraft(text="my own", path=b"hello.txt", start=1, end=1, author="person")
    )
    shop.model.add(
        found(finding("Say it louder."), finding("Why?", kind="question")),
        writes("hello.txt", TEXT.upper()),
        "R1-C2: done",
        found(),
    )
    result = await reviewed(shop, task, "security", auto=2)
    assert (result.state, result.round) == ("done", 1), result
    known = {comment.text: comment.state for comment in await comments(shop, task)}
    assert known == {"my own": "draft", "[high] Say it louder.": "claimed", "[high] Why?": "draft"}, mine
    assert Path(task.worktree, "hello.txt").read_text() == TEXT.upper()
    assert "leave them out" in shop.model.requests[-1].messages[0].text, "what is written already is not found again"
    after = await shop.engine.task(task.id)
    assert (after.state, after.unseen) == ("ready", True)


async def test_rounds_end_and_the_person_is_called(shop: Shop) -> None:
    task = await a_change(shop)
    for number in range(2):
        shop.model.add(found(finding(f"Still bad, {number}.")), writes("hello.txt", TEXT + f"{number}\n"), "Tried.")
    shop.model.add(found(finding("Bad for ever.")))
    result = await reviewed(shop, task, "security", auto=2)
    assert (result.state, result.round) == ("done", 2), result
    after = await shop.engine.task(task.id)
    assert (after.state, after.reason) == ("blocked", "The reviewers still find something after 2 rounds.")
    assert [c.text for c in await comments(shop, task) if c.state == "draft"] == ["[high] Bad for ever."]
    assert shop.model.remaining == 0, "nobody was asked once more"


async def test_the_cost_is_told_before_and_counted_after(shop: Shop) -> None:
    (shop.profiles / "priceless.toml").write_text(
        (shop.profiles / "test.toml").read_text().split("[prices]")[0].replace('"Test"', '"Priceless"')
    )
    task = await a_change(shop)
    (known,) = await shop.engine.reviewers.estimate(task.id, ["security"])
    assert known.cost_usd is not None
    assert 0 < known.cost_usd == pytest.approx(known.tokens * 3 / 1e6)
    (unknown,) = await shop.engine.reviewers.estimate(task.id, ["security"], profile="priceless")
    assert (unknown.tokens, unknown.cost_usd) == (known.tokens, None)
    before = await shop.engine.task(task.id)
    spent = (await shop.engine.costs.today()).spent_usd
    shop.model.add(found())
    result = await reviewed(shop, task, "security")
    assert result.usage.cost_usd is not None
    assert result.usage.cost_usd > 0
    after = await shop.engine.task(task.id)
    assert after.usage.tokens == before.usage.tokens + result.usage.tokens, "it counts in what the task has cost"
    today = await shop.engine.costs.today()
    assert today.spent_usd == pytest.approx(spent + result.usage.cost_usd)
    assert today.usage.cost_usd == pytest.approx(today.spent_usd), "and is among what is listed"


def hangs(_: ModelRequest) -> Fault:
    return Fault(silent=True)


async def test_a_review_is_cancelled_and_what_was_found_stays(shop: Shop) -> None:
    task = await a_change(shop)
    shop.model.add(*[by_what_it_is_told({"Follow everything": found(finding()), "For each": hangs})] * 2)
    await shop.engine.reviewers.start(task.id, ["security", "tests"])
    await shop.until(task.id, lambda known: known.draft_comments == 1, "the first finding")
    assert (await shop.engine.task(task.id)).reviewing == "reviewers 1/2"
    with pytest.raises(UsageError, match="being reviewed already"):
        await shop.engine.reviewers.start(task.id, ["security"])
    result = await shop.engine.reviewers.cancel(task.id)
    assert (result.state, [reader.state for reader in result.readers]) == ("cancelled", ["done", "cancelled"])
    assert len(await comments(shop, task)) == 1


async def test_a_review_that_the_engine_did_not_outlive_is_told_as_interrupted(shop: Shop) -> None:
    task = await a_change(shop)
    shop.model.add(*[hangs] * 1)
    await shop.engine.reviewers.start(task.id, ["security"])
    await shop.engine.stop()
    shop.engine = Engine({"PATH": "/usr/bin:/bin", KEY: "secret-test-key"})
    await shop.engine.start()
    result = await shop.engine.reviewers.result(task.id)
    assert result is not None
    assert (result.state, result.readers[0].state) == ("interrupted", "interrupted")
    assert (await shop.engine.task(task.id)).reviewing == ""
    assert "start it again" in await notices(shop, task, "error")


async def test_reviewers_of_the_project_and_the_person_extend_and_replace(shop: Shop) -> None:
    own = shop.profiles.parent / "reviewers"
    projects = shop.repository / ".shopfloor" / "reviewers"
    own.mkdir()
    projects.mkdir(parents=True)
    (projects / "security.md").write_text("# Ours\n\nOnly look at greetings.\n")
    (projects / "words.md").write_text('+++\nprofile = "test"\nkinds = ["question"]\n+++\n# Words\n\nSpelling.\n')
    (own / "words.md").write_text("# Mine\n\nMy spelling.\n")
    (own / "broken.md").write_text("+++\nkinds = 3\n+++\nx\n")
    known = {reviewer.name: reviewer for reviewer in await shop.engine.reviewers.offered(str(shop.repository))}
    assert sorted(known) == ["broken", "performance", "security", "simplicity", "tests", "words"]
    assert (known["security"].title, known["security"].place) == ("Ours", "project")
    assert (known["words"].prompt, known["words"].place) == ("My spelling.", "user")
    assert "kinds" in known["broken"].problem
    task = await a_change(shop)
    with pytest.raises(NotFound, match="no reviewer"):
        await shop.engine.reviewers.start(task.id, ["nobody"])
    with pytest.raises(UsageError, match="kinds"):
        await shop.engine.reviewers.start(task.id, ["broken"])


async def test_who_is_not_confined_or_works_in_a_terminal_does_not_review(shop: Shop) -> None:
    task = await a_change(shop)
    text = (shop.profiles / "test.toml").read_text()
    (shop.profiles / "free.toml").write_text(text + '[sandbox]\nmode = "none"\n')
    with pytest.raises(UsageError, match="not confined"):
        await shop.engine.reviewers.start(task.id, ["security"], profile="free")
    with pytest.raises(UsageError, match="terminal"):
        await shop.engine.reviewers.start(task.id, ["security"], judge="claude-terminal")
    (estimate,) = await shop.engine.reviewers.estimate(task.id, ["security"], profile="free")
    assert "not confined" in estimate.problem
