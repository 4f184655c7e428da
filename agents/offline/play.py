"""Which answer comes next: derived from the messages of the request alone, so that nothing is lost on a restart.

The ids of the tool calls the player makes say which step of which job they belong to (``durations-2-0-5``: scenario,
step, call, number of answers before it). A job is a scenario or a review round; it begins with its prompt. What the
person says in between is answered with what the player is: not a model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agents.model import Struct
from agents.offline.exchange import Call, Fault, Message, ModelRequest, Part, Reply, Text, Thinking, say
from agents.offline.review_round import CANNOT, Change, Round, changes_for, edits_by_file, parse_round
from agents.offline.reviewer import reviewer_answer
from agents.offline.scenario import PlannedCall, Scenario, Step, tool_call
from agents.offline.shapes import fitting_text

INTRODUCTION = "*Offline player: I am not a model. I play a prepared scenario; the tools I call really run.*"
GOING_ON = "*The offline player cannot take in what you just said. It goes on with its scenario.*"
TESTS = "python3 -m unittest"

_CALL_ID = re.compile(r"(?P<job>.+)-(?P<step>\d+)-\d+-(?P<answers>\d+)")
_WAS_INTERRUPTED = "was interrupted before it ended"
"""What the client writes for a call without a result; such a step is played again."""
_WAS_CUT_OFF = "Your last answer was cut off"
_CHECKS_FAILED = "The project's checks ran on your change and failed"
_RAN = re.compile(r"^Ran (\d+) tests?\b", re.MULTILINE)
_OUTCOME = re.compile(r"^(?:OK|FAILED)\b.*$", re.MULTILINE)
_EDITED = re.compile(r"Changed ")
"""How the client reports an edit that was made. OpenAI's two wire formats have no mark for failed calls."""


class Job(Struct, kw_only=True):
    """A prompt the player knows an answer to, and what has been done about it."""

    name: str
    work: Scenario | Round
    messages: tuple[Message, ...] = ()
    """All that came after its prompt."""

    @property
    def results(self) -> dict[int, list[tuple[Call, Message]]]:
        """The calls made for it and their results, by step; of a step's last try, and only if it was carried out."""
        calls = {call.call: call for message in self.messages for call in message.calls}
        tries: dict[int, dict[int, list[tuple[Call, Message]]]] = {}
        for message in self.messages:
            found = _CALL_ID.fullmatch(message.call) if message.role == "tool" else None
            if found and found["job"] == self.name and message.call in calls:
                step, number = int(found["step"]), int(found["answers"])
                tries.setdefault(step, {}).setdefault(number, []).append((calls[message.call], message))
        last = {step: numbers[max(numbers)] for step, numbers in tries.items()}
        return {
            step: results
            for step, results in last.items()
            if not any(_WAS_INTERRUPTED in message.text for _, message in results)
        }

    @property
    def is_interrupted(self) -> bool:
        """Somebody said something after the last answer (the client itself only asks to go on with a cut one)."""
        last = next((message for message in reversed(self.messages) if message.role != "tool"), None)
        return last is not None and last.role == "user" and not last.text.startswith(_WAS_CUT_OFF)


class ScenarioPlayer:
    """A player of prepared scenarios (see :class:`agents.offline.exchange.Player`)."""

    def __init__(self, scenarios: Mapping[str, Scenario]) -> None:
        """
        Args:
            scenarios: by their names; a request for a model with such a name plays it whatever the prompt.
        """
        self._scenarios = scenarios

    def __call__(self, request: ModelRequest) -> Reply | Fault:
        return answer(request, self._scenarios)


def answer(request: ModelRequest, scenarios: Mapping[str, Scenario]) -> Reply:
    """The next answer of a conversation."""
    if request.answer_schema:
        return say(fitting_text(request.answer_schema))
    if request.messages and (review := reviewer_answer(request.messages[0].text)):
        return say(review)
    job, played = _current_job(request, scenarios)
    if not request.tools or job is None:
        return say(_small_talk(request, scenarios))
    if isinstance(job.work, Round):
        return _review_answer(request, job, job.work, played)
    return _scenario_answer(request, job, job.work)


