"""What stands above a pane: whose it is, how it is, and what to do about it."""

from __future__ import annotations

from agents.model import Task
from widgets.task_words import STATE_GLYPHS, duration, money, queue_span, working_seconds
from widgets.text_strips import Span, Spans, cut, printable, spans_cells, wrap

EXPLAINED_STATES = frozenset(("blocked", "failed", "stopped", "queued"))
"""States whose reason is shown below the header."""

MODEL_NAME_CELLS = 22
LANDING_CELLS = 36
NAMED_QUEUE_COLUMNS = 90
"""From this width on a queue is named, not only counted."""


def header_spans(task: Task, width: int, now: float) -> Spans:
    """The header row: state and title at the left, figures at the right, the least telling left out first."""
    state: list[Span] = [(f"{STATE_GLYPHS[task.state]} {task.state}", f"state-{task.state}")]
    if task.unseen:
        state.append((" new", "unseen"))
    title: Span = ("  " + _one_line(task.title), "title")
    room = width - spans_cells(state) - min(spans_cells((title,)), max(14, width * 2 // 5)) - 1
    facts = _fitting(_facts(task, now, width), room)
    left = cut([*state, title], max(1, width - spans_cells(facts) - (1 if facts else 0)))
    gap = width - spans_cells(left) - spans_cells(facts)
    return (*left, (" " * gap, ""), *facts) if gap > 0 else (*left, *facts)


def reason_rows(task: Task, width: int, limit: int) -> list[Spans]:
    """Why it does not go on and what to do, in at most ``limit`` rows."""
    if not (task.state in EXPLAINED_STATES or task.waiting_until) or not (task.reason or task.hint):
        return []
    spans: list[Span] = [(_one_line(task.reason), "reason")]
    if task.hint:
        spans.append((" " * bool(task.reason) + _one_line(task.hint), "hint"))
    rows = wrap(spans, width)
    if len(rows) > limit:
        rest = [span for row in rows[limit - 1 :] for span in (*row, (" ", ""))]
        rows = [*rows[: limit - 1], cut(rest, width)]
    return rows


def tile_spans(task: Task, activity: Spans, width: int) -> Spans:
    """A task in a single row: state, title, and what it does if there is room."""
    warning: Spans = (("UNCONFINED ", "warning"),) if task.sandbox == "none" else ()
    state = f"{STATE_GLYPHS[task.state]} {task.state}" if width >= 24 else STATE_GLYPHS[task.state]
    spans: list[Span] = [(state, f"state-{task.state}"), (" ", ""), *warning, (_one_line(task.title), "title")]
    if activity and spans_cells(spans) + 12 < width:
        spans += [("  ", ""), *((text, f"{style} muted".strip()) for text, style in activity)]
    return cut(spans, width)


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _facts(task: Task, now: float, width: int) -> list[tuple[int, Span]]:
    """(rank, text) from left to right; the highest ranks are left out first, rank 0 never."""
    facts: list[tuple[int, Span]] = []
    if task.sandbox == "none":
        facts.append((0, ("UNCONFINED", "warning")))
    if task.waiting_until > now:
        facts.append((0, (f"retry in {duration(int(task.waiting_until - now) + 1)}", "warning")))
    if task.conflicts:
        facts.append((1, (f"conflicts {' '.join(task.conflicts)}", "state-failed")))
    if task.queue is not None:
        name, style = queue_span(task.queue, "fact")
        short = f"{task.queue.position}/{task.queue.total}"
        facts.append((3, (name if width >= NAMED_QUEUE_COLUMNS else f"queue {short}", style)))
    if task.landing:
        facts.append((2, (cut(((_one_line(task.landing), ""),), LANDING_CELLS)[0][0], "fact")))
    if task.reviewing:
        facts.append((3, (_one_line(task.reviewing), "fact")))
    if task.pull_request is not None:
        request = task.pull_request
        mark = {"passed": " ✓", "failed": " ✗", "running": " …"}.get(request.checks, "")
        facts.append((4, (f"PR #{request.number}{mark}", "state-failed" if request.checks == "failed" else "fact")))
    if task.waiting_prompts:
        facts.append((3, (f"{task.waiting_prompts} queued", "fact")))
    if task.draft_comments:
        facts.append((3, ("1 draft" if task.draft_comments == 1 else f"{task.draft_comments} drafts", "fact")))
    if task.check_state == "failed":
        facts.append((2, ("checks ✗", "state-failed")))
    elif task.check_state in ("passed", "running"):
        facts.append((5, ("checks ✓" if task.check_state == "passed" else "checks …", "fact")))
    if task.files_changed:
        facts.append((4, (f"+{task.additions} −{task.deletions}", "fact")))
    if task.model:
        facts.append((8, (cut(((printable(task.model), ""),), MODEL_NAME_CELLS)[0][0], "fact")))
    if task.ports:
        facts.append((9, (f":{' :'.join(map(str, task.ports))}", "fact")))
    if task.turn:
        facts.append((7, (f"turn {task.turn}", "fact")))
    if task.context_window and task.context_used:
        share = 100 * task.context_used / task.context_window
        facts.append((6, (f"ctx {share:.0f}%", "warning" if share >= 80 else "fact")))
    if cost := money(task.usage.cost_usd) if task.usage.tokens or task.usage.cost_usd else "":
        facts.append((5, (cost, "fact")))
    if seconds := int(working_seconds(task, now)):
        facts.append((1, (duration(seconds), "fact")))
    return facts


def _fitting(facts: list[tuple[int, Span]], room: int) -> list[Span]:
    while facts and sum(spans_cells((span,)) + 2 for _, span in facts) > room:
        worst = max(rank for rank, _ in facts)
        if worst == 0:
            break
        index = max(index for index, (rank, _) in enumerate(facts) if rank == worst)
        facts = facts[:index] + facts[index + 1 :]
    spans: list[Span] = []
    for _, span in facts:
        spans += [("  ", ""), span]
    return [*spans[1:], (" ", "")] if spans else []
