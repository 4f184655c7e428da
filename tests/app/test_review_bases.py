"""What came with a newer base is no answer to a comment, and nobody is asked why it is there."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from agents.api import Api
from agents.parts.review import CommentDraft
from app.review.facts import Facts
from app.review.reading import Reading
from tests.shop import Shop, git, home, runs, shop, writes

__all__ = ["home", "shop"]
TEXT = "".join(f"line {number}\n" for number in range(1, 81))
MINE = TEXT.replace("line 5\n", "five\n").replace("line 30\n", "thirty\n").replace("line 75\n", "mine 75\n")


def theirs_in(text: str) -> str:
    return "a\nb\n" + text.replace("line 8\n", "their 8\n").replace("line 78\n", "their 78\n")


THEIRS, BOTH = theirs_in(TEXT), theirs_in(MINE)
MERGES, REBASES = "git commit -qam mine; git merge -q {main}", "git commit -qam mine; git rebase -q {main}"


@pytest.mark.parametrize(
    ("theirs", "brings"),
    [
        (THEIRS, MERGES),
        (THEIRS, REBASES),
        (THEIRS.replace("line 5\n", "their 5\n"), f"{MERGES}; cp resolved a.txt; git commit -qam merged"),
    ],
    ids=["merge", "rebase", "conflict"],
)
async def test_only_what_the_task_did_is_evidence_or_not_asked_for(shop: Shop, theirs: str, brings: str) -> None:
    def upstream(text: str) -> None:
        (shop.repository / "a.txt").write_text(text)
        git(shop.repository, "add", "-A")
        git(shop.repository, "commit", "-q", "-m", "theirs")

    upstream(TEXT)
    shop.model.add(writes("a.txt", MINE), "Done.")
    task = await shop.rests((await shop.task()).id)
    for number in (8, 30):
        await shop.engine.review.add(task.id, CommentDraft(text="Why?", path=b"a.txt", start=number, end=number))
    (shop.repository / "b.txt").write_text("b\n")
    upstream(theirs)
    main = git(shop.repository, "rev-parse", "main")
    own = BOTH.replace("thirty\n", "30\n").replace("line 60\n", "sixty\n")
    shop.model.add(
        writes("resolved", BOTH), runs(f"{brings.format(main=main)}; rm -f resolved"), writes("a.txt", own),
        "R1-C1: done\nR1-C2: done",
    )  # fmt: skip
    await shop.engine.review.send(task.id)
    after = await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the second turn")
    assert Path(task.worktree, "a.txt").read_text() == own, "the scenario is another one"
    assert after.base_commit == main, "the base was not followed"

    facts = Facts()
    reading = Reading(cast(Api, shop.engine), task.id, facts)
    read = await reading.read("branch", ("", ""))
    evidence = {placed.comment.id: placed.evidence for placed in read.placed}
    first, second = evidence["R1-C1"], evidence["R1-C2"]
    assert first is not None
    assert second is not None
    assert (first.touched, second.touched) == ("file", "lines"), "their line 8 is no answer to the comment on it"
    await reading.facts(read, after)
    (file,) = read.parsed.files
    hunks = {hunk.first: hunk for hunk in file.hunks}
    marked = [hunks[first] for first in facts.remarks()[b"a.txt"].unasked_hunks]
    lines = [{file.lines.text(index) for index in hunk.indexes} for hunk in marked]
    assert len(lines) == 1, f"only the hunk at line 60 was not asked for: {lines}"
    assert "sixty" in lines[0]