def _current_job(request: ModelRequest, scenarios: Mapping[str, Scenario]) -> tuple[Job | None, Scenario | None]:
    """What is to be worked on now, and the scenario last begun."""
    job: Job | None = None
    played: Scenario | None = None
    begin = 0
    for number, message in enumerate(request.messages):
        if message.role != "user":
            continue
        if (review := parse_round(message.text)) is not None:
            job, begin = Job(name=f"review-{review.number}", work=review), number + 1
        elif (name := _scenario_of(message.text, request.model if number == 0 else "", scenarios)) is not None:
            played = scenarios[name]
            job, begin = Job(name=name, work=played), number + 1
        elif job is not None and _is_done(job, request.messages[begin:number]):
            job = None
    if job is not None:
        job = Job(name=job.name, work=job.work, messages=request.messages[begin:])
    return job, played


def _scenario_of(text: str, model: str, scenarios: Mapping[str, Scenario]) -> str | None:
    if model in scenarios:
        return model
    return next((name for name, scenario in scenarios.items() if scenario.prompt.strip() in text), None)


def _is_done(job: Job, messages: tuple[Message, ...]) -> bool:
    """Whether the player had said its last word about a job."""
    last = next((message for message in reversed(messages) if message.role != "user"), None)
    if last is None or last.role != "assistant" or last.calls:
        return False
    if isinstance(job.work, Round):
        return any(f"{asked}:" in last.text for asked in job.work.asked)
    done = Job(name=job.name, work=job.work, messages=messages).results
    return len(done) >= len(job.work.step) - 1


# --- scenarios --------------------------------------------------------------------------------------------------------


def _scenario_answer(request: ModelRequest, job: Job, scenario: Scenario) -> Reply:
    results = job.results
    number = max(results, default=-1) + 1
    step = scenario.step[min(number, len(scenario.step) - 1)]
    seen = "\n".join(message.text for _, message in results.get(number - 1, ()))
    if step.expects and not re.search(step.expects, seen, re.MULTILINE):
        return say(_unexpected(step, seen))
    parts: list[Part] = [Thinking(step.thinking.strip())] if step.thinking else []
    preface = [INTRODUCTION] if number == 0 else []
    preface += [GOING_ON] if job.is_interrupted else []
    if said := "\n\n".join([*preface, _filled(step.text.strip(), seen)]).strip():
        parts.append(Text(said))
    return say(*parts, *_calls(request, job.name, number, step.call))


def _filled(text: str, seen: str) -> str:
    ran, outcome = _RAN.search(seen), _OUTCOME.search(seen)
    return text.replace("{ran}", ran.group(1) if ran else "?").replace("{outcome}", outcome.group() if outcome else "?")


def _unexpected(step: Step, seen: str) -> str:
    tail = "\n".join(seen.rstrip().splitlines()[-15:])
    fence = "~" * max(4, max(map(len, re.findall("~+", tail)), default=0) + 1)
    return (
        "*Offline player:* this is not what my scenario expects here, and I am no model that could find out why. "
        f"I stop.\n\nExpected was text like `{step.expects}`. The last lines I saw:\n\n{fence}\n{tail}\n{fence}"
    )


def _calls(request: ModelRequest, job: str, step: int, planned: Sequence[PlannedCall]) -> list[Call]:
    answers = sum(message.role == "assistant" for message in request.messages)
    return [
        tool_call(call, request.tools, f"{job}-{step}-{number}-{answers}") for number, call in enumerate(planned)
    ]  # fmt: skip


# --- review rounds ----------------------------------------------------------------------------------------------------

_READ, _EDIT, _TEST, _COMMIT = range(4)


