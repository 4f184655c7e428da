"""The argument forms models really send, and what people see of a call."""

from __future__ import annotations

import pytest

from agents.native.tools import SPECS, BadArguments, normalise, title


@pytest.mark.parametrize(
    ("tool", "sent", "normal"),
    [
        ("read", {"path": "a.py"}, {"path": "a.py"}),
        ("read", {"file_path": "a.py", "offset": "3", "limit": 4.0}, {"path": "a.py", "offset": 3, "limit": 4}),
        ("read", {"path": " @src/a.py ", "offset": 0, "limit": None}, {"path": "src/a.py", "offset": 1}),
        ("bash", {"command": "ls"}, {"command": "ls"}),
        ("bash", {"command": ["bash", "-lc", "ls | wc"]}, {"command": "ls | wc"}),
        ("bash", {"command": ["grep", "a b", "x"]}, {"command": "grep 'a b' x"}),
        ("bash", {"cmd": "ls", "timeout": "30"}, {"command": "ls", "timeout": 30.0}),
        ("write", {"filename": "a", "content": ["1", "2"]}, {"path": "a", "content": "1\n2"}),
        ("write", {"path": "a", "content": ""}, {"path": "a", "content": ""}),
        (
            "edit",
            {"path": "a", "edits": '[{"oldText": "x", "newText": "y"}]'},
            {"path": "a", "edits": [{"oldText": "x", "newText": "y"}]},
        ),
        (
            "edit",
            {"path": "a", "edits": {"old_string": "x", "new_string": ""}},
            {"path": "a", "edits": [{"oldText": "x", "newText": ""}]},
        ),
        (
            "edit",
            {"file_path": "a", "oldText": "x", "newText": "y"},
            {"path": "a", "edits": [{"oldText": "x", "newText": "y"}]},
        ),
    ],
)
def test_arguments_have_one_form(tool: str, sent: dict[str, object], normal: dict[str, object]) -> None:
    assert normalise(tool, sent) == normal


@pytest.mark.parametrize(
    ("tool", "sent", "words"),
    [
        ("fly", {}, "There is no tool 'fly'"),
        ("read", {}, "path must be a string"),
        ("read", {"path": ""}, "path is empty"),
        ("read", {"path": "a", "offset": "many"}, "offset must be a number"),
        ("bash", {"command": " "}, "command must be a string"),
        ("bash", {"command": "ls", "timeout": -1}, "more than 0"),
        ("bash", {"command": "ls", "timeout": "nan"}, "must be a number"),
        ("write", {"path": "a"}, "content must be a string"),
        ("edit", {"path": "a", "edits": []}, "list of objects"),
        ("edit", {"path": "a", "edits": "[oops"}, "not JSON"),
        ("edit", {"path": "a", "edits": [{"oldText": "x"}]}, "newText must be a string"),
    ],
)
def test_arguments_that_make_no_sense_say_why(tool: str, sent: dict[str, object], words: str) -> None:
    with pytest.raises(BadArguments) as problem:
        normalise(tool, sent)
    assert words in str(problem.value)


@pytest.mark.parametrize(
    ("tool", "arguments", "line"),
    [
        ("bash", {"command": "make test"}, "make test"),
        ("bash", {"command": "cd x\nmake"}, "cd x …"),
        ("read", {"path": "a.py"}, "a.py"),
        ("read", {"path": "a.py", "offset": 10, "limit": 5}, "a.py:10-14"),
        ("read", {"path": "a.py", "offset": 10}, "a.py:10-"),
        ("edit", {"path": "a.py", "edits": [{}, {}]}, "a.py (2 edits)"),
        ("bash", {"command": "x" * 500}, "x" * 199 + "…"),
    ],
)
def test_title_is_one_line_for_people(tool: str, arguments: dict[str, object], line: str) -> None:
    assert title(tool, arguments) == line


def test_tools_are_four_with_complete_schemas() -> None:
    assert [spec.name for spec in SPECS] == ["read", "bash", "edit", "write"]
    for spec in SPECS:
        properties = spec.schema["properties"]
        assert isinstance(properties, dict)
        assert set(spec.schema["required"]) <= set(properties)  # type: ignore[call-overload]
