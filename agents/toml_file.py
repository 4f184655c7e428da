"""TOML files of the person: read into structs, with a sentence for whatever is wrong that names file and line."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import msgspec.inspect

from agents.errors import UsageError

T = TypeVar("T")

_ADVICE = "Correct the file and try again."
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
    "datetime": "a date and time",
}
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([\w\"'.\s-]+?)\s*=")


def read_toml(path: Path, kind: type[T]) -> T:
    """A file as a struct.

    Raises:
        UsageError: it cannot be read, is not TOML or does not say what ``kind`` wants.
        FileNotFoundError: there is no such file.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", "Put a file there that can.") from error
    return parse_toml(text, path, kind)


def parse_toml(text: str, path: Path, kind: type[T]) -> T:
    """TOML text as a struct; ``path`` is for the messages.

    Raises:
        UsageError: it is not TOML or does not say what ``kind`` wants.
    """
    import tomllib  # most screens start without a file to read

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_syntax_message(str(error), text, path), _ADVICE) from error
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise UsageError(_content_message(str(error), text, path, data, kind), _ADVICE) from error


def _syntax_message(complaint: str, text: str, path: Path) -> str:
    found = re.fullmatch(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", complaint)
    if found is None:
        return f"{path} is not valid TOML: {complaint}."
    what, line, column = found.groups()
    place = f"line {line}, column {column}" if line else f"line {len(text.splitlines())} (the end)"
    return f"{path}, {place}: {what[:1].lower()}{what[1:]}."


def _content_message(complaint: str, text: str, path: Path, data: dict[str, Any], kind: type[Any]) -> str:
    what, _, place = complaint.partition(" - at ")
    steps = [key or number for key, number in _STEP.findall(place.strip("`").removeprefix("$"))]
    unknown = re.search(r"unknown field `(.*)`", what)
    missing = re.search(r"missing required field `(.*)`", what)
    if unknown:
        steps.append(unknown.group(1))
    steps = _culprit(complaint, data, kind, steps, missing.group(1) if missing else "")
    line = line_of(text, steps)
    where = f"{path}, line {line}" if line else str(path)
    name = ".".join(step for step in steps if not step.isdigit())
    if unknown:
        return f"{where}: there is no setting `{name}`."
    if missing:
        needed = ".".join(filter(None, (name, missing.group(1))))
        return f"{where}: `{needed}` is missing."
    return f"{where}: `{name}` must be {_in_words(what, kind, steps)}."


def _culprit(complaint: str, data: dict[str, Any], kind: type[Any], steps: list[str], missing: str) -> list[str]:
    """The steps with real positions in lists, which msgspec leaves out: the place that cures the complaint."""
    places = list(_places(data, steps))
    for place in places:
        trial = copy.deepcopy(data)
        parent = _value_at(trial, place if missing else place[:-1])
        if missing:
            if missing not in parent:
                return place
            continue
        del parent[int(place[-1]) if isinstance(parent, list) else place[-1]]
        try:
            msgspec.convert(trial, kind)
        except msgspec.ValidationError as error:
            if str(error) == complaint:
                continue
        return place
    return places[0] if places else [step for step in steps if step != "..."]


def _places(value: Any, steps: list[str]) -> Iterator[list[str]]:
    if not steps:
        yield []
    elif isinstance(value, list):
        indices = range(len(value)) if steps[0] == "..." else [int(steps[0])]
        for index in indices:
            yield from ([str(index), *rest] for rest in _places(value[index], steps[1:]))
    elif isinstance(value, dict) and steps[0] in value:
        yield from ([steps[0], *rest] for rest in _places(value[steps[0]], steps[1:]))


def _value_at(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value[int(step) if isinstance(value, list) else step]
    return value


def _in_words(complaint: str, kind: type[Any], steps: list[str]) -> str:
    """What was expected, from msgspec's sentence."""
    if wrong := re.fullmatch(r"Invalid enum value (.*)", complaint):
        return f"one of {', '.join(map(repr, _values(kind, steps)))}, not {wrong.group(1)}"
    found = re.fullmatch(r"Expected `(.*?)`( .*?)?(?:, got `(.*)`)?", complaint)
    if found is None:
        return f"different: {complaint}"
    expected, limit, got = found.groups()
    kinds = " or ".join(_WORDS.get(kind.strip(), kind.strip()) for kind in expected.split("|"))
    return f"{kinds}{limit or ''}" + (f", not {_WORDS.get(got, got)}" if got else "")


def _values(kind: type[Any], steps: list[str]) -> Sequence[object]:
    """The values that a setting with a fixed choice can have."""
    place: object = msgspec.inspect.type_info(kind)
    for step in steps:
        if isinstance(place, msgspec.inspect.StructType):
            place = next(field.type for field in place.fields if field.encode_name == step)
        elif isinstance(place, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
            place = place.item_type
        if isinstance(place, msgspec.inspect.UnionType):
            place = next(one for one in place.types if not isinstance(one, msgspec.inspect.NoneType))
    return place.values if isinstance(place, msgspec.inspect.LiteralType) else ()


def line_of(text: str, steps: list[str]) -> int:
    """The line on which a key stands, or the deepest table or key above it that is written out; 0 if none is.

    Args:
        text: TOML that parses.
        steps: keys and, for lists of tables, positions from 0.
    """
    best, best_depth = 0, 0
    table: list[str] = []
    positions: dict[tuple[str, ...], int] = {}
    in_text = False
    for number, line in enumerate(text.splitlines(), 1):
        was_in_text = in_text
        if (line.count("'''") + line.count('"""')) % 2:
            in_text = not in_text
        if was_in_text:
            continue
        if header := _HEADER.match(line):
            table = here = _table(header, positions)
        elif key := _KEY.match(line):
            here = table + _parts(key.group(1))
        else:
            continue
        if len(here) > best_depth and here == steps[: len(here)]:
            best, best_depth = number, len(here)
    return best


def _table(header: re.Match[str], positions: dict[tuple[str, ...], int]) -> list[str]:
    """The steps to the table a header opens; counts the tables of lists in ``positions``."""
    parts = tuple(_parts(header.group(2)))
    if header.group(1) == "[[":
        positions[parts] = positions.get(parts, -1) + 1
        for deeper in [known for known in positions if len(known) > len(parts) and known[: len(parts)] == parts]:
            del positions[deeper]
    steps: list[str] = []
    for depth, part in enumerate(parts, 1):
        steps.append(part)
        if parts[:depth] in positions:
            steps.append(str(positions[parts[:depth]]))
    return steps


def _parts(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in name.split(".")]
