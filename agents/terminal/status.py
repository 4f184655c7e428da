"""How a program in a terminal stands, decided from what it shows: pure, with the time handed in.

The best source that has said anything is the authority: the agent's own hooks, then its title, progress and other OSC
sequences, then rules on the screen, then silence. Blocked needs one sign. Idle needs two that agree, because both of
the peers' worst mistakes are made here: idle while it works, and working for ever. The screen is always the live one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal, NamedTuple

from agents.model import Struct
from agents.terminal.rules import Rule, TerminalSection, Verdict, Where, found_in, lowest

State = Literal["starting", "idle", "working", "blocked", "ended"]
Source = Literal["hook", "osc", "title", "progress", "notification", "screen", "silence", "process", "input"]
SOURCES: tuple[Source, ...] = ("hook", "osc", "title", "progress", "notification", "screen", "silence")
"""From the best to the poorest."""

STUCK_SECONDS = 5.0
"""After so long without output, the authority's "working" gives way to a lower source that says idle."""
LATE_READY_SECONDS = 10.0
"""After so long without output, a prompt on the screen is enough to be ready, whatever the rules on that say."""
LOG_LENGTH = 200


class Sign(Struct, kw_only=True):
    """Something that was seen and what it means."""

    at: float
    source: Source
    verdict: Verdict | Literal["starting", "ended", "none"]
    rule: str
    evidence: str = ""
    """The text that was found."""
    decided: bool = False
    """It changed the state."""


class Claim(NamedTuple):
    """What a source says now."""

    verdict: Verdict
    rule: str
    evidence: str
    reason: str = ""
    hint: str = ""
    press: tuple[str, ...] = ()


_NOTHING = Claim("working", "", "")


class Decision(NamedTuple):
    """A new state, and why."""

    state: State
    source: Source
    rule: str
    evidence: str
    reason: str = ""
    hint: str = ""
    press: tuple[str, ...] = ()
    """Keys that answer what it asks while it starts."""


def waits_for(name: str, decision: Decision) -> tuple[str, str]:
    """What a program of that name waits for, and what to do about it."""
    reason = f"{name} waits: {decision.reason or decision.evidence or decision.rule}"
    return reason if reason.endswith((".", "?", "!")) else f"{reason}.", decision.hint or "Answer in its pane."