def _review_answer(request: ModelRequest, job: Job, review: Round, played: Scenario | None) -> Reply:
    results = job.results
    commented = dict.fromkeys(remark.path for remark in review.remarks if remark.suggestion is not None)
    preface = f"{GOING_ON}\n\n" if job.is_interrupted and results else ""
    if commented and _READ not in results:
        reads = [PlannedCall(tool="read", path=path) for path in commented]
        text = f"{preface}{INTRODUCTION}\n\nReview round {review.number}: I read what the suggestions are about."
        return say(text, *_calls(request, job.name, _READ, reads))
    files = {str(call.arguments.get("path")): message.text for call, message in results.get(_READ, ())}
    changes = changes_for(review, played.fix if played else (), files)
    edits = edits_by_file(changes)
    if edits and _EDIT not in results:
        planned = [PlannedCall(tool="edit", path=path, edits=edits[path]) for path in edits]
        opening = "" if commented else f"{INTRODUCTION}\n\n"
        text = f"{preface}{opening}I make the changes of review round {review.number}."
        return say(text, *_calls(request, job.name, _EDIT, planned))
    if edits and _TEST not in results:
        return say(preface + "Now the tests.", *_bash(request, job.name, _TEST, TESTS))
    tested = "\n".join(message.text for _, message in results.get(_TEST, ()))
    if edits and _passed(tested) and _COMMIT not in results:
        message = f"Address review round {review.number}"
        return say(*_bash(request, job.name, _COMMIT, f'git add -A && git commit -q -m "{message}"'))
    return say(preface + _claims(review, _carried_out(changes, results), tested, introduced=bool(results)))


def _bash(request: ModelRequest, job: str, step: int, command: str) -> list[Call]:
    return _calls(request, job, step, [PlannedCall(tool="bash", command=command)])


def _passed(tested: str) -> bool:
    outcome = _OUTCOME.search(tested)
    return outcome is not None and outcome.group().startswith("OK")


def _carried_out(changes: list[Change], results: Mapping[int, list[tuple[Call, Message]]]) -> list[Change]:
    """The changes as they went: one whose edit was refused is declined with the tool's words."""
    refused = {
        str(call.arguments.get("path")): message.text.partition("\n")[0]
        for call, message in results.get(_EDIT, ())
        if message.failed or not _EDITED.match(message.text)
    }
    return [
        Change(remark=change.remark, says=f"The edit could not be made: {refused[change.path]}")
        if change.path in refused
        else change
        for change in changes
    ]


def _claims(review: Round, changes: list[Change], tested: str, *, introduced: bool) -> str:
    parts = [] if introduced else [INTRODUCTION, ""]
    if tested and not _passed(tested):
        outcome = _OUTCOME.search(tested)
        parts += [f"After these changes the tests do not pass: {outcome.group() if outcome else 'no result'}.", ""]
    said = {change.remark.id: f"{change.claim}: {change.says}" for change in changes}
    parts += [f"- {asked}: {said.get(asked, f'declined: {CANNOT}')}" for asked in review.asked]
    return "\n".join(parts)


# --- everything else --------------------------------------------------------------------------------------------------


def _small_talk(request: ModelRequest, scenarios: Mapping[str, Scenario]) -> str:
    said = next((message.text for message in reversed(request.messages) if message.role == "user"), "")
    if said.startswith(_CHECKS_FAILED):
        return f"{CANNOT} The failing check is yours to mend, or a real model's."
    begun = any(_scenario_of(message.text, request.model, scenarios) for message in request.messages)
    if begun:
        return (
            f"{CANNOT} What it can do: review this change with ```` ```suggestion ```` blocks in your comments; "
            "they are applied as written."
        )
    titles = "\n".join(f"- {scenario.title}" for scenario in scenarios.values())
    return (
        f"{CANNOT} The scenarios it knows:\n\n{titles}\n\n`shopfloor demo` plays them in a sample repository. "
        "For real work choose a profile with a model: `shopfloor profiles` lists them."
    )
