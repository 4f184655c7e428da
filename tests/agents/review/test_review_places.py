"""One turn that moves, edits, deletes and renames commented code: where each comment is then, and its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from agents.parts.review import Comment
from agents.review import DiffSet, parse_diff
from agents.review.places import Placed, place_comments
from tests.agents.review.review_repository import Repository
from tests.widgets.diff import diff_scene
from tests.widgets.diff.diff_scene import a_comment, numbered


def function(name: str, body: str = "") -> str:
    return f"def {name}(value):\n    total = {name}_of(value)\n{body}    return total + {len(name)}\n\n\n"


BASE = {"shop.py": function("first"), "tax.py": function("rate")}
FIRST = {
    "shop.py": function("first") + function("price") + function("discount") + function("receipt") + function("stock"),
    "tax.py": function("rate") + function("vat"),
    "old_name.py": function("alpha") + function("beta"),
}
SECOND = {
    # price moved down by a new function above it; discount edited; receipt deleted; stock went to another file
    "shop.py": function("first") + function("added") + function("price")
    + function("discount").replace("discount_of(value)", "discount_of(value, 2)"),
    "tax.py": function("rate") + function("vat"),
    "store.py": function("stock"),
    "new_name.py": function("alpha") + function("beta"),
}  # fmt: skip


class Turn:
    """The two states of a turn, and the comments written on the first one."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository(folder / "repository")
        self.base, self.first, self.second = (self._tree(files) for files in (BASE, FIRST, SECOND))
        self.comments: list[Comment] = []

    def _tree(self, files: Mapping[str, str]) -> str:
        self.repository.clear()
        for name, text in files.items():
            self.repository.write(name, text.encode())
        return self.repository.tree()

    def comment(self, path: str, line: str, **more: object) -> str:
        """A sent comment on the line of the first state's file that holds a text."""
        text = FIRST[path].split("\n")
        number = next(index for index, each in enumerate(text, 1) if line in each)
        blob = self.repository.git("rev-parse", f"{self.first}:{path}").decode().strip()
        fields = {"id": f"R1-C{len(self.comments) + 1}", "task": "t", "round": 1, "text": "x", "path": path.encode(),
                  "start": number, "end": number, "state": "sent", "head_tree": self.first, "blob": blob,
                  "quote": (f"+{text[number - 1]}",)}  # fmt: skip
        self.comments.append(Comment(**(fields | more)))  # type: ignore[arg-type]
        return f"R1-C{len(self.comments)}"

    async def places(self) -> dict[str, Placed]:
        async def blobs(ids: Sequence[str]) -> Mapping[str, bytes]:
            return {blob: self.repository.git("cat-file", "blob", blob) for blob in ids}

        async def since(tree: str) -> DiffSet:
            return self.repository.diff(tree, self.second)

        shown = self.repository.diff(self.base, self.second)
        placed = await place_comments(shown, self.second, self.comments, blobs, since)
        return {each.comment.id: each for each in placed}

    def line_at(self, placed: Placed) -> str:
        return SECOND[placed.path.decode()].split("\n")[placed.start - 1]


async def test_every_comment_is_where_its_code_went(tmp_path: Path) -> None:
    turn = Turn(tmp_path)
    moved = turn.comment("shop.py", "price_of")
    edited = turn.comment("shop.py", "discount_of")
    deleted = turn.comment("shop.py", "receipt_of")
    elsewhere = turn.comment("shop.py", "stock_of")
    renamed = turn.comment("old_name.py", "beta_of")
    untouched = turn.comment("tax.py", "vat_of")
    places = await turn.places()
    expected = {
        moved: ("moved", b"shop.py", "    total = price_of(value)", "file"),
        edited: ("edited", b"shop.py", "    total = discount_of(value, 2)", "lines"),
        elsewhere: ("moved", b"store.py", "    total = stock_of(value)", "lines"),
        renamed: ("placed", b"new_name.py", "    total = beta_of(value)", "file"),
        untouched: ("placed", b"tax.py", "    total = vat_of(value)", "nothing"),
    }
    found = {
        id: (place.state, place.path, turn.line_at(place), place.evidence and place.evidence.touched)
        for id, place in places.items()
        if id != deleted
    }
    assert found == expected
    gone = places[deleted]
    assert (gone.state, gone.path) == ("orphaned", b"shop.py"), "it stays with its file, with its old code"
    assert gone.evidence is not None
    assert gone.evidence.touched == "lines"


async def test_a_draft_has_no_evidence_and_a_claim_without_a_change_has_nothing(tmp_path: Path) -> None:
    turn = Turn(tmp_path)
    draft = turn.comment("tax.py", "vat_of", state="draft")
    fresh = turn.comment("tax.py", "vat_of", state="claimed", head_tree=turn.second)
    places = await turn.places()
    assert places[draft].evidence is None
    evidence = places[fresh].evidence
    assert evidence is not None
    assert evidence.touched == "nothing"


async def test_a_comment_on_a_file_that_another_scope_leaves_out_stands_where_its_lines_are_now(tmp_path: Path) -> None:
    turn = Turn(tmp_path)
    written = turn.comment("shop.py", "def price")
    deleted = turn.comment("shop.py", "def receipt")
    late = {**SECOND, "tax.py": function("rate")}
    turn.base, turn.second = turn.second, turn._tree(late)
    places = await turn.places()
    assert (places[written].state, places[written].path) == ("outside", b"shop.py")
    assert late["shop.py"].split("\n")[places[written].start - 1].startswith("def price")
    assert places[deleted].state == "orphaned"


@pytest.mark.parametrize("before", ["a.py", "b.py"], ids=["a name of its own", "a name it was given"])
async def test_a_comment_on_a_deleted_line_follows_the_file_to_its_new_name(tmp_path: Path, before: str) -> None:
    repository = diff_scene.Repository(tmp_path)
    text = numbered(20)
    base = repository.tree({"a.py": text})
    first = repository.tree({before: text.replace("line 9\n", "")})
    now = repository.tree({"c.py": text.replace("line 9\n", "")})
    (file,) = parse_diff(repository.patch(base, first)).files
    comment = a_comment(
        path=file.path.decode(), side="old", start=9, quote=("-line 9",), blob=file.old_blob, state="sent",
        head_tree=first,
    )  # fmt: skip

    async def blobs(ids: Sequence[str]) -> dict[str, bytes]:
        return {blob: repository.blob(blob) for blob in ids}

    async def since(tree: str) -> DiffSet:
        return parse_diff(repository.patch(tree, now))

    (placed,) = await place_comments(parse_diff(repository.patch(base, now)), now, [comment], blobs, since)
    assert (placed.state, placed.path, placed.start) == ("placed", b"c.py", 9)
