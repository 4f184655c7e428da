"""Review rounds, as far as a player without a model can answer them.

It reads the prompt that ``agents.review.prompt`` writes. A ```` ```suggestion ```` block is applied as written, a
comment on a line the scenario knows gets the fix prepared for it, and everything else is declined in plain words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from agents.model import Struct
from agents.offline.scenario import Edit, Fix

CANNOT = "The offline model cannot do this: it plays a prepared scenario and is not a model."

_ROUND = re.compile(r"\s*Review round (\d+) of your change in ")
_HEADING = re.compile(
    r"### (?P<id>R\d+-C\d+) \[(?P<kind>[^\]]*)\] (?P<path>.+?)(?::(?P<start>\d+)(?:-(?P<end>\d+))?)?"
    r"(?: \((?P<side>old side|new side)\b.*\))?"
)
_QUOTE = re.compile(r"(~{4,})diff")
_SUGGESTION = re.compile(r"^(?P<fence>`{3,})suggestion[^\n]*\n(?P<text>.*?)^(?P=fence)`*\s*$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = re.compile(r"… \d+ lines …")
_FOOTER = "When you are done, answer each comment on a line of its own"
_STILL_OPEN = "Still open from earlier rounds:"
_ASKED = re.compile(r"^(R\d+-C\d+): done \|", re.MULTILINE)


class Remark(Struct, kw_only=True):
    """One comment of a round, as the prompt shows it."""

    id: str
    kind: str
    path: str
    start: int = 0
    end: int = 0
    side: str = ""
    """``new``, ``old``, or empty for a file or the whole change."""
    quote: tuple[str, ...] = ()
    """The quoted lines of its side, without their marks."""
    text: str = ""

    @property
    def suggestion(self) -> str | None:
        """The replacement it suggests, without the last line feed; None if it suggests none."""
        found = _SUGGESTION.search(self.text)
        return found.group("text").removesuffix("\n") if found else None


class Round(Struct, kw_only=True):
    """A review round."""

    number: int
    remarks: tuple[Remark, ...]
    asked: tuple[str, ...]
    """Ids to answer, those still open from earlier rounds too."""


class Change(Struct, kw_only=True):
    """What is to be done about one comment: an edit, or nothing and why."""

    remark: Remark
    path: str = ""
    edits: tuple[Edit, ...] = ()
    says: str = ""
    """What was done, or why nothing is."""
    claim: str = "declined"


def parse_round(text: str) -> Round | None:
    """The round a prompt asks for; None if it is no review prompt."""
    begins = _ROUND.match(text)
    if begins is None:
        return None
    body, _, footer = text.rpartition(_FOOTER)
    body = body.partition(f"\n{_STILL_OPEN}\n")[0]
    return Round(
        number=int(begins.group(1)), remarks=tuple(_remarks(body.split("\n"))), asked=tuple(_ASKED.findall(footer))
    )


def changes_for(review: Round, fixes: Iterable[Fix], files: Mapping[str, str]) -> list[Change]:
    """What to do about each comment of a round.

    Args:
        review: the round.
        fixes: the fixes the scenario has prepared.
        files: contents of the files commented on, as they are now.
    """
    prepared = list(fixes)
    return [_change(remark, prepared, files) for remark in review.remarks]


def _change(remark: Remark, fixes: list[Fix], files: Mapping[str, str]) -> Change:
    if remark.kind == "do-not-touch":
        return Change(remark=remark, claim="done", says="these lines were left as they are")
    suggestion = remark.suggestion
    if suggestion is not None:
        edit = _suggested_edit(remark, suggestion, files.get(remark.path, ""))
        if isinstance(edit, str):
            return Change(remark=remark, says=edit)
        return Change(
            remark=remark, path=remark.path, edits=(edit,), claim="done", says="applied the suggestion as written"
        )
    for fix in fixes:
        if remark.kind == "fix" and fix.path == remark.path and any(fix.line in line for line in remark.quote):
            return Change(remark=remark, path=fix.path, edits=fix.edits, claim="done", says=fix.says)
    return Change(remark=remark, says=CANNOT)


def _suggested_edit(remark: Remark, suggestion: str, content: str) -> Edit | str:
    """The replacement of the commented lines, with lines around it until it is found once; or why there is none."""
    if remark.side != "new":
        return "A suggestion can only replace lines of the new side."
    lines = content.split("\n")
    first, last = remark.start - 1, remark.end
    if not _reads(lines[first:last], remark.quote):
        size = len(remark.quote)
        places = [at for at in range(len(lines) - size + 1) if _reads(lines[at : at + size], remark.quote)]
        if len(places) != 1:
            return "The quoted lines are not in the file as they were quoted."
        first, last = places[0], places[0] + size
    if lines[first:last] == suggestion.split("\n"):
        return "The file already reads as suggested."
    before, after = first, last
    new = suggestion.split("\n") if suggestion else []
    while True:
        old = "\n".join(lines[before:after])
        if old.strip() and content.count(old) == 1 and (new or (before, after) != (first, last)):
            return Edit(old=old, new="\n".join([*lines[before:first], *new, *lines[last:after]]))
        if before == 0 and after >= len(lines):
            return "The quoted lines cannot be told from others in the file."
        before, after = max(0, before - 1), min(len(lines), after + 1)


def _reads(lines: list[str], quote: tuple[str, ...]) -> bool:
    """Whether these lines are the quoted ones; a long quote has only its beginning and its end."""
    gap = next((at for at, line in enumerate(quote) if _LEFT_OUT.fullmatch(line)), None)
    if gap is None:
        return lines == list(quote)
    tail = list(quote[gap + 1 :])
    return len(lines) >= len(quote) and lines[:gap] == list(quote[:gap]) and lines[len(lines) - len(tail) :] == tail


def _remarks(lines: list[str]) -> Iterable[Remark]:
    at = 0
    while at < len(lines):
        heading = _HEADING.fullmatch(lines[at])
        at += 1
        if heading is None:
            continue
        quote: list[str] = []
        if at < len(lines) and (fence := _QUOTE.fullmatch(lines[at])):
            end = next((n for n in range(at + 1, len(lines)) if lines[n] == fence.group(1)), len(lines))
            quote, at = lines[at + 1 : end], end + 1
        end = next((n for n in range(at, len(lines)) if _HEADING.fullmatch(lines[n])), len(lines))
        yield _remark(heading, quote, "\n".join(lines[at:end]).strip())
        at = end


def _remark(heading: re.Match[str], quote: list[str], text: str) -> Remark:
    side = (heading["side"] or "").removesuffix(" side")
    other = "-" if side == "new" else "+"
    start = int(heading["start"] or 0)
    return Remark(
        id=heading["id"],
        kind="do-not-touch" if heading["kind"].startswith("do not touch") else heading["kind"].partition(",")[0],
        path=heading["path"],
        start=start,
        end=int(heading["end"] or start),
        side=side,
        quote=tuple(line[1:] for line in quote if not line.startswith((other, "\\"))),
        text=text,
    )


def edits_by_file(changes: Iterable[Change]) -> dict[str, tuple[Edit, ...]]:
    """All edits to make, one list for each file, none twice."""
    grouped: dict[str, dict[bytes, Edit]] = {}
    for change in changes:
        for edit in change.edits:
            grouped.setdefault(change.path, {})[msgspec.json.encode(edit)] = edit
    return {path: tuple(edits.values()) for path, edits in grouped.items()}
