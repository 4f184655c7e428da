"""Reading what tools print: what matters in it, and which lines it is about."""

from __future__ import annotations

import pytest

from agents.loops.findings import LINES_LIMIT, findings, important, plain

PYTEST = """\
============================= test session starts ==============================
collected 2 items

tests/test_a.py .F                                                       [100%]

=================================== FAILURES ===================================
____________________________________ test_b ____________________________________

    def test_b():
>       assert total() == 3
E       assert 2 == 3
E        +  where 2 = total()

tests/test_a.py:9: AssertionError
=========================== short test summary info ============================
FAILED tests/test_a.py::test_b - assert 2 == 3
========================= 1 failed, 1 passed in 0.02s ==========================
"""
PYTEST_SHORT = """\
=================================== FAILURES ===================================
tests/test_a.py:9: in test_b
    assert total() == 3
E   assert 2 == 3
=========================== short test summary info ============================
FAILED tests/test_a.py::test_b - assert 2 == 3
"""
MYPY = """\
src/a.py:3: error: Incompatible return value type (got "int", expected "str")  [return-value]
src/a.py:3: note: See the manual
src/b.py:10:5: error: Name "x" is not defined  [name-defined]
Found 2 errors in 2 files (checked 4 source files)
"""
RUFF = """\
F401 [*] `os` imported but unused
 --> src/a.py:1:8
  |
1 | import os
  |        ^^
  |
help: Remove unused import: `os`

Found 1 error.
"""
RUFF_CONCISE = "src/a.py:1:8: F401 [*] `os` imported but unused\nFound 1 error.\n"
TSC = "src/a.ts(3,5): error TS2322: Type 'number' is not assignable to type 'string'.\n"
TSC_PRETTY = "src/a.ts:3:5 - error TS2322: Type 'number' is not assignable to type 'string'.\n\n3 let x: string = 1;\n"
ESLINT = """\

/some/tree/src/a.ts
  3:5   error    'x' is never reassigned. Use 'const' instead  prefer-const
  9:1   warning  Unexpected console statement                  no-console

/some/tree/src/b.ts
  1:1  warning  Unexpected console statement  no-console

✖ 3 problems (1 error, 2 warnings)
"""
CARGO = """\
   Compiling shop v0.1.0 (/some/tree)
warning: unused variable: `y`
 --> src/lib.rs:2:9
  |
2 |     let y = 1;
  |         ^ help: prefix it

error[E0308]: mismatched types
 --> src/main.rs:4:18
  |
4 |     let x: u8 = "a";
  |            --   ^^^ expected `u8`, found `&str`

error: could not compile `shop` (bin "shop") due to 1 previous error
"""
CARGO_TEST = """\
running 2 tests
test tests::good ... ok
test tests::bad ... FAILED

failures:

---- tests::bad stdout ----

thread 'tests::bad' (123) panicked at src/lib.rs:14:9:
assertion `left == right` failed
  left: 2
 right: 3

failures:
    tests::bad

test result: FAILED. 1 passed; 1 failed; 0 ignored
"""
GO = """\
=== RUN   TestGood
--- PASS: TestGood (0.00s)
=== RUN   TestBad
    shop_test.go:9: got 2, want 3
--- FAIL: TestBad (0.00s)
FAIL
FAIL\tshop\t0.002s
ok  \tshop/other\t0.002s
"""
GO_BUILD = "# shop\n./main.go:5:2: undefined: x\n./main.go:9:7: declared and not used: y\n"


