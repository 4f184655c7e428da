"""What a project offers new tasks, and which of its commands may run; implements
:class:`agents.parts.projects.Projects`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agents.config import read_config
from agents.engine.facilities import Facilities, fingerprint
from agents.engine.ledger import Ledger
from agents.errors import ShopfloorError, UsageError
from agents.parts.projects import ProfileInfo
from agents.profiles import load_profiles
from agents.programs import profile_info
from agents.project_file import PROJECT_FILE, read_project_file
from agents.workspace import open_project


class ProjectDesk:
    """The projects of this machine, as far as a task begins with them."""

    def __init__(self, ledger: Ledger, facilities: Facilities) -> None:
        self._ledger = ledger
        self._facilities = facilities

    async def profiles(self, project: str = "") -> list[ProfileInfo]:
        """See :class:`agents.parts.projects.Projects`."""
        infos = [
            profile_info(loaded, self._facilities.environment)
            for loaded in load_profiles(Path(project) if project else None)
        ]
        default = self.default(Path(project)) if project else ""
        infos = [msgspec.structs.replace(info, is_default=info.id == default) for info in infos]
        return sorted(infos, key=lambda info: not info.ready)

    def default(self, project: Path) -> str:
        """The profile of new tasks there; empty when there is none."""
        try:
            settings = read_project_file(project)
            return read_config(self._facilities.environment, settings).defaults.profile or self.first_ready(project)
        except ShopfloorError:
            return ""  # the task that is made says why

    def first_ready(self, project: Path) -> str:
        """The first profile whose key is there; those that need none are chosen by name.

        Raises:
            UsageError: there is none.
        """
        missing = []
        for loaded in load_profiles(project):
            info = profile_info(loaded, self._facilities.environment)
            native = loaded.profile.native
            if info.ready and native is not None and native.needs_key and native.provider != "offline":
                return info.id
            if info.missing and native is not None:  # agents that are not installed would make it a page
                missing.append(f"{info.id}: {info.missing}")
        raise UsageError(
            f"There is no key for an agent ({'; '.join(reason.rstrip('.') for reason in missing)}).",
            "Set the variable with your key, or choose another profile by its name (-p, or in the dialog): "
            "`shopfloor profiles` lists them.",
        )

    async def branches(self, project: str) -> list[str]:
        """See :class:`agents.parts.projects.Projects`."""
        names = await (await open_project(Path(project))).branches()
        return [name for name in names if name.isprintable()]  # a lone surrogate stands for bytes that are no UTF-8

    async def file(self, project: str) -> tuple[str, bool]:
        """See :class:`agents.parts.projects.Projects`."""
        self._ledger.flush()
        return self._facilities.project_text(str((await open_project(Path(project))).root))

    async def trust(self, project: str, text: str) -> None:
        """See :class:`agents.parts.projects.Projects`."""
        root = str((await open_project(Path(project))).root)
        current, _ = self._facilities.project_text(root)
        if current != text:
            raise UsageError(f"{PROJECT_FILE} has changed since you read it.", "Read it again.")
        self._ledger.store.put_trust(root, fingerprint(text))
        self._ledger.flush()
