"""The shipped scenarios, played on the sample repository with real files, real tests and a real git."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from offline_agent import OfflineAgent

from agents.errors import UsageError
from agents.offline import Message
from agents.offline.play import CANNOT, GOING_ON
from agents.offline.review_round import changes_for, parse_round
from agents.offline.sample import demo_tasks, make_sample_repository
from agents.offline.scenario import load_scenario, load_scenarios
from agents.parts.review import Comment
from agents.review.prompt import parse_claims, review_prompt

SCENARIOS = load_scenarios()


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


class Stage:
    """Makes the sample repository and plays each scenario once; every test works on copies of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._played: dict[str, OfflineAgent] = {}

    async def at_work(self, tmp_path: Path, name: str = "durations") -> OfflineAgent:
        """An agent in the sample repository, told the prompt of a scenario."""
        agent = OfflineAgent(await self.sample(tmp_path / "daybook"), SCENARIOS)
        agent.say(SCENARIOS[name].prompt)
        return agent

    async def finished(self, tmp_path: Path, name: str = "durations") -> OfflineAgent:
        """The same, when the scenario has been played."""
        if name not in self._played:
            self._played[name] = await self.at_work(self._folder / name, name)
            self._played[name].work()
        played = self._played[name]
        shutil.copytree(played.folder, tmp_path / "daybook")
        agent = OfflineAgent(tmp_path / "daybook", SCENARIOS)
        agent.messages, agent.replies = list(played.messages), list(played.replies)
        return agent

    async def sample(self, folder: Path) -> Path:
        """A copy of the sample repository."""
        if not (self._folder / "daybook").exists():
            await make_sample_repository(self._folder)
        shutil.copytree(self._folder / "daybook", folder)
        return folder


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"))


def message_of(call: str, text: str) -> Message:
    return Message(role="tool", call=call, text=text)


def a_comment(agent: OfflineAgent, line: str, text: str, path: str = "daybook/duration.py", **more: object) -> Comment:
    """A comment on the one added line of a file that contains ``line``."""
    lines = (agent.folder / path).read_text("utf-8").split("\n")
    (number,) = [at for at, content in enumerate(lines, 1) if line in content]
    fields = {
        "id": "R1-C1",
        "task": "abcd",
        "round": 1,
        "start": number,
        "end": number,
        "quote": (f"+{lines[number - 1]}",),
    }
    return Comment(**{**fields, "path": path.encode(), "text": text, **more})  # type: ignore[arg-type]


def a_round(agent: OfflineAgent, comments: Sequence[Comment], open_ones: Sequence[Comment] = ()) -> str:
    return review_prompt(
        comments,
        round_number=comments[0].round,
        base_name="main (1a2b3c4)",
        directory=str(agent.folder),
        still_open=open_ones,
    )


def claims(answer: str) -> Mapping[str, tuple[str, str]]:
    return {found.comment: (found.claim, found.text) for found in parse_claims(answer)}


# --- the sample repository ------------------------------------------------------------------------------------------


async def test_sample_repository_is_clean_and_its_tests_pass_with_known_failures(tmp_path: Path) -> None:
    root = await make_sample_repository(tmp_path)
    assert run(root, "git", "status", "--porcelain") == ""
    assert run(root, "git", "log", "--format=%an %s").startswith("Shopfloor demo Keep a journal")
    assert run(root, "git", "branch", "--show-current").strip() == "main"
    assert "OK (expected failures=5)" in run(root, "python3", "-m", "unittest")
    assert {".gitignore", ".shopfloor.toml"} <= {path.name for path in root.iterdir()}


async def test_demo_tasks_repeat_with_numbers(tmp_path: Path) -> None:
    tasks = demo_tasks(tmp_path, 6)
    assert len({task.title for task in tasks}) == 6
    assert tasks[4].title == f"{tasks[0].title} (2)"
    assert tasks[4].prompt == tasks[0].prompt