def places(output: str) -> list[tuple[str, int, str, str]]:
    """Path, line, severity and message of what a tool's output is about."""
    found = findings(plain(output), "/some/tree", lambda name: "." in name and " " not in name)
    return [(finding.path.decode(), finding.line, finding.severity, finding.message) for finding in found]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (PYTEST, [("tests/test_a.py", 9, "error", "assert 2 == 3")]),
        (PYTEST_SHORT, [("tests/test_a.py", 9, "error", "assert 2 == 3")]),
        (
            MYPY,
            [
                ("src/a.py", 3, "error", 'Incompatible return value type (got "int", expected "str")  [return-value]'),
                ("src/b.py", 10, "error", 'Name "x" is not defined  [name-defined]'),
            ],
        ),
        (RUFF, [("src/a.py", 1, "error", "F401 [*] `os` imported but unused")]),
        (RUFF_CONCISE, [("src/a.py", 1, "error", "F401 [*] `os` imported but unused")]),
        (TSC, [("src/a.ts", 3, "error", "TS2322: Type 'number' is not assignable to type 'string'.")]),
        (TSC_PRETTY, [("src/a.ts", 3, "error", "TS2322: Type 'number' is not assignable to type 'string'.")]),
        (
            ESLINT,
            [
                ("src/a.ts", 3, "error", "'x' is never reassigned. Use 'const' instead prefer-const"),
                ("src/a.ts", 9, "warning", "Unexpected console statement no-console"),
                ("src/b.ts", 1, "warning", "Unexpected console statement no-console"),
            ],
        ),
        (
            CARGO,
            [
                ("src/lib.rs", 2, "warning", "unused variable: `y`"),
                ("src/main.rs", 4, "error", "mismatched types"),
            ],
        ),
        (CARGO_TEST, [("src/lib.rs", 14, "error", "assertion `left == right` failed")]),
        (GO, [("shop_test.go", 9, "error", "got 2, want 3")]),
        (GO_BUILD, [("main.go", 5, "error", "undefined: x"), ("main.go", 9, "error", "declared and not used: y")]),
        ("nothing: here\n12:30:01: tick\n", []),
        ("../outside.py:3: error: x\n/etc/hosts.d:1: error: y\n", []),
    ],
)  # fmt: skip
def test_lines_that_a_tool_complains_about(output: str, found: list[tuple[str, int, str, str]]) -> None:
    assert places(output) == found


@pytest.mark.parametrize(
    ("output", "kept", "gone"),
    [
        (PYTEST, ["E       assert 2 == 3", "FAILED tests/test_a.py::test_b - assert 2 == 3"], ["collected 2 items"]),
        (CARGO, ['4 |     let x: u8 = "a";', "error[E0308]: mismatched types"], ["unused variable", "Compiling"]),
        (CARGO_TEST, ["assertion `left == right` failed"], ["test tests::good ... ok"]),
        (GO, ["    shop_test.go:9: got 2, want 3", "--- FAIL: TestBad (0.00s)"], ["TestGood", "shop/other"]),
        (ESLINT, ["/some/tree/src/a.ts", "✖ 3 problems (1 error, 2 warnings)"], ["no-console", "src/b.ts"]),
        (MYPY, MYPY.splitlines(), []),
        (RUFF, ["F401 [*] `os` imported but unused", " --> src/a.py:1:8"], []),
        ("a\nb\nc\n", ["a", "b", "c"], []),
    ],
)  # fmt: skip
def test_what_matters_of_an_output_goes_to_the_agent(output: str, kept: list[str], gone: list[str]) -> None:
    lines, left_out = important(plain(output))
    for line in kept:
        assert line in lines, f"{line!r} is missing in {lines}"
    for text in gone:
        assert not any(text in line for line in lines), f"{text!r} does not matter: {lines}"
    assert left_out == len(plain(output).rstrip().splitlines()) - len(lines)


def test_a_long_output_keeps_its_beginning_and_its_end() -> None:
    lines, left_out = important("\n".join(f"line {number}" for number in range(1000)))
    assert len(lines) == LINES_LIMIT
    assert (lines[0], lines[-1]) == ("line 0", "line 999")
    assert left_out == 1000 - LINES_LIMIT


def test_of_very_many_failing_tests_the_first_and_the_summary_are_kept() -> None:
    body = "\n".join(f"E       long {number}" for number in range(500))
    output = PYTEST.replace("E       assert 2 == 3\n", f"E       assert 2 == 3\n{body}\n")
    lines, _ = important(output)
    assert len(lines) <= LINES_LIMIT
    assert "FAILED tests/test_a.py::test_b - assert 2 == 3" in lines
    assert "E       assert 2 == 3" in lines


def test_control_sequences_and_overwritten_lines_are_taken_out() -> None:
    assert plain("\x1b[31mred\x1b[0m\r\n10%\r50%\r100%\n\x1b]0;title\x07x\x00\n") == "red\n100%\nx\n"


def test_a_log_that_names_a_place_now_and_then_is_kept_as_a_whole() -> None:
    output = "\n".join(["one", "two", "three", "four", "src/a.py:3: error: x", "five", "six"])
    assert important(output)[0] == output.splitlines()
