"""An agent that speaks the Agent Client Protocol, as a driver.

The agent's process runs in the task's sandbox for as long as the engine works on the task; the conversation is the
agent's own, so only the name of its session is remembered here. The protocol itself is in ``acp_v1``, what the agent
says in a turn is read in ``acp_updates``.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agents.drivers import (
    Afterwards,
    AnyReport,
    Delivered,
    Notice,
    Offered,
    Remember,
    Reporter,
    TextEnded,
    TurnEnd,
    Used,
)
from agents.drivers.acp_forms import fill
from agents.drivers.acp_lines import ANSWERED
from agents.drivers.acp_offers import Offers
from agents.drivers.acp_permissions import Permissions
from agents.drivers.acp_updates import Updates
from agents.drivers.settings_files import filled, write_files
from agents.drivers.stopping import unless_stopped
from agents.errors import ShopfloorError, UsageError
from agents.model import Struct
from agents.native.budget import cost
from agents.parts.sessions import Conversation, Session
from agents.profiles import AcpSection, McpServer, Profile, missing_program
from agents.prompts.images import Image, images_in
from agents.sandbox import Policy, Runner

if TYPE_CHECKING:
    from agents.drivers import acp_v1

GO_ON = "Your work was interrupted. Go on where you stopped."
REMINDER = "What you were asked:"


class Remembered(Struct, kw_only=True):
    """What is remembered of an agent's conversation; the last one counts."""

    session: str
    prompt: str = ""
    """The one it was at work on when this was written; empty when it was done."""
    cost_usd: float = 0.0
    """What the session had cost."""