# --- scenarios ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_scenario_fails_once_then_passes_and_commits_a_change_worth_reviewing(
    stage: Stage, tmp_path: Path, name: str
) -> None:
    agent = await stage.finished(tmp_path, name)
    outcomes = [message.text.splitlines()[-1] for message in agent.messages if "Ran " in message.text]
    assert sum(outcome.startswith("FAILED") for outcome in outcomes) == 1, outcomes
    assert "OK" in run(agent.folder, "python3", "-m", "unittest")
    assert run(agent.folder, "git", "status", "--porcelain") == "", "the scenario must commit all it has changed"
    added, deleted = (
        sum(int(line.split()[at]) for line in run(agent.folder, "git", "diff", "--numstat", "HEAD~1").splitlines())
        for at in (0, 1)
    )
    assert 20 <= added + deleted <= 100, f"+{added} -{deleted}"
    assert "not a model" in agent.replies[0].text
    assert "stop" not in agent.replies[-1].text, agent.replies[-1].text


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_every_prepared_fix_can_be_made_and_keeps_the_tests_green(
    stage: Stage, tmp_path: Path, name: str
) -> None:
    for number, fix in enumerate(SCENARIOS[name].fix):
        (tmp_path / str(number)).mkdir()
        agent = await stage.finished(tmp_path / str(number), name)
        answer = agent.work(a_round(agent, [a_comment(agent, fix.line, "Please.", fix.path)]))
        assert claims(answer) == {"R1-C1": ("done", fix.says)}
        assert "OK" in run(agent.folder, "python3", "-m", "unittest")


