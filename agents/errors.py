"""The one hierarchy of errors that a person may see."""

from __future__ import annotations


class ShopfloorError(Exception):
    """Something a person must know: what is wrong, and what to do next.

    Raised where it is known, shown where a person looks; it never reaches anyone as a traceback.
    """

    exit_status = 1
    """What the command line exits with when this ends a verb (see :mod:`app.main`)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        """One plain sentence: what is wrong and where."""
        self.hint = hint
        """What to do next; empty when the message says it all."""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(ShopfloorError):
    """The arguments or the configuration cannot be used as they are."""

    exit_status = 2


class EngineUnreachable(ShopfloorError):
    """The engine cannot be reached or started."""

    exit_status = 3


class EngineStopped(EngineUnreachable):
    """No engine runs because somebody stopped it on purpose; it is not started again unasked."""


class EngineOutdated(EngineUnreachable):
    """The engine that runs is of another version than this program and must be replaced first."""


class NotFound(UsageError):
    """The thing named does not exist (a task, a profile, a comment)."""


class GitError(ShopfloorError):
    """Git refused or is not usable here."""


class SandboxError(ShopfloorError):
    """No agent may start: there is no way to confine it, or the confinement failed."""


class ModelError(ShopfloorError):
    """The model cannot be used until a person acts (no key, wrong key, unknown model, no credit)."""
