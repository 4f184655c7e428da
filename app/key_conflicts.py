"""Keys that would do two things at once, or none, because of what a person has written into ``keys.toml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

TOGETHER = (
    ("app", "floor", "brain"),
    ("app", "floor", "pane"),
    ("app", "floor", "terminal"),
    ("app", "floor", "composer"),
    ("app", "review", "diff"),
    ("app", "review", "comment"),
    ("app", "review", "prompt"),
    ("app", "new-task"),
)
"""Places, by the first part of their actions' ids, whose keys are active at the same time."""
WRITING = frozenset(("composer", "comment", "prompt", "new-task"))
"""Places in which characters are written; keys of other places that are characters do nothing there."""

_WORDS = frozenset(
    """space slash full_stop comma colon semicolon question_mark exclamation_mark grave_accent plus minus equals_sign
    at asterisk underscore backslash vertical_line less_than_sign greater_than_sign left_square_bracket
    right_square_bracket left_curly_bracket right_curly_bracket circumflex_accent""".split()  # noqa: SIM905
)


def is_character(key: str) -> bool:
    """A key that writes something where text is written."""
    return len(key) == 1 or key in _WORDS


def conflicts(defaults: Mapping[str, str], changed: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with changed keys, a sentence each. Two actions that share a key by default may go on to.

    Args:
        defaults: the keys of every action, by its id.
        changed: those that the person has given other ones.
    """
    keys = {name: _split(value) for name, value in {**defaults, **changed}.items()}
    before = {name: _split(value) for name, value in defaults.items()}
    told: set[tuple[str, frozenset[str]]] = set()
    for name in changed:
        place = _place(name)
        for key in keys[name]:
            if place in WRITING and is_character(key):
                yield f"{key!r} is written in a text and cannot be the key of {name}."
                continue
            others = [
                other
                for other in keys
                if other != name
                and key in keys[other]
                and not (key in before.get(name, ()) and key in before.get(other, ()))
                and _are_active(place, _place(other), key)
            ]
            pairs = [other for other in others if (key, frozenset((name, other))) not in told]
            told.update((key, frozenset((name, other))) for other in pairs)
            if pairs:
                yield f"{key!r} is the key of {name} and of {', '.join(pairs)}."


def _are_active(one: str, other: str, key: str) -> bool:
    """Both places hear this key at the same time."""
    if one == other:
        return True
    if is_character(key) and WRITING & {one, other}:
        return False
    return any(one in places and other in places for places in TOGETHER)


def _place(name: str) -> str:
    return name.partition(".")[0]


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",")]