async def test_player_forgets_nothing_when_it_starts_again_after_every_answer(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.at_work(tmp_path)
    while (reply := agent.ask()).calls:
        agent.carry_out(reply)
        again = OfflineAgent(agent.folder, load_scenarios())
        again.messages, again.replies = agent.messages, agent.replies
        agent = again
    assert len(agent.replies) == len(SCENARIOS["durations"].step)
    assert [reply.parts[-2:] for reply in agent.replies].count(agent.replies[0].parts[-2:]) == 1


async def test_an_interrupted_tool_call_is_made_again(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.at_work(tmp_path)
    agent.carry_out(agent.ask())
    agent.carry_out(agent.ask())
    tests = agent.ask()
    told = "This tool call was interrupted before it ended; what it has done so far is not known."
    agent.messages += [message_of(call.call, told) for call in tests.calls]
    again = agent.ask()
    assert [call.arguments for call in again.calls] == [call.arguments for call in tests.calls]
    assert {call.call for call in again.calls}.isdisjoint(call.call for call in tests.calls), "ids must be new"
    agent.carry_out(again)
    assert "expected a point" in agent.ask().text, "carried out the second time, it must not be made a third time"


async def test_an_answer_that_was_cut_is_played_again_without_comment(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.at_work(tmp_path)
    agent.carry_out(agent.ask())
    whole = agent.ask()
    agent.messages[-1] = Message(role="assistant", text="There are two w")
    agent.say("Your last answer was cut off. Go on from where it stopped.")
    assert agent.ask().text == whole.text


async def test_steering_is_answered_honestly_and_the_scenario_goes_on(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.at_work(tmp_path)
    agent.carry_out(agent.ask())
    agent.say("Also rename everything.")
    reply = agent.ask()
    assert reply.text.startswith(GOING_ON)
    assert [call.name for call in reply.calls] == ["edit", "edit"]


async def test_scenario_stops_when_it_sees_what_it_does_not_expect(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.at_work(tmp_path)
    for _ in range(2):
        agent.carry_out(agent.ask())
    (agent.folder / "tests" / "test_duration.py").unlink()
    last = agent.work()
    assert "not what my scenario expects" in last
    assert "FAILED" in last, "it must show what it saw"


async def test_a_model_named_like_a_scenario_plays_it_whatever_the_prompt(stage: Stage, tmp_path: Path) -> None:
    agent = OfflineAgent(await stage.sample(tmp_path / "daybook"), SCENARIOS, model="weeks")
    agent.say("Do something nice.")
    assert [call.arguments["path"] for call in agent.ask().calls][:2] == ["daybook/report.py", "daybook/cli.py"]


async def test_an_unknown_task_is_told_what_the_player_can_do(tmp_path: Path) -> None:
    last = OfflineAgent(tmp_path, SCENARIOS).work("Write me a compiler.")
    assert CANNOT in last
    assert all(scenario.title in last for scenario in SCENARIOS.values())


async def test_follow_ups_and_failing_checks_get_a_short_honest_answer(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    assert agent.work("Now make it faster.").startswith(CANNOT)
    failed = "The project's checks ran on your change and failed (round 1 of 3). Mend the cause."
    assert agent.work(failed).startswith(CANNOT)
    assert len(agent.replies) == len(SCENARIOS["durations"].step) + 2, "nothing is to be done about either"


# --- review rounds --------------------------------------------------------------------------------------------------


async def test_suggestion_is_applied_as_written_tested_and_committed(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    better = '    """The minutes in one of a unit.\n\n    Any of its names will do.\n    """'
    text = f"Say more.\n\n```suggestion\n{better}\n```"
    answer = agent.work(a_round(agent, [a_comment(agent, '"""The minutes in one of a unit', text)]))
    assert claims(answer) == {"R1-C1": ("done", "applied the suggestion as written")}
    changed = (agent.folder / "daybook" / "duration.py").read_text("utf-8")
    assert f"{better}\n    for factor" in changed
    assert run(agent.folder, "git", "log", "-1", "--format=%s").strip() == "Address review round 1"


@pytest.mark.parametrize(
    ("content", "start", "end", "suggestion", "expected"),
    [
        ("a\nx\nb\nx\nc", 4, 4, "y", "a\nx\nb\ny\nc"),
        ("x\nx\nx", 2, 2, "y", "x\ny\nx"),
        ("a\n\n\nb\n\n\nc", 5, 6, "y", "a\n\n\nb\ny\nc"),
        ("a\nx\nb", 2, 2, "", "a\nb"),
        ("x\na\nx", 3, 3, "", "x\na"),
        ("if a:\n    x\nif b:\n    x\n", 4, 4, "    y\n    z", "if a:\n    x\nif b:\n    y\n    z\n"),
    ],
)
def test_suggestion_changes_the_commented_lines_and_no_others_that_read_the_same(
    content: str, start: int, end: int, suggestion: str, expected: str
) -> None:
    quote = tuple(f"+{line}" for line in content.split("\n")[start - 1 : end])
    text = f"```suggestion\n{suggestion}\n```" if suggestion else "```suggestion\n```"
    fields = {"id": "R1-C1", "task": "abcd", "round": 1, "path": b"f", "start": start, "end": end}
    comment = Comment(**fields, quote=quote, text=text)  # type: ignore[arg-type]
    review = parse_round(review_prompt([comment], round_number=1, base_name="main", directory="/w"))
    assert review is not None
    (change,) = changes_for(review, (), {"f": content})
    (edit,) = change.edits
    assert content.count(edit.old) == 1, f"{edit.old!r} is not unique"
    assert content.replace(edit.old, edit.new) == expected


async def test_long_quotes_are_recognised_by_their_ends(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    lines = (agent.folder / "daybook" / "duration.py").read_text("utf-8").split("\n")
    quote = tuple(f"+{line}" for line in lines[4:50])
    comment = a_comment(agent, "_CLOCK =", "```suggestion\n# gone\n```", start=5, end=50, quote=quote)
    agent.work(a_round(agent, [comment]))
    after = (agent.folder / "daybook" / "duration.py").read_text("utf-8").split("\n")
    assert after == [*lines[:4], "# gone", *lines[50:]]


async def test_an_empty_suggestion_deletes_the_lines(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    comment = a_comment(agent, 'raise ValueError(f"unknown unit', "```suggestion\n```")
    agent.work(a_round(agent, [comment]))
    assert "unknown unit" not in (agent.folder / "daybook" / "duration.py").read_text("utf-8")


async def test_suggestion_that_breaks_the_tests_is_said_to_and_not_committed(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    comment = a_comment(agent, "return round(minutes)", "```suggestion\n    return 7\n```")
    answer = agent.work(a_round(agent, [comment]))
    assert "the tests do not pass: FAILED" in answer
    assert claims(answer)["R1-C1"][0] == "done"
    assert "duration.py" in run(agent.folder, "git", "status", "--porcelain")


async def test_each_comment_of_a_round_gets_its_own_answer(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    fix = SCENARIOS["durations"].fix[0]
    comments = [
        a_comment(agent, fix.line, "Round less.", fix.path),
        a_comment(agent, "_CLOCK =", "Make it nicer.", id="R1-C2"),
        a_comment(agent, "_AMOUNT =", "Why?", id="R1-C3", kind="question"),
        a_comment(agent, "import re", "Hands off.", id="R1-C4", kind="do-not-touch"),
        a_comment(agent, "import re", "```suggestion\nx\n```", id="R1-C5", side="old", quote=("-import re",)),
        Comment(id="R1-C6", task="abcd", round=1, target="change", text="All of it\nis too long."),
    ]
    found = claims(agent.work(a_round(agent, comments)))
    assert {name: claim for name, (claim, _) in found.items()} == {
        "R1-C1": "done",
        "R1-C2": "declined",
        "R1-C3": "declined",
        "R1-C4": "done",
        "R1-C5": "declined",
        "R1-C6": "declined",
    }
    assert found["R1-C2"][1] == CANNOT
    assert "new side" in found["R1-C5"][1]


async def test_comments_still_open_from_earlier_rounds_are_answered_too(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    old = a_comment(agent, "_CLOCK =", "Make it nicer.")
    agent.work(a_round(agent, [old]))
    new = a_comment(agent, "_AMOUNT =", "And this.", id="R2-C1", round=2)
    assert set(claims(agent.work(a_round(agent, [new], [old])))) == {"R1-C1", "R2-C1"}


async def test_quoted_lines_that_are_gone_are_declined_with_the_reason(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    comment = a_comment(agent, "_CLOCK =", "```suggestion\nx\n```", quote=("+something else",))
    claim, text = claims(agent.work(a_round(agent, [comment])))["R1-C1"]
    assert (claim, text) == ("declined", "The quoted lines are not in the file as they were quoted.")


async def test_an_edit_the_tool_refuses_is_declined_with_its_words(stage: Stage, tmp_path: Path) -> None:
    agent = await stage.finished(tmp_path)
    agent.say(a_round(agent, [a_comment(agent, "return round(minutes)", "```suggestion\n    return 7\n```")]))
    agent.carry_out(agent.ask())
    edit = agent.ask()
    agent.messages.append(message_of(edit.calls[0].call, "daybook/duration.py: Read-only file system."))
    claim, text = claims(agent.work())["R1-C1"]
    assert claim == "declined"
    assert "Read-only file system" in text


async def test_a_review_in_the_middle_of_a_scenario_comes_first_and_the_rest_can_follow(
    stage: Stage, tmp_path: Path
) -> None:
    agent = await stage.at_work(tmp_path)
    agent.carry_out(agent.ask())
    answer = agent.work(a_round(agent, [a_comment(agent, "import re", "Nicer.")]))
    assert claims(answer)["R1-C1"][0] == "declined"


# --- scenario files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("title = 'x'\nprompt = 'y'\nstep = 3", "line 3: `step` must be a list, not a whole number"),
        ("title = 'x'\nprompt = 'y'\n[[step]]\ntext = 'a'\n[[step.call]]\ntool = 'fly'", "line 6: `step.call.tool`"),
        ("title = 'x'\nprompt = 'y'\n[[step]]\ntext = 'a'\n[[step]]\ntext = 'b'", "every step but the last"),
        ("title = 'x'\nprompt = 'y'\n[[step]]\ntext = 'a'\nexpects = '('", "no regular expression"),
    ],
)
def test_broken_scenario_is_refused_with_the_place(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        load_scenario(path)
    assert message in caught.value.message
    assert str(path) in caught.value.message
