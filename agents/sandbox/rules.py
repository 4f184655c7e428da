"""From a policy to an ordered list of places: pure thinking that every backend shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


Rules = dict[str, Rule]
"""By path, parents before what lies in them."""


def rules_of(policy: Policy, base: Iterable[Rule] = ()) -> Rules:
    """The places of a policy that differ from "readable, not writable".

    The deeper path decides; at the same path the later list decides (hide, read, write, binds). Whatever is protected
    is read-only all the way down. Paths are real ones, so that no rule depends on a symbolic link. ``base`` are the
    places a backend changes by itself; every list of the policy overrules them.

    Raises:
        SandboxError: a bind names a file or folder that does not exist.
    """
    real = resolver()
    found = {rule.path: rule for rule in base}
    for path in map(real, _existing(policy.hide)):
        found[path] = Rule(path=path, right="hide", source=path)
    for path in map(real, _existing(policy.read)):
        found[path] = Rule(path=path, right="read", source=path)
    for path in map(real, _existing(_trustworthy(policy.write, real))):
        found[path] = Rule(path=path, right="write", source=path)
    for bind in policy.binds:
        if not Path(bind.source).exists() or not Path(bind.target).is_absolute():
            raise SandboxError(
                f"The sandbox cannot show {bind.source} as {bind.target}.",
                "The first must exist, the second be absolute.",
            )
        target = real(bind.target)
        found[target] = Rule(path=target, right="write" if bind.writable else "read", source=real(bind.source))
    granted = _still_writable(_parents_first(found))
    protected = [real(path) for path in policy.protect if path]
    return _without_repetition(_pinned(_protected(granted, protected)))


def right_at(rules: Mapping[str, Rule], path: str) -> Rule | None:
    """The rule that decides about ``path``; None where none does (readable, not writable)."""
    return rules.get(path) or right_above(rules, path)


def right_above(rules: Mapping[str, Rule], path: str) -> Rule | None:
    """The rule that decides about the folder in which ``path`` lies; None where none does."""
    rule = None
    while rule is None and path != "/":
        path = path.rpartition("/")[0] or "/"
        rule = rules.get(path)
    return rule


def resolver() -> Callable[[str], str]:
    """``os.path.realpath`` for many paths in the same folders, each of which it looks at once."""
    folders = {"": "/"}

    def real(path: str) -> str:
        folder, _, name = path.rpartition("/")
        if name in ("", ".", "..") or not path.startswith("/"):
            return os.path.realpath(path)
        if folder not in folders:
            folders[folder] = real(folder)
        found = f"{folders[folder].rstrip('/')}/{name}"
        return os.path.realpath(found) if Path(found).is_symlink() else found

    return real


def _existing(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if path and os.access(path, os.F_OK)]


def _trustworthy(paths: Iterable[str], real: Callable[[str], str]) -> list[str]:
    """Writable paths, without those that a process could have turned into a link out of what it may write.

    A writable path below another writable one may have been replaced by a symbolic link the last time something ran
    there; following it would hand out whatever the link points to.
    """
    roots = [(os.path.normpath(path), real(path)) for path in paths if path]
    kept = []
    for path, target in roots:
        owners = [owner for lexical, owner in roots if path != lexical and is_below(path, lexical)]
        if all(is_below(target, owner) for owner in owners):
            kept.append(path)
    return kept


def _parents_first(rules: Rules) -> Rules:
    return {path: rules[path] for path in sorted(rules, key=lambda path: path.split("/"))}


def _still_writable(rules: Rules) -> Rules:
    """Without the readable places inside writable ones: only what is protected takes a right away."""
    kept: Rules = {}
    for path, rule in rules.items():
        above = right_above(kept, path)
        inside = above is not None and above.right == "write" and above.source == above.path
        if not (inside and rule.right == "read" and rule.source == path):
            kept[path] = rule
    return kept


def _protected(rules: Rules, paths: Sequence[str]) -> Rules:
    """Make what is protected read-only, seen through the binds above it."""
    result = {
        path: Rule(path=path, right="read", source=rule.source)
        if rule.right == "write" and any(is_below(path, protected) for protected in paths)
        else rule
        for path, rule in rules.items()
    }
    for path in paths:
        above = right_at(rules, path)
        if path in result or above is None or above.right != "write" or not above.source:
            continue
        source = above.source + path[len(above.path) :]
        if Path(source).exists():
            result[path] = Rule(path=path, right="read", source=source)
    return _parents_first(result)


def _pinned(rules: Rules) -> Rules:
    """Pin the folders between a writable place and what is protected or hidden inside it."""
    result = dict(rules)
    for path, rule in rules.items():
        above = right_above(rules, path)
        if rule.right == "write" or above is None or above.right != "write" or not above.source:
            continue
        for folder in _between(path, above.path):
            source = above.source + folder[len(above.path) :]
            if folder not in result and Path(source).is_dir():
                result[folder] = Rule(path=folder, right="write", source=source, pinned=True)
    return _parents_first(result)


def _between(path: str, top: str) -> Iterator[str]:
    while (path := path.rpartition("/")[0]) != top and is_below(path, top):
        yield path


def _without_repetition(rules: Rules) -> Rules:
    """Drop rules that say what already holds: fewer mounts, faster starts."""
    kept: Rules = {}
    for path, rule in rules.items():
        above = right_above(kept, path)
        plain = rule.source == path
        holds = above.right if above else "read"
        if rule.pinned or not plain or rule.right != holds or (above is not None and above.source != above.path):
            kept[path] = rule
    return kept