class Status:
    """The state of one program. Tell it what is seen, then ask :meth:`decide`; times are monotonic seconds."""

    def __init__(self, section: TerminalSection, now: float) -> None:
        self._section = section
        self.state: State = "starting"
        self.decision = Decision("starting", "process", "it was started", "")
        self.since = now
        self.log: deque[Sign] = deque(maxlen=LOG_LENGTH)
        self.noted = 0
        """Signs ever written into the log."""
        self._claims: dict[Source, Claim] = {}
        self._blocked: dict[Source, Claim] = {}
        self._heard: set[Source] = set()
        """Sources that have claimed something since the start; the best of them is the authority."""
        self._output_at = now
        self._silences = 0
        self._written = False
        """It has written anything."""
        self._submitted_at: float | None = None
        """When Enter was pressed last, and nothing has come of it yet."""
        self._interrupted_at = -1.0
        self._has_ready = bool(section.ready or section.idle)
        self._is_ready = ""
        self._steady: dict[str, float] = {}
        """Since when the screen says that it is ready, or idle, without a break."""
        self.worked_at = -1.0
        """When it was last seen working."""
        self._has_rules = bool(section.working or section.idle)
        self._before: State = "starting"
        """What it was before it was blocked."""

    # what is seen

    def saw(self, where: Where, text: str, now: float) -> None:
        """A title, a progress report, another OSC, a notification, or an event of a hook."""
        source: Source = where
        for rule in self._section.ready:
            if rule.on == where and found_in(rule, text):
                self._is_ready = rule.title
        if where == "progress" and not self._rule_for(where, text):
            state = text.partition(" ")[0]
            verdict: Verdict = "idle" if state == "remove" else "working"
            if verdict == "idle" and (self._has_rules or source not in self._heard):
                # it takes back what another program may have left, or shows progress for a part of its work only
                self._claims.pop(source, None)
                self._note(Sign(at=now, source=source, verdict="none", rule="progress remove"))
                return
            self._claim(source, Claim(verdict, f"progress {state}", text), now)
            return
        for verdict, rule in self._rules(where):
            if evidence := found_in(rule, text):
                claim = Claim(verdict, rule.title, evidence, rule.reason or evidence, rule.hint, rule.press)
                self._claim(source, claim, now)
                return
        if where != "title":  # spinners would fill the log
            self._note(Sign(at=now, source=source, verdict="none", rule=where, evidence=text[:200]))

    def saw_output(self, now: float) -> None:
        """It wrote something."""
        self._written = True
        self._output_at = now
        self._silences = 0
        if self._claims.get("silence", _NOTHING).rule.startswith("silent"):
            self._claims.pop("silence", None)
        if self._submitted_at is not None and not self._has_rules and now > self._submitted_at:
            self._submitted_at = None
            self._claim("silence", Claim("working", "it writes after Enter", ""), now)

    def saw_enter(self, now: float) -> None:
        """Enter was pressed, by the person or by us."""
        self._submitted_at = now

    def saw_interrupt(self, now: float) -> None:
        """The key that ends a turn was pressed: many an agent's hooks do not tell of that."""
        self._interrupted_at = now

    def saw_screen(self, rows: Sequence[str], now: float) -> None:
        """The live screen, after it changed. Rows from top to bottom."""
        claim, blocked = None, None
        for verdict, rule in self._rules("screen"):
            evidence = found_in(rule, lowest(rows, rule.lines))
            if not evidence:
                continue
            found = Claim(verdict, rule.title, evidence, rule.reason or evidence, rule.hint, rule.press)
            if verdict == "blocked":
                blocked = blocked or found
            else:
                claim = claim or found
        ready = [rule for rule in self._section.ready or self._section.idle if rule.on == "screen"]
        if ready:
            held = (rule.title for rule in ready if found_in(rule, lowest(rows, rule.lines)))
            self._is_ready = next(held, "")
        self._set_blocked("screen", blocked, now)
        self._steady["ready"] = self._steady.get("ready", now) if self._is_ready else now
        self._steady["idle"] = self._steady.get("idle", now) if claim and claim.verdict == "idle" else now
        if (claim is None or claim.verdict != "idle") and self._claims.get("silence", _NOTHING).rule.startswith("that"):
            self._claims.pop("silence", None)
        if claim is None:
            self._claims.pop("screen", None)
        else:
            self._claim("screen", claim, now)

    def saw_end(self, status: str, now: float) -> Decision:
        """The program has ended."""
        return self._enter(Decision("ended", "process", "it ended", status), now)

    # what it means

    def decide(self, now: float) -> Decision | None:
        """The state now; None when it is as before."""
        if self.state == "ended":
            return None
        self._hear_silence(now)
        for source in SOURCES:
            if source in self._blocked:
                return self._change("blocked", source, self._blocked[source], now)
        gone = self._unblock(now) if self.state == "blocked" else None
        if self.state == "starting":
            return self._start(now) or gone
        return self._working_or_idle(now) or gone

    def _working_or_idle(self, now: float) -> Decision | None:
        claims, authority = self._claims, self.authority
        said = claims.get(authority)
        idle = [source for source in SOURCES if source in claims and claims[source].verdict == "idle"]
        working = [source for source in SOURCES if source in claims and claims[source].verdict == "working"]
        interrupted = self._interrupted_at >= self.since
        stuck = self._silent(now) >= (self._section.settle_seconds if interrupted else STUCK_SECONDS)
        if said is not None and said.verdict == "working":
            others = [source for source in idle if source != "silence"]
            if others and stuck:
                del claims[authority]  # it was forgotten to be taken back
                return self._change("idle", others[0], claims[others[0]], now, "silence")
            return self._change("working", authority, said, now)
        if said is not None and len(idle) > 1 and (not working or stuck):
            return self._change("idle", authority, said, now, next(each for each in idle if each != authority))
        if said is None and working:
            return self._change("working", working[0], claims[working[0]], now)
        if said is None and len(idle) > 1:
            return self._change("idle", idle[0], claims[idle[0]], now, idle[1])
        if authority == "silence" and self._silences >= 2:
            return self._change("idle", "silence", Claim("idle", "silence, twice", ""), now)
        return None

    def next_check(self, now: float) -> float | None:
        """In how many seconds silence may change something; None when only output can."""
        waits = []
        for limit in (self._settle, self._settle * 2, STUCK_SECONDS, LATE_READY_SECONDS):
            left = self._output_at + limit - now
            if left > 0:
                waits.append(left)
        return min(waits) + 0.01 if waits and self.state != "ended" else None

    def is_done(self, began: float) -> bool:
        """It is idle, after it was seen working on what began then."""
        return self.state == "idle" and self.since >= self.worked_at >= began

    @property
    def authority(self) -> Source:
        """Whose word counts."""
        return next((source for source in SOURCES if source in self._heard), "silence")

    @property
    def starts(self) -> bool:
        """It has not been ready yet."""
        return self.state == "starting" or (self.state == "blocked" and self._before == "starting")

    @property
    def claims(self) -> dict[Source, Claim]:
        """What each source says now."""
        return dict(self._claims)

    def note_input(self, what: str, evidence: str, now: float) -> None:
        """Write into the log what was typed on behalf of someone."""
        self._note(Sign(at=now, source="input", verdict="none", rule=what, evidence=evidence[:200]))

    # inside

    def _unblock(self, now: float) -> Decision:
        """What it waited for is gone: it is as it was before that."""
        return self._enter(Decision(self._before, self.decision.source, "what it waited for is gone", ""), now)

    @property
    def _settle(self) -> float:
        known = self._has_rules or bool(self._heard - {"silence"})
        return self._section.settle_seconds if known else self._section.quiet_seconds

    def _silent(self, now: float) -> float:
        return now - self._output_at

    def _hear_silence(self, now: float) -> None:
        claim = self._claims.get("screen")
        steady = now - self._steady.get("idle", now) >= 2 * self._settle
        stands = claim is not None and claim.verdict == "idle" and steady
        if stands and "silence" not in self._claims:  # it redraws all the time, and always the same
            self._claim("silence", Claim("idle", f"that for {2 * self._settle:g} seconds", ""), now)
        if self._written and self._silent(now) >= self._settle and self._silences == 0:
            self._silences = 1
            self._claim("silence", Claim("idle", f"silent for {self._settle:g} seconds", ""), now)
        if self._silences == 1 and self._silent(now) >= 2 * self._settle:
            self._silences = 2

    def _start(self, now: float) -> Decision | None:
        if self._has_ready:
            screen = self._claims.get("screen")
            if screen and screen.verdict == "idle" and self._silent(now) >= LATE_READY_SECONDS:
                return self._change("idle", "screen", screen, now, "silence")
            idle = next((self._claims[each] for each in SOURCES[:-1] if each in self._claims), None)
            steady = now - self._steady.get("ready", now) >= 2 * self._section.settle_seconds
            if self._is_ready and (steady or self._silent(now) >= min(0.3, self._section.settle_seconds)):
                return self._change("idle", "screen", Claim("idle", self._is_ready, ""), now)
            if not self._section.ready and idle and idle.verdict == "idle" and "silence" in self._claims:
                return self._change("idle", self.authority, idle, now, "silence")
            return None
        if self._written and self._silent(now) >= min(1.5, self._section.quiet_seconds):
            return self._change("idle", "silence", Claim("idle", "it has started and is silent", ""), now)
        return None

    def _rules(self, where: Where) -> list[tuple[Verdict, Rule]]:
        section = self._section
        kinds: tuple[tuple[Verdict, tuple[Rule, ...]], ...] = (
            ("blocked", section.blocked), ("working", section.working), ("idle", section.idle)
        )  # fmt: skip
        return [(verdict, rule) for verdict, rules in kinds for rule in rules if rule.on == where]

    def _rule_for(self, where: Where, text: str) -> bool:
        return any(found_in(rule, text) for _, rule in self._rules(where))

    def _claim(self, source: Source, claim: Claim, now: float) -> None:
        if source != "silence":
            self._heard.add(source)
        if claim.verdict == "blocked":
            self._set_blocked(source, claim, now)
            return
        if source not in ("screen", "silence"):  # a new word of the agent's own replaces what it asked before
            for asked in [asked for asked in self._blocked if asked != "screen"]:
                if asked == source or (claim.verdict == "working" and self._claims.get(source) != claim):
                    del self._blocked[asked]
        if claim.verdict == "working":
            self.worked_at = now
        known = self._claims.get(source)
        self._claims[source] = claim
        if known is None or known[:2] != claim[:2]:
            sign = Sign(at=now, source=source, verdict=claim.verdict, rule=claim.rule, evidence=claim.evidence)
            self._note(sign)

    def _set_blocked(self, source: Source, claim: Claim | None, now: float) -> None:
        if claim is None:
            self._blocked.pop(source, None)
            return
        if source not in self._blocked or self._blocked[source].rule != claim.rule:
            self._note(Sign(at=now, source=source, verdict="blocked", rule=claim.rule, evidence=claim.evidence))
        self._blocked[source] = claim

    def _change(
        self, state: State, source: Source, claim: Claim, now: float, beside: Source | None = None
    ) -> Decision | None:
        other = self._claims.get(beside) if beside else None
        rule = f"{claim.rule}, and {other.rule}" if other else claim.rule
        if state == self.state and (state != "blocked" or rule == self.decision.rule):
            return None
        return self._enter(Decision(state, source, rule, claim.evidence, claim.reason, claim.hint, claim.press), now)

    def _enter(self, decision: Decision, now: float) -> Decision:
        if decision.state == "blocked" and self.state != "blocked":
            self._before = self.state
        self.state, self.decision, self.since = decision.state, decision, now
        if decision.state == "idle":
            self._submitted_at = None
        state, source, rule, evidence, *_ = decision
        self._note(Sign(at=now, source=source, verdict=state, rule=rule, evidence=evidence, decided=True))
        return decision

    def _note(self, sign: Sign) -> None:
        self.log.append(sign)
        self.noted += 1
