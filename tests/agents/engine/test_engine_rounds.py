"""A round of a review from the first comment to the verdict, with an agent that moves, edits, deletes and renames the
commented code in one turn: where each comment is then, what the agent says, and what really changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.model import Task
from agents.offline import say
from agents.parts.review import CommentDraft
from agents.review import DiffSet, parse_diff
from agents.review.places import Placed, place_comments
from tests.shop import Shop, runs, writes


def function(name: str) -> str:
    return f"def {name}(value):\n    total = {name}_of(value)\n    return total + {len(name)}\n\n\n"


SHOP = "".join(map(function, ("first", "price", "discount", "receipt", "stock")))
NAMES = function("alpha") + function("beta")
TAX = function("rate") + function("vat")
ANSWER = """I did it.

R1-C1: done
R1-C2: done — it takes a second argument now
R1-C3: done
R1-C4: declined: other code needs it
R1-C5: done
R1-C6: question: what is wrong with it?
"""


async def written(shop: Shop) -> Task:
    """A task whose agent has written three files."""
    for name, text in (("shop.py", SHOP), ("tax.py", TAX), ("old_name.py", NAMES)):
        shop.model.add(writes(name, text))
    shop.model.add(say("Written."))
    return await shop.rests((await shop.task("write a shop")).id)


async def comment(shop: Shop, task: Task, path: str, line: str, text: str) -> None:
    content = {"shop.py": SHOP, "tax.py": TAX, "old_name.py": NAMES}[path].split("\n")
    number = content.index(line) + 1
    await shop.engine.review.add(task.id, CommentDraft(text=text, path=path.encode(), start=number, end=number))


async def places(shop: Shop, task: Task) -> dict[str, Placed]:
    """Where the comments stand in the whole change now."""
    diff = await shop.engine.changes.diff(task.id)

    async def blobs(ids: Sequence[str]) -> Mapping[str, bytes]:
        return dict(zip(ids, await shop.engine.changes.blobs(task.id, ids), strict=True))

    async def since(tree: str) -> DiffSet:
        return parse_diff((await shop.engine.changes.diff(task.id, "refs", tree, diff.head_tree)).patch)

    comments = await shop.engine.review.comments(task.id)
    placed = await place_comments(parse_diff(diff.patch), diff.head_tree, comments, blobs, since)
    return {each.comment.id: each for each in placed}


async def test_each_comment_is_where_its_code_went_with_claim_and_evidence(shop: Shop) -> None:
    task = await written(shop)
    await comment(shop, task, "shop.py", "def price(value):", "Put something above it.")
    await comment(shop, task, "shop.py", "    total = discount_of(value)", "Give it a second argument.")
    await comment(shop, task, "shop.py", "def receipt(value):", "Delete it.")
    await comment(shop, task, "shop.py", "def stock(value):", "Delete it too.")
    await comment(shop, task, "old_name.py", "def beta(value):", "Rename the file.")
    await comment(shop, task, "tax.py", "    total = vat_of(value)", "This is wrong.")
    changed = function("first") + function("added") + function("price")
    changed += function("discount").replace("discount_of(value)", "discount_of(value, 2)")
    shop.model.add(
        writes("shop.py", changed), writes("store.py", function("stock")), runs("mv old_name.py new_name.py"),
        say(ANSWER),
    )  # fmt: skip
    await shop.engine.review.send(task.id)
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")

    found = await places(shop, task)
    stand = {name: (each.state, each.path) for name, each in found.items()}
    assert stand == {
        "R1-C1": ("moved", b"shop.py"),
        "R1-C2": ("edited", b"shop.py"),
        "R1-C3": ("orphaned", b"shop.py"),
        "R1-C4": ("moved", b"store.py"),
        "R1-C5": ("placed", b"new_name.py"),
        "R1-C6": ("placed", b"tax.py"),
    }
    lines = {b"shop.py": changed, b"store.py": function("stock"), b"new_name.py": NAMES, b"tax.py": TAX}
    there = {
        name: lines[each.path].split("\n")[each.start - 1] for name, each in found.items() if each.state != "orphaned"
    }
    assert there == {
        "R1-C1": "def price(value):",
        "R1-C2": "    total = discount_of(value, 2)",
        "R1-C4": "def stock(value):",
        "R1-C5": "def beta(value):",
        "R1-C6": "    total = vat_of(value)",
    }
    claims = {each.comment.id: each.comment.claim for each in found.values()}
    assert claims == {
        "R1-C1": "done", "R1-C2": "done", "R1-C3": "done", "R1-C4": "declined", "R1-C5": "done", "R1-C6": "question",
    }  # fmt: skip
    evidence = {name: each.evidence.touched if each.evidence else None for name, each in found.items()}
    assert (evidence["R1-C2"], evidence["R1-C3"], evidence["R1-C6"]) == ("lines", "lines", "nothing")
    assert all(each.comment.state == "claimed" for each in found.values()), "only the person resolves"


async def test_a_round_waits_as_long_as_the_agent_has_not_got_it(shop: Shop) -> None:
    task = await written(shop)
    await comment(shop, task, "tax.py", "    total = vat_of(value)", "Why?")
    shop.model.add(say("R1-C1: done"))
    await shop.engine.review.send(task.id, "after")
    first = (await shop.engine.review.comments(task.id))[0]
    assert (first.state, first.undelivered) == ("sent", "waiting")
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    last = (await shop.engine.review.comments(task.id))[0]
    assert (last.state, last.undelivered) == ("claimed", "")


async def test_a_comment_can_be_left_out_of_a_round(shop: Shop) -> None:
    task = await written(shop)
    await comment(shop, task, "tax.py", "    total = vat_of(value)", "Why?")
    await comment(shop, task, "shop.py", "def price(value):", "And this?")
    shop.model.add(say("R1-C2: done"))
    prompt = await shop.engine.review.send(task.id, without=["R1-C1"])
    assert "And this?" in prompt.text
    assert "Why?" not in prompt.text
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    assert [each.state for each in await shop.engine.review.comments(task.id)] == ["draft", "claimed"]
