"""From a policy to an ordered list of places: pure thinking that every backend shares."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from agents.errors import SandboxError
from agents.model import Struct
from agents.sandbox.policy import Policy

Right = Literal["hide", "read", "write"]


class Rule(Struct, kw_only=True):
    """What a process may do at ``path`` and below, as far as no deeper rule says otherwise."""

    path: str
    """Real and absolute, as the process sees it."""
    right: Right
    source: str
    """What appears there: ``path`` itself, or the source of a bind; empty for a new empty folder."""
    pinned: bool = False
    """Something in it is protected or hidden, which renaming this folder would move out of the way."""


def is_below(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies inside it. Both absolute, without ``..``."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def rules_of(policy: Policy, base: Iterable[Rule] = ()) -> tuple[Rule, ...]:
    """The places of a policy that differ from "readable, not writable", parents before what lies in them.

    The deeper path decides; at the same path the later list decides (hide, read, write, binds). Whatever is protected
    is read-only all the way down. Paths are real ones, so that no rule depends on a symbolic link. ``base`` are the
    places a backend changes by itself; every list of the policy overrules them.

    Raises:
        SandboxError: a bind names a file or folder that does not exist.
    """
    found = {rule.path: rule for rule in base}
    for path in _existing(policy.hide):
        found[path] = Rule(path=path, right="hide", source=path)
    for path in _existing(policy.read):
        found[path] = Rule(path=path, right="read", source=path)
    for path in _existing(_trustworthy(policy.write)):
        found[path] = Rule(path=path, right="write", source=path)
    for bind in policy.binds:
        if not Path(bind.source).exists() or not Path(bind.target).is_absolute():
            raise SandboxError(
                f"The sandbox cannot show {bind.source} as {bind.target}.",
                "The first must exist, the second be absolute.",
            )
        target = os.path.realpath(bind.target)
        right: Right = "write" if bind.writable else "read"
        found[target] = Rule(path=target, right=right, source=os.path.realpath(bind.source))
    granted = _still_writable(_parents_first(found.values()))
    return _without_repetition(_pinned(_protected(granted, policy.protect)))


def right_at(rules: Iterable[Rule], path: str) -> Rule | None:
    """The rule that decides about ``path``; None where none does (readable, not writable)."""
    decides = None
    for rule in rules:
        if is_below(path, rule.path):
            decides = rule
    return decides


def _existing(paths: Iterable[str]) -> list[str]:
    return [os.path.realpath(path) for path in paths if path and os.access(path, os.F_OK)]


def _trustworthy(paths: Iterable[str]) -> list[str]:
    """Writable paths, without those that a process could have turned into a link out of what it may write.

    A writable path below another writable one may have been replaced by a symbolic link the last time something ran
    there; following it would hand out whatever the link points to.
    """
    roots = [(os.path.normpath(path), os.path.realpath(path)) for path in paths if path]
    kept = []
    for path, real in roots:
        owners = [owner for lexical, owner in roots if path != lexical and is_below(path, lexical)]
        if all(is_below(real, owner) for owner in owners):
            kept.append(path)
    return kept


def _parents_first(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: rule.path.split("/"))


def _still_writable(rules: list[Rule]) -> list[Rule]:
    """Without the readable places inside writable ones: only what is protected takes a right away."""
    kept: list[Rule] = []
    for rule in rules:
        above = right_at(kept, rule.path)
        inside = above is not None and above.right == "write" and above.source == above.path
        if not (inside and rule.right == "read" and rule.source == rule.path):
            kept.append(rule)
    return kept


def _protected(rules: list[Rule], protect: Iterable[str]) -> list[Rule]:
    """Make what is protected read-only, seen through the binds above it."""
    paths = [os.path.realpath(path) for path in protect if path]
    result = {
        rule.path: Rule(path=rule.path, right="read", source=rule.source)
        if rule.right == "write" and any(is_below(rule.path, path) for path in paths)
        else rule
        for rule in rules
    }
    for path in paths:
        above = right_at(rules, path)
        if path in result or above is None or above.right != "write" or not above.source:
            continue
        source = above.source + path[len(above.path) :]
        if Path(source).exists():
            result[path] = Rule(path=path, right="read", source=source)
    return _parents_first(result.values())


def _pinned(rules: list[Rule]) -> list[Rule]:
    """Pin the folders between a writable place and what is protected or hidden inside it."""
    result = {rule.path: rule for rule in rules}
    for position, rule in enumerate(rules):
        above = right_at(rules[:position], rule.path)
        if rule.right == "write" or above is None or above.right != "write" or not above.source:
            continue
        for folder in _between(rule.path, above.path):
            source = above.source + folder[len(above.path) :]
            if folder not in result and Path(source).is_dir():
                result[folder] = Rule(path=folder, right="write", source=source, pinned=True)
    return _parents_first(result.values())


def _between(path: str, top: str) -> list[str]:
    return [str(folder) for folder in Path(path).parents if folder != Path(top) and is_below(str(folder), top)]


def _without_repetition(rules: list[Rule]) -> tuple[Rule, ...]:
    """Drop rules that say what already holds: fewer mounts, faster starts."""
    kept: list[Rule] = []
    for rule in rules:
        above = right_at(kept, rule.path)
        plain = rule.source == rule.path
        holds = above.right if above else "read"
        if rule.pinned or not plain or rule.right != holds or (above is not None and above.source != above.path):
            kept.append(rule)
    return tuple(kept)