class AcpDriver:
    """See :class:`agents.drivers.Driver` and :class:`agents.drivers.Lasting`. The process starts with the first turn;
    one that died is started again."""

    def __init__(
        self,
        *,
        profile: Profile,
        runner: Runner,
        policy: Policy,
        worktree: str,
        report: Reporter,
        history: Sequence[bytes] = (),
        environment: Mapping[str, str],
        choices: Mapping[str, str] | None = None,
        log: Path,
        attachments: str = "",
    ) -> None:
        """
        Args:
            attachments: the folder of images from outside the worktree that prompts name.
            history: every message reported as Remember so far, in order.
            environment: where the variables are looked up that the profile passes on.
            choices: what the person has chosen: values by ids of settings. They overrule the profile's.
            log: the file for what the agent prints beside the protocol.

        Raises:
            UsageError: the profile has no ``[acp]`` section.
        """
        if profile.acp is None:
            raise UsageError(f"The profile {profile.name} has no [acp] section.", "Add one, with a command.")
        self._profile = profile
        self._section = profile.acp
        self._runner = runner
        given = {name: environment[name] for name in self._section.environment if environment.get(name)}
        self._given = given
        self._policy = policy
        self._worktree = worktree
        self._attachments = attachments
        self._report = report
        self._log = log
        self._known = _remembered(history)
        self._servers = [_with_variables(server, environment) for server in profile.mcp]
        self._wanted = _wanted(self._section, choices or {})
        self._offers = Offers()
        self._updates = Updates(worktree, self._tell, self._known.cost_usd)
        self._permissions = Permissions(
            profile.name, self._section.permissions, self._updates.described, self._tell
        )  # fmt: skip
        self._peer: acp_v1.Peer | None = None
        self._fresh = False
        """The session knows nothing of what was said before."""
        self._silent = True
        """No prompt is on its way: the first report means that it is."""
        self._unsaid: list[AnyReport] = []
        """What came meanwhile; told afterwards."""
        self._prompting = False
        """The agent is at work on a prompt, for all we know."""
        self._steering: list[tuple[int, asyncio.Task[acp_v1.Ending]]] = []
        """Prompts that were offered to the running turn, and their answers, in order."""
        self._turned_to: list[asyncio.Task[acp_v1.Ending]] = []
        """The answers of those that the agent has come to, one after another, until we have noticed."""
        self._stop = asyncio.Event()

    async def run_turn(self, prompt: str) -> TurnEnd:
        """See :meth:`agents.drivers.Driver.run_turn`."""
        self._stop.clear()
        try:
            return await self._turn(prompt)
        except ShopfloorError as problem:
            await self._end_process()
            if self._stop.is_set():
                return TurnEnd(outcome="interrupted")
            hint = problem.hint or "Resume the task to try again."
            return TurnEnd(outcome="blocked", reason=problem.message, hint=hint)

    async def _turn(self, prompt: str) -> TurnEnd:
        if self._peer is not None and self._peer.ended:
            await self._end_process()
        if self._peer is None and not await unless_stopped(self._stop, self._open()):
            await self._end_process()
            return TurnEnd(outcome="interrupted")
        text = self._words(prompt)
        assert self._peer is not None
        self._updates.begin()
        self._permissions.begin()
        self._prompting = True
        answering = asyncio.create_task(self._peer.prompt(text, self._images(text)))
        self._begun(prompt or self._known.prompt)
        try:
            ending = await self._answer(answering, self._peer)
        finally:
            answering.cancel()
            self._updates.end()
        if ending is None:
            await self._end_process()
            return TurnEnd(outcome="interrupted")
        end = self._ended(ending)
        if end.outcome == "interrupted" and self._section.restart_after_stop:
            await self._end_process()
        return end

    # the beginning

    async def _open(self) -> bool:
        problem = missing_program(self._profile, self._policy.environment.get("PATH"))
        if problem:
            raise ShopfloorError(problem, "Then resume the task, or choose another profile.")
        # most of a second, once: the floor must not stand still for it
        v1 = await asyncio.to_thread(importlib.import_module, "agents.drivers.acp_v1")
        self._peer = peer = await v1.start(
            self._profile.name, self._section, self._runner, self._policy_with_settings(), self._log, self._take,
            self._permissions.decide, partial(fill, ask=self._permissions.ask),
        )  # fmt: skip
        self._updates.starts_anew()
        await peer.initialize()
        opened = await peer.open_session(self._worktree, self._known.session, bool(self._given), self._servers)
        self._fresh = not opened.loaded
        if self._fresh or self._section.cost_since == "start":
            self._updates.cost_usd = 0.0
        self._offers.opened(opened.answer)
        refused = [await self._set(name, value) for name, value in self._wanted.items()]
        for text in filter(None, (*opened.notices, *refused)):
            self._tell(Notice(text=text, severity="warning"))
        self._offer()
        return True

    def _policy_with_settings(self) -> Policy:
        section, policy = self._section, self._policy
        words = write_files(section.files, policy, self._runner, {}) if section.files else {}
        ours = {name: filled(text, words) for name, text in section.set.items()}
        return msgspec.structs.replace(policy, environment=policy.environment | ours | self._given)

    def _words(self, prompt: str) -> str:
        """What the agent is told; an empty prompt goes on with work that was cut.

        Raises:
            ShopfloorError: there is nothing to go on with.
        """
        if prompt:
            return prompt
        asked = self._known.prompt
        if not self._fresh:
            # it may have been cut before it wrote down what it was asked
            return f"{GO_ON} {REMINDER}\n\n{asked}" if asked else GO_ON
        if not asked:
            raise ShopfloorError(
                f"{self._profile.name} does not know the conversation any more.", "Tell it what to do."
            )
        return asked

    def _images(self, text: str) -> list[Image]:
        """The images of a prompt, for an agent that can take them."""
        can = self._peer is not None and self._peer.sees_images
        return images_in(text, self._worktree, self._attachments) if can else []

    def _begun(self, asked: str) -> None:
        """The prompt is on its way."""
        assert self._peer is not None
        known = Remembered(session=self._peer.session, prompt=asked, cost_usd=self._updates.cost_usd)
        self._silent = False
        self._remember(known)
        self._speak()
        self._fresh = False

    def _remember(self, session: Remembered) -> None:
        self._known = session
        self._report(Remember(message=msgspec.json.encode(session)))

    # what is told when

    def _tell(self, report: AnyReport) -> None:
        if self._silent and not isinstance(report, Afterwards):
            if isinstance(report, Offered):  # only the latest counts
                self._unsaid = [each for each in self._unsaid if not isinstance(each, Offered)]
            self._unsaid.append(report)
        else:
            self._report(report)

    def _speak(self) -> None:
        """Tell what was kept back."""
        self._silent = False
        unsaid, self._unsaid = self._unsaid, []
        for report in unsaid:
            self._report(report)

    def _take(self, update: dict[str, object]) -> None:
        """A session update."""
        if update.get("sessionUpdate") == ANSWERED:
            self._turn_to_next(update.get("stopReason") == "end_turn")
        elif self._offers.take(update):
            self._offer()
        else:
            self._updates.take(update)

    def _turn_to_next(self, goes_on: bool) -> None:
        """A prompt was answered; the agent turns to what was said meanwhile, if anything was."""
        if goes_on and self._steering:
            number, prompt = self._steering.pop(0)
            self._turned_to.append(prompt)
            self._updates.flush()
            self._tell(TextEnded())
            self._tell(Delivered(prompt=number))

    def _offer(self) -> None:
        session = self._peer.session if self._peer else ""
        offers = self._offers
        self._tell(Offered(session=Session(settings=offers.settings, commands=offers.commands, conversation=session)))

    # between turns

    def rest(self) -> bool:
        """See :meth:`agents.drivers.Lasting.rest`."""
        self._silent = True
        # only where its git folder stands in the place of the real one by mounts is the worktree safe for the person
        pinned = self._runner.mounts and bool(self._policy.binds)
        return pinned and self._peer is not None and not self._peer.ended and not self._prompting

    def wake(self, report: Reporter) -> None:
        """See :meth:`agents.drivers.Lasting.wake`."""
        self._updates.flush()  # what was said before belongs to the turn before
        self._report = report

    async def choose(self, setting: str, value: str) -> bool:
        """See :meth:`agents.drivers.Lasting.choose`."""
        self._wanted[setting] = value
        if self._peer is None or self._peer.ended or not self._peer.session:
            return False
        problem = await self._set(setting, value)
        if problem:
            raise UsageError(problem)
        self._offer()
        return True

    async def _set(self, name: str, value: str) -> str:
        """Set something; a sentence when the agent has no such thing."""
        assert self._peer is not None
        setting = self._offers.find(name)
        there = [choice.value for choice in setting.choices] if setting else []
        if setting is None or (there and value not in there):
            known = ", ".join(there) or "none"
            return f"{self._profile.name} has no {name} “{value}”; it has: {known}. It works in its own default."
        if setting.value != value:
            answer = await self._peer.choose(setting, value)
            self._offers.chose(setting.id, value)
            if answer.get("configOptions"):
                self._offers.configured(answer)
        return ""

    async def conversations(self) -> list[Conversation]:
        """See :meth:`agents.drivers.Lasting.conversations`."""
        if self._peer is None or self._peer.ended:
            raise UsageError(f"{self._profile.name} does not run now, so it cannot be asked.")
        return await self._peer.conversations(self._worktree)

    # the end

    async def _answer(self, answering: asyncio.Task[acp_v1.Ending], peer: acp_v1.Peer) -> acp_v1.Ending | None:
        """How the prompt was answered, and what was said meanwhile; None when the agent had to be cut off."""
        stopped = asyncio.create_task(self._stop.wait())
        try:
            while True:
                await asyncio.wait((answering, stopped), return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    self._permissions.cancel()
                    await peer.cancel()
                    await asyncio.wait((answering,), timeout=self._section.stop_seconds)
                    return answering.result() if answering.done() else None
                ending = answering.result()
                if not self._turned_to:
                    return ending
                self._count(ending)
                answering = self._turned_to.pop(0)
        finally:
            stopped.cancel()
            rest = [*self._turned_to, *(prompt for _, prompt in self._steering)]
            for prompt in rest:
                prompt.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            self._steering.clear()
            self._turned_to.clear()

    def _ended(self, ending: acp_v1.Ending) -> TurnEnd:
        self._prompting = False
        self._count(ending)
        name, asked = self._profile.name, self._known.prompt
        unfinished = "" if ending.stop_reason in ("end_turn", "refusal") else asked
        self._remember(
            msgspec.structs.replace(self._known, prompt=unfinished, cost_usd=self._updates.cost_usd)
        )  # fmt: skip
        match ending.stop_reason:
            case "end_turn":
                if self._updates.is_silent and not asked.startswith("/"):  # commands of its own may have no answer
                    self._tell(Notice(text=f"{name} ended its turn without a word.", severity="warning"))
                return TurnEnd(outcome="done")
            case "cancelled" if self._stop.is_set():
                return TurnEnd(outcome="interrupted")
            case "refusal":
                return TurnEnd(outcome="blocked", reason=f"{name} refuses to go on.", hint="Say it another way.")
            case "max_tokens":
                reason = f"{name} has used up the tokens of one turn."
            case "max_turn_requests":
                reason = f"{name} has used up the requests of one turn."
            case other:
                reason = f"{name} stopped: {other}."
        return TurnEnd(outcome="blocked", reason=reason, hint="Resume the task to let it go on.")

    def _count(self, ending: acp_v1.Ending) -> None:
        usage, self._updates.usage = ending.usage or self._updates.usage, None
        if usage is not None:
            price = 0.0 if self._updates.cost_known else cost(usage, self._profile.prices)
            self._report(Used(usage=msgspec.structs.replace(usage, cost_usd=price)))

    def steer(self, prompt_id: int, text: str) -> bool:
        """See :meth:`agents.drivers.Driver.steer`. The protocol knows no prompt within a turn; some agents do."""
        peer = self._peer
        if peer is None or not self._prompting or not peer.takes_more or self._stop.is_set():
            return False
        self._steering.append((prompt_id, asyncio.create_task(peer.prompt(text, self._images(text)))))
        return True

    def answer(self, question: str, option: str = "", text: str = "") -> bool:
        """See :meth:`agents.drivers.Driver.answer`."""
        return self._permissions.answer(question, option, text)

    def skip_wait(self) -> bool:
        """See :meth:`agents.drivers.Driver.skip_wait`: the agent waits by itself."""
        return False

    async def compact(self) -> TurnEnd:
        """See :meth:`agents.drivers.Driver.compact`: only with the agent's own command, and between turns."""
        if self._updates.in_turn or all(each.name != "compact" for each in self._offers.commands):
            reason = f"{self._profile.name} cannot be told to shorten its conversation now."
            return TurnEnd(outcome="blocked", reason=reason, hint="It does so by itself when it must.")
        return await self.run_turn("/compact")

    async def interrupt(self) -> None:
        """See :meth:`agents.drivers.Driver.interrupt`."""
        self._stop.set()

    async def close(self) -> None:
        """See :meth:`agents.drivers.Driver.close`."""
        self._stop.set()
        self._updates.flush()
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()

    async def _end_process(self) -> None:
        """At once: it has failed us or was told to stop."""
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close(now=True)


def _with_variables(server: McpServer, environment: Mapping[str, str]) -> McpServer:
    """A server with the values of the variables that it is given by name."""
    given = {name: environment[name] for name in server.environment if environment.get(name)}
    return msgspec.structs.replace(server, set=given | server.set)


def _wanted(section: AcpSection, choices: Mapping[str, str]) -> dict[str, str]:
    """What is to be set when a session begins."""
    mode = {"mode": section.mode} if section.mode else {}
    return {**mode, **section.options, **choices}


def _remembered(history: Sequence[bytes]) -> Remembered:
    """The last session there was. One of another driver or version is none: the agent then begins anew."""
    for message in reversed(history):
        try:
            return msgspec.json.decode(message, type=Remembered)
        except msgspec.MsgspecError:
            continue
    return Remembered(session="")
