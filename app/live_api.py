"""The engine as the screens hold it: the same object before and after the connection was made anew."""

from __future__ import annotations

from typing import Any, cast

from agents.api import Api


class LiveApi:
    """Passes every call on to the connection that is alive now."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def connect(self, api: Api) -> None:
        """Talk to this one from now on."""
        self._api = api

    def as_api(self) -> Api:
        """Itself, as what it behaves like."""
        return cast(Api, self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)
