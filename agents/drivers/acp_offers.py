"""What an agent offers in its session, in the words of the protocol, as settings and commands.

Modes and models of a session and its configuration options are ways of saying the same in version 1; the next version
has options only. So all are settings here, and modes or models are left out where there is an option of that category.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import msgspec

from agents.drivers.acp_lines import MODELS
from agents.parts.sessions import Choice, Command, Setting

Fields = dict[str, object]

MODE = "mode"
"""Category, and the id of the setting that stands for the modes of a session."""
MODEL = "model"
"""The same for its models."""


class Offers:
    """What is offered now. ``take`` session updates in their order."""

    def __init__(self) -> None:
        self.settings: tuple[Setting, ...] = ()
        self.commands: tuple[Command, ...] = ()
        self._models: tuple[Setting, ...] = ()
        """Those of the session that is being opened."""

    def opened(self, answer: Fields) -> None:
        """A session was opened, with this answer; its models came before."""
        settings, models = settings_of(answer), self._models
        self._models = ()
        self.settings = settings if any(setting.category == MODEL for setting in settings) else settings + models

    def take(self, update: Fields) -> bool:
        """Whether an update says what is offered; it is remembered then."""
        match update.get("sessionUpdate"):
            case "available_commands_update":
                self.commands = tuple(_command(each) for each in _fields_of(update.get("availableCommands")))
            case "current_mode_update":
                mode = update.get("currentModeId")
                self.settings = _with_value(self.settings, MODE, mode if isinstance(mode, str) else "")
            case kind if kind == MODELS:
                self._models = _models(update)
                return False
            case "config_option_update":
                self.configured(update)
            case _:
                return False
        return True

    def configured(self, answer: Fields) -> None:
        """All configuration options as they are now."""
        options = _options(answer)
        said = {option.category for option in options}
        kept = [each for each in self.settings if each.kind in (MODE, MODEL) and each.category not in said]
        self.settings = (*kept, *options)

    def chose(self, setting: str, value: str) -> None:
        """A setting has another value."""
        self.settings = _with_value(self.settings, setting, value)

    def find(self, name: str) -> Setting | None:
        """The setting of this id, else of this category."""
        by_id = next((setting for setting in self.settings if setting.id == name), None)
        return by_id or next((setting for setting in self.settings if setting.category == name), None)


def settings_of(answer: Fields) -> tuple[Setting, ...]:
    """Modes and options of the answer that opened a session."""
    options = _options(answer)
    modes = _fields(answer.get("modes"))
    if not modes or any(option.category == MODE for option in options):
        return options
    choices = [
        Choice(value=_text(mode.get("id")), name=_text(mode.get("name")), description=_text(mode.get("description")))
        for mode in _fields_of(modes.get("availableModes"))
    ]
    value = _text(modes.get("currentModeId"))
    return (Setting(id=MODE, name="Mode", category=MODE, kind="mode", value=value, choices=tuple(choices)), *options)


def _models(told: Fields) -> tuple[Setting, ...]:
    choices = [
        Choice(
            value=_text(each.get("modelId")), name=_text(each.get("name")), description=_text(each.get("description"))
        )
        for each in _fields_of(told.get("availableModels"))
    ]
    value = _text(told.get("currentModelId"))
    return (Setting(id=MODEL, name="Model", category=MODEL, kind="model", value=value, choices=tuple(choices)),)


def _options(answer: Fields) -> tuple[Setting, ...]:
    return tuple(_option(option) for option in _fields_of(answer.get("configOptions")) if _text(option.get("id")))


def _option(option: Fields) -> Setting:
    value = option.get("currentValue")
    is_boolean = option.get("type") == "boolean" or isinstance(value, bool)
    choices: list[Choice] = []
    for each in _fields_of(option.get("options")):
        group = _fields_of(each.get("options"))
        choices += [_choice(one) for one in (group or [each])]
    if is_boolean:
        choices = [Choice(value="on"), Choice(value="off")]
    return Setting(
        id=_text(option.get("id")),
        name=_text(option.get("name")) or _text(option.get("id")),
        category=_text(option.get("category")),
        description=_text(option.get("description")),
        kind="boolean" if is_boolean else "select",
        value=("on" if value else "off") if is_boolean else _text(value),
        choices=tuple(choices),
    )


def _choice(fields: Fields) -> Choice:
    description = _text(fields.get("description"))
    return Choice(value=_text(fields.get("value")), name=_text(fields.get("name")), description=description)


def _command(fields: Fields) -> Command:
    hint = _text(_fields(fields.get("input")).get("hint"))
    return Command(name=_text(fields.get("name")), description=_text(fields.get("description")), hint=hint)


def _with_value(settings: Iterable[Setting], name: str, value: str) -> tuple[Setting, ...]:
    def changed(setting: Setting) -> Setting:
        is_meant = setting.id == name or (name == MODE and setting.category == MODE)
        return msgspec.structs.replace(setting, value=value) if is_meant else setting

    return tuple(map(changed, settings))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _fields(value: object) -> Fields:
    return cast(Fields, value) if isinstance(value, dict) else {}


def _fields_of(value: object) -> list[Fields]:
    return [_fields(each) for each in value] if isinstance(value, list) else []
