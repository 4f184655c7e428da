"""``shopfloor pager``: a diff on standard input, delta's look on standard output."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, "-c", "import sys; from app.main import main; sys.exit(main(sys.argv[1:]))", "pager"]
SEQUENCE = re.compile(r"\x1b\[[0-9;]*[mK]")

DIFF = (
    "diff --git a/src/a.py b/src/a.py\nindex 1..2 100644\n--- a/src/a.py\n+++ b/src/a.py\n"
    "@@ -10,4 +10,5 @@ def total(items):\n     result = 0\n-    for item in items:\n-        result += item.price\n"
    "+    for item in chosen:\n+        result += item.price\n+        count += 1\n     return result\n"
)
BAD = "+++ b/x\n@@ -1 +1 @@\n-a\n+"


def environment(**variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "xterm", **variables}


def pager(data: str | bytes, *arguments: str, **variables: str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    done = subprocess.run([*RUN, *arguments], input=raw, capture_output=True, env=environment(**variables), check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


def seen(output: str) -> list[str]:
    """What stands on the screen, without colours and blanks at the end."""
    return [SEQUENCE.sub("", line).rstrip() for line in output.split("\n")][:-1]


def test_unified_shows_header_numbers_signs_and_code() -> None:
    assert seen(pager(DIFF)) == [
        "",
        "src/a.py",
        "────────",
        "⋯ line 10  def total(items):",
        " 10 ⋮ 10 │     result = 0",
        " 11 ⋮    │-    for item in items:",
        " 12 ⋮    │-        result += item.price",
        "    ⋮ 11 │+    for item in chosen:",
        "    ⋮ 12 │+        result += item.price",
        "    ⋮ 13 │+        count += 1",
        " 13 ⋮ 14 │     return result",
    ]


def test_side_by_side_puts_paired_lines_beside_each_other() -> None:
    rows = seen(pager(DIFF, "--side-by-side", "--width", "80"))[4:]
    assert rows == [
        f"{' 10 │     result = 0':<40} 10 │     result = 0",
        f"{' 11 │-    for item in items:':<40} 11 │+    for item in chosen:",
        f"{' 12 │-        result += item.price':<40} 12 │+        result += item.price",
        f"{'':<40} 13 │+        count += 1",
        f"{' 13 │     return result':<40} 14 │     return result",
    ]


def test_long_lines_wrap_under_their_code_in_both_layouts() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-" + "old " * 12 + "\n+" + "日本" * 20 + "\n"
    unified = seen(pager(diff, "--width", "40", "--unified"))[4:]
    assert unified[0] == "  1 ⋮    │-old old old old old old old o"
    assert all(line.startswith("    ⋮    │ ") for line in unified[1:2]), "a continuation has no number and no sign"
    assert "".join(line[10:].strip("+ ") for line in unified if "日" in line or "本" in line) == "日本" * 20
    split = seen(pager(diff, "--width", "60", "--side-by-side"))[4:]
    assert len(split) > 2
    assert "".join(row[6:29] for row in split if row[:3].strip() in ("", "1")).count("old") == 12


def test_of_a_line_of_thousands_of_characters_what_differs_is_shown() -> None:
    old = ",".join(f'"k{number}":{number}' for number in range(4000))
    diff = f"--- a/x.js\n+++ b/x.js\n@@ -1 +1 @@\n-{old}\n+{old.replace('k3000', 'renamed')}\n"
    output = pager(diff, "--width", "100", "--color", "always", "--unified")
    assert "48;5;28mrenamed" in output, "the changed word is not shown as such"
    assert len(seen(output)) == 12
    assert " more characters" in seen(output)[-1]
    assert old in SEQUENCE.sub("", pager(diff)), "what goes into a file is not whole"


def test_without_line_numbers_there_is_only_the_sign() -> None:
    assert "+    for item in chosen:" in seen(pager(DIFF, "--no-line-numbers"))


def test_colours_follow_the_terminals_depth_and_theme() -> None:
    truecolor = pager(DIFF, "--color", "always", COLORTERM="truecolor")
    assert "\x1b[0;48;2;29;106;49mchosen" in truecolor, "the changed word has no background of its own"
    assert "\x1b[0;38;2;232;139;185;48;2;13;46;22mfor" in truecolor, "the keyword has no colour on the change"
    assert "48;5;22m" in pager(DIFF, "--color", "always")
    assert "48;2;29;106;49mchosen" in pager(DIFF, "--color", "always", TERM="xterm-kitty"), "over ssh it has no colours"
    assert "48;2;165;230;178mchosen" in pager(DIFF, "--color", "always", "--theme", "light", COLORTERM="truecolor")
    assert "48;2;165;230;178mchosen" in pager(DIFF, "--color", "always", COLORTERM="truecolor", COLORFGBG="0;15")


@pytest.mark.parametrize("arguments", [["--color", "never"], [], ["--color-only", "--color", "never"]])
def test_no_colours_where_none_are_wanted(arguments: list[str]) -> None:
    assert "\x1b" not in pager(DIFF, *arguments, COLORTERM="truecolor", NO_COLOR="1")


@pytest.mark.parametrize(
    ("diff", "title"),
    [
        ("diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n", "added: x"),
        ("diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "deleted: x"),
        ("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "renamed: x ⟶ y"),
        ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", "x (mode 100644 ⟶ 100755)"),
        ("diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n", "x (binary)"),
        ('diff --git "a/t\\033b" "b/t\\033b"\nold mode 100644\nnew mode 100755\n', "t␛b (mode 100644 ⟶ 100755)"),
    ],
)
def test_titles_say_what_happened_to_a_file(diff: str, title: str) -> None:
    assert seen(pager(diff))[1] == title


def test_a_missing_final_line_feed_and_returns_are_shown_where_they_differ() -> None:
    rows = seen(pager("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n same\r\n-a\r\n+a\n\\ No newline at end of file\n"))
    assert "  2 ⋮    │-a␍" in rows
    assert "    ⋮  2 │+a⊣ no line feed" in rows


def test_merges_keep_a_mark_for_each_parent() -> None:
    merge = "diff --cc m\nindex 1,2..3\n--- a/m\n+++ b/m\n@@@ -1,2 -1,2 +1,2 @@@\n  a\n- b\n++c\n"
    rows = seen(pager(merge))
    assert rows[1] == "m (merge)"
    assert [row[10:] for row in rows[4:]] == ["  a", "- b", "++c"]


def test_marks_of_a_conflict_stand_out_and_numbers_stay_apart() -> None:
    diff = "--- a/m.py\n+++ b/m.py\n@@ -100,1 +100,6 @@\n a\n+<<<<<<< HEAD\n+b\n+=======\n+c\n+>>>>>>> side\n"
    output = pager(diff, "--color", "always", "--theme", "dark")
    assert output.count("\x1b[0;1;38;5;180;48;5;58m") >= 3, "the marks look like any added line"
    assert seen(output)[4:6] == [" 100 ⋮ 100 │ a", "     ⋮ 101 │+<<<<<<< HEAD"]


def test_lines_that_git_says_moved_have_a_look_of_their_own() -> None:
    head = "\x1b[1m--- a/x\x1b[m\n\x1b[1m+++ b/x\x1b[m\n@@ -1,2 +1,2 @@\n"
    diff = head + "\x1b[1;35m-a\x1b[m\n b\n\x1b[1;36m+\x1b[m\x1b[1;36ma\x1b[m\n"
    output = pager(diff, "--color", "always", "--theme", "dark")
    assert "48;5;53m-a" in output
    assert "48;5;23m+a" in output


def test_a_word_diff_keeps_the_colours_that_are_all_there_is_to_it() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -3,2 +3,2 @@ def f\n  if x:\nreturn \x1b[31m1\x1b[m\x1b[32m2\x1b[m\n"
    assert pager(diff).splitlines()[3:] == ["⋯ line 3  def f", "  if x:", "return \x1b[31m1\x1b[m\x1b[32m2\x1b[m"]


def test_what_is_no_diff_goes_through_unchanged() -> None:
    data = b"plain words\n\x1b[33mcommit 1\x1b[m\n\xff\xfe\0 no text\nno line feed at the end"
    done = subprocess.run(RUN, input=data, capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"")


def test_text_around_a_diff_stays_around_it() -> None:
    rows = seen(pager("commit 12\n\n    Words.\n\n" + DIFF + "-- \n2.39\n"))
    assert rows[:4] == ["commit 12", "", "    Words.", ""]
    assert rows[-2:] == ["--", "2.39"]


def test_no_control_sequence_of_a_diff_reaches_the_terminal() -> None:
    diff = b"--- a/x\n" + BAD.encode() + b"\x1b]52;c;aGk=\x07\x9b31m\xe2\x80\xae \x08\x00b\n"
    for arguments in ([], ["--color", "always"], ["--color-only"], ["--side-by-side", "--width", "80"]):
        output = SEQUENCE.sub("", pager(diff, *arguments))
        assert "␛]52;c;aGk=␇" in output
        assert "<U+202E>" in output
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", output)


def test_a_file_is_shown_before_the_input_ends() -> None:
    process = subprocess.Popen(RUN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write((DIFF + DIFF.replace("a.py", "b.py")).encode())
        process.stdin.flush()
        shown = b""
        while b"return result" not in shown:
            assert select.select([process.stdout], [], [], 60)[0], "nothing came before the end of the input"
            shown += os.read(process.stdout.fileno(), 65536)
        assert b"src/a.py" in shown
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        RUN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    try:
        process.stdin.write(DIFF.encode() * 2000)
        process.stdin.close()
    except BrokenPipeError:
        pass
    assert (process.wait(), process.stderr.read()) == (0, b"")
    process.stderr.close()


def test_json_prints_one_object_a_file() -> None:
    diff = DIFF + 'diff --git "a/caf\\351" "b/caf\\351"\nindex 1..2 100644\nBinary files a/x and b/x differ\n'
    first, second = [json.loads(line) for line in pager(diff, "--json").splitlines()]
    assert {key: first[key] for key in first if key != "hunks"} == {
        "path": "src/a.py", "old_path": "src/a.py", "status": "modified", "old_mode": "100644", "new_mode": "100644",
        "binary": False, "additions": 3, "deletions": 2,
    }  # fmt: skip
    (hunk,) = first["hunks"]
    assert {key: hunk[key] for key in hunk if key != "lines"} == {
        "old_start": 10, "old_count": 4, "new_start": 10, "new_count": 5, "section": "def total(items):",
    }  # fmt: skip
    assert hunk["lines"][1] == {
        "kind": "delete", "old": 11, "new": None, "text": "    for item in items:", "emphasis": [[16, 21]], "pair": 3,
    }  # fmt: skip
    assert hunk["lines"][5]["pair"] is None
    assert hunk["lines"][5]["emphasis"] == []
    assert (second["path"], second["path_b64"], second["binary"]) == ("caf\\xe9", "Y2Fm6Q==", True)


def test_an_unknown_option_is_one_sentence_and_status_2() -> None:
    done = subprocess.run([*RUN, "--colour"], input=b"", capture_output=True, env=environment(), check=False)
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert "--colour" in done.stderr.decode()


# --- with git and with terminals --------------------------------------------------------------------------------------


def a_changed_repository(folder: Path) -> Path:
    variables = environment(HOME=str(folder), GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
    (folder / "a.py").write_text("def f():\n    return 1\n")
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, env=variables, check=True)
    (folder / "a.py").write_text("def f():\n    return 22\n")
    return folder


def test_color_only_keeps_every_line_in_its_place() -> None:
    note = "\\ No newline at end of file\n"
    link = f"diff --git a/p b/p\ndeleted file mode 100644\n--- a/p\n+++ /dev/null\n@@ -1 +0,0 @@\n-t\n{note}"
    link += f"diff --git a/p b/p\nnew file mode 120000\n--- /dev/null\n+++ b/p\n@@ -0,0 +1 @@\n+x\n{note}"
    merge = "diff --cc m\nindex 1,2..3\n--- a/m\n+++ b/m\n@@@ -1 -1 +1,2 @@@\n  a\n++c\n"
    diff = DIFF + link + merge + "--- a/q\n+++ b/q\n@@ -1,9 +1,9 @@\n cut\n-off\n"
    assert seen(pager(diff, "--color-only")) == [line.rstrip() for line in diff.split("\n")][:-1]


class Terminal:
    """A terminal of our own with a program on it."""

    def __init__(self, program: list[str], data: bytes = b"", folder: Path = ROOT) -> None:
        self.screen, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x18\x00\x64\x00\x00\x00\x00\x00")
        self.process = subprocess.Popen(
            program,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=slave,
            stderr=slave,
            env=environment(
                TERM="xterm-256color",
                COLORTERM="truecolor",
                HOME=str(folder),
                GIT_CONFIG_GLOBAL=os.devnull,
                GIT_CONFIG_NOSYSTEM="1",
            ),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.close()

    def read(self, until: bytes = b"") -> bytes:
        """What is printed, until something appears in it, or to the end."""
        shown = b""
        while not until or until not in shown:
            try:
                part = os.read(self.screen, 65536)
            except OSError:
                part = b""
            if not part:
                break
            shown += part
        return shown

    def close(self) -> int:
        """Its exit status."""
        status = self.process.wait()
        os.close(self.screen)
        return status


def test_a_light_terminal_that_says_so_gets_light_colours() -> None:
    terminal = Terminal([*RUN, "--paging", "never"], DIFF.encode())
    asked = terminal.read(until=b"\x1b[c")
    assert b"\x1b]11;?" in asked
    os.write(terminal.screen, b"\x1b]11;rgb:ffff/ffff/f0f0\x1b\\\x1b[?62;c")
    assert b"48;2;165;230;178mchosen" in terminal.read()
    assert terminal.close() == 0


def test_on_a_terminal_text_keeps_its_colours_and_nothing_else_that_acts() -> None:
    data = b"\x1b[33mcommit\x1b[m \x1b]0;title\x07\n" + DIFF.encode()
    terminal = Terminal([*RUN, "--paging", "never", "--theme", "dark"], data)
    shown = terminal.read()
    assert b"\x1b[33mcommit\x1b[m " in shown
    assert b"\x1b]0;" not in shown
    assert "␛]0;title␇".encode() in shown
    assert "─".encode() * 100 + b"\x1b" in shown, "the rule is not as wide as the terminal"
    assert terminal.close() == 0


def test_git_shows_its_diffs_through_it(tmp_path: Path) -> None:
    repository = a_changed_repository(tmp_path)
    command = shlex.join([*RUN, "--theme", "dark", "--paging", "never"])
    terminal = Terminal(["git", "-c", f"core.pager={command}", "diff"], folder=repository)
    shown = terminal.read()
    assert terminal.close() == 0, shown
    rows = seen(shown.decode().replace("\r\n", "\n"))
    assert "  2 ⋮    │-    return 1" in rows
    assert b"48;2;29;106;49m22" in shown, "the changed number is not marked"


def test_git_add_patch_takes_it_as_its_filter(tmp_path: Path) -> None:
    repository = a_changed_repository(tmp_path)
    command = shlex.join([*RUN, "--color-only", "--theme", "dark"])
    git = ["git", "-c", f"interactive.diffFilter={command}", "add", "--patch"]
    terminal = Terminal(git, b"y\n", folder=repository)
    shown = terminal.read()
    assert terminal.close() == 0, shown
    assert b"mismatched" not in shown
    assert b"48;2;29;106;49m22" in shown, "git did not show the filter's colours"
