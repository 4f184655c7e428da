"""Our own agent as a driver: a model, the tool host and the loop between them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from agents import paths
from agents.drivers import Notice, Reporter, TurnEnd
from agents.errors import ModelError, ShopfloorError, UsageError
from agents.native.budget import Limits
from agents.native.conversation import Image, Record, decode
from agents.native.host.pictures import is_shown
from agents.native.loop import Agent
from agents.native.models import Model, Patience, open_model
from agents.native.prompt import folders_down, instruction_files, system_prompt
from agents.native.skills import find_skills, user_folders
from agents.native.tools import READING_SPECS, SPECS, ToolHost
from agents.profiles import Profile
from agents.prompts.images import images_in
from agents.sandbox import Policy, Runner


class NativeDriver:
    """See :class:`agents.drivers.Driver`. The model is looked up when a turn starts, so that a key set meanwhile is
    used; the tool host starts with the first tool call."""

    def __init__(
        self,
        *,
        profile: Profile,
        runner: Runner,
        policy: Policy,
        worktree: str,
        root: str = "",
        attachments: str = "",
        report: Reporter,
        history: Sequence[bytes] = (),
        environment: Mapping[str, str],
        base_url: str = "",
        checks: Sequence[str] = (),
        reader: str = "",
        patience: Patience | None = None,
        limits: Limits | None = None,
    ) -> None:
        """
        Args:
            root: of the repository, when the agent works in a folder of it; instructions and skills count from there.
            attachments: the folder of images from outside the worktree that prompts name.
            history: every message reported as Remember so far, in order.
            environment: where keys and base URLs are looked up.
            base_url: instead of the profile's; the offline server's.
            checks: the project's checks, as the agent should run them.
            reader: what the model is told, instead of that it works here, when it is to read only.
            limits: how often to try again; what bounds a turn is the profile's.

        Raises:
            UsageError: the profile has no ``[native]`` section.
            ShopfloorError: the history cannot be read.
        """
        if profile.native is None:
            raise UsageError(
                f"The profile {profile.name} has no [native] section.", "Add one, with provider and model."
            )
        self._section = profile.native
        self._profile = profile
        self._worktree = worktree
        self._attachments = attachments
        self._folders = folders_down(Path(root or worktree), Path(worktree))
        self._report = report
        self._environment = environment
        self._base_url = base_url
        self._checks = tuple(checks)
        self._reader = reader
        self._patience = patience
        self._limits = msgspec.structs.replace(
            limits or Limits(),
            steps=self._section.max_steps,
            minutes=self._section.max_minutes,
            cost_usd=self._section.max_cost_usd,
        )
        self._history = _decoded(history)
        readable = tuple(str(folder) for folder in user_folders())  # the first one lies in a hidden place
        policy = msgspec.structs.replace(policy, read=policy.read + readable)
        self._tool_host = ToolHost(runner, policy, lambda text: report(Notice(text=text, severity="warning")))
        self._model: Model | None = None
        self._agent: Agent | None = None

    async def run_turn(self, prompt: str) -> TurnEnd:
        """See :meth:`agents.drivers.Driver.run_turn`."""
        try:
            agent = self._opened()
        except ModelError as problem:
            return TurnEnd(outcome="blocked", reason=problem.message, hint=problem.hint)
        return await agent.run_turn(prompt)

    async def compact(self) -> TurnEnd:
        """See :meth:`agents.drivers.Driver.compact`."""
        try:
            agent = self._opened()
        except ModelError as problem:
            return TurnEnd(outcome="blocked", reason=problem.message, hint=problem.hint)
        return await agent.compact()

    def _opened(self) -> Agent:
        # without waiting anywhere: an interrupt finds either no turn or one it can end
        if self._agent is None:
            self._agent = self._open()
        return self._agent

    def _open(self) -> Agent:
        self._model = open_model(self._section, self._environment, self._base_url, self._patience)
        return Agent(
            model=self._model,
            tool_host=self._tool_host,
            system=self._system(),
            report=self._report,
            history=self._history,
            limits=self._limits,
            prices=self._profile.prices,
            context_window=self._section.context_window,
            specs=READING_SPECS if self._reader else SPECS,
            images=self._images if self._section.shows_images else None,
        )

    def _images(self, prompt: str) -> tuple[Image, ...]:
        """The images that a prompt names, as far as models take them."""
        found = images_in(prompt, self._worktree, self._attachments)
        return tuple(
            Image(media_type=image.kind, data=base64.b64encode(image.data).decode())
            for image in found
            if is_shown(image.data)
        )

    def _system(self) -> str:
        if self._reader:
            return self._reader
        instructions = instruction_files([paths.config_dir(), *self._folders])
        skills = [(skill.name, skill.description, skill.path) for skill in find_skills(self._folders)]
        return system_prompt(self._worktree, self._checks, instructions, skills)

    def steer(self, prompt_id: int, text: str) -> bool:
        """See :meth:`agents.drivers.Driver.steer`."""
        return self._agent is not None and self._agent.steer(prompt_id, text)

    def answer(self, question: str, option: str = "", text: str = "") -> bool:
        """See :meth:`agents.drivers.Driver.answer`: our own agent asks nothing."""
        return False

    def skip_wait(self) -> bool:
        """See :meth:`agents.drivers.Driver.skip_wait`."""
        return self._agent is not None and self._agent.skip_wait()

    async def interrupt(self) -> None:
        """See :meth:`agents.drivers.Driver.interrupt`."""
        if self._agent is not None:
            await self._agent.interrupt()

    async def close(self) -> None:
        """See :meth:`agents.drivers.Driver.close`."""
        await self.interrupt()
        await self._tool_host.close()
        if self._model is not None:
            await self._model.close()


def _decoded(history: Sequence[bytes]) -> list[Record]:
    messages: list[Record] = []
    for number, data in enumerate(history, 1):
        try:
            messages.append(decode(data))
        except msgspec.MsgspecError as error:
            raise ShopfloorError(
                f"Message {number} of the stored conversation cannot be read: {error}.",
                "It may come from another version of Shopfloor; start a new task from this branch.",
            ) from error
    return messages
