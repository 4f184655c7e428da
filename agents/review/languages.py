"""The language of a file, as Pygments calls it: from linguist's attribute, its name, or its first line."""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

from pygments.lexers import get_all_lexers

# Which of several lexers that claim a name is meant; the likelier one in a repository, not the first in the alphabet.
_MEANT = {
    ".as": "actionscript3", ".b": "brainfuck", ".bas": "vb.net", ".cl": "common-lisp", ".cp": "cpp", ".def": "modula2",
    ".fs": "fsharp", ".gd": "gdscript", ".h": "c", ".hh": "cpp", ".inc": "php", ".inf": "ini", ".lean": "lean4",
    ".m": "objective-c", ".mm": "objective-c++", ".pl": "perl", ".pm": "perl", ".pro": "prolog", ".S": "gas",
    ".s": "gas", ".sql": "sql", ".t": "perl", ".ttl": "turtle", ".v": "verilog", ".xsl": "xslt", ".xslt": "xslt",
    ".sc": "supercollider", ".toc": "tex", ".inl": "cpp", ".tpp": "cpp", ".cu": "cuda", ".jsonc": "json",
    ".vue": "html",
    ".svelte": "html", ".astro": "html", ".mts": "typescript", ".cts": "typescript", ".bazel": "python",
    ".bzl": "python", ".ipynb": "json", ".plist": "xml", ".csproj": "xml", ".props": "xml", ".targets": "xml",
    ".patch": "diff", ".env": "bash", ".webmanifest": "json", ".har": "json", ".geojson": "json",
    "Cargo.lock": "toml", "uv.lock": "toml", "pdm.lock": "toml", "composer.lock": "json", "Pipfile.lock": "json",
    "flake.lock": "json", ".prettierrc": "json", ".eslintrc": "json", ".babelrc": "json", ".gitconfig": "ini",
    ".gitmodules": "ini", ".editorconfig": "ini", ".envrc": "bash", "Containerfile": "docker",
    "BUILD": "python", "WORKSPACE": "python", "Tiltfile": "python", "Justfile": "make", "justfile": "make",
    "Brewfile": "ruby", "Podfile": "ruby", "Fastfile": "ruby", "Vagrantfile": "ruby", "go.mod": "go",
}  # fmt: skip
_INTERPRETERS = {
    "python": "python", "pypy": "python", "sh": "bash", "bash": "bash", "zsh": "bash", "dash": "bash", "ksh": "bash",
    "ash": "bash", "fish": "fish", "node": "javascript", "nodejs": "javascript", "deno": "typescript",
    "bun": "typescript", "ts-node": "typescript", "tsx": "typescript", "perl": "perl", "ruby": "ruby", "php": "php",
    "lua": "lua", "luajit": "lua", "Rscript": "r", "tclsh": "tcl", "wish": "tcl", "awk": "awk", "gawk": "awk",
    "make": "make", "groovy": "groovy", "scala": "scala", "elixir": "elixir", "escript": "erlang", "julia": "julia",
    "guile": "scheme", "racket": "racket", "osascript": "applescript", "pwsh": "powershell", "sed": "sed",
}  # fmt: skip
_LINGUIST = {
    "c#": "csharp",
    "shell": "bash",
    "vue": "html",
    "jsonc": "json",
    "dockerfile": "docker",
    "makefile": "make",
}
_CPLUSPLUS = re.compile(rb"^\s*(?:class|namespace|template|using|public:|private:)\b", re.MULTILINE)
_WRITTEN_IN = re.compile(rb"#!\s*(\S+)(.*)")


def language_of(path: bytes, data: bytes = b"", attribute: str = "") -> str:
    """The Pygments alias of a file's language; empty when it is not known.

    Args:
        path: the name in the repository.
        data: the content, or its beginning, for shebangs and names that several languages use.
        attribute: the value of ``linguist-language``, which decides when Pygments knows that language.
    """
    aliases, suffixes, names, globs = _table()
    if attribute:
        wanted = attribute.lower().replace(" ", "-")
        wanted = _LINGUIST.get(wanted, wanted)
        if wanted in aliases:
            return aliases[wanted]
    name = path.rpartition(b"/")[2].decode("utf-8", "replace")
    if name in names:
        return names[name]
    dot = name.find(".", 1)
    while dot > 0:  # the longest suffix first: .blade.php before .php
        language = suffixes.get(name[dot:]) or suffixes.get(name[dot:].lower())
        if language:
            return "cpp" if language == "c" and name.endswith(".h") and _CPLUSPLUS.search(data[:8192]) else language
        dot = name.find(".", dot + 1)
    for glob, language in globs:
        if fnmatch.fnmatchcase(name, glob):
            return language
    return _from_first_line(data[:256])


def _from_first_line(data: bytes) -> str:
    found = _WRITTEN_IN.match(data)
    if not found:
        return "xml" if data.startswith(b"<?xml") else "php" if data.startswith(b"<?php") else ""
    words = [found[1], *found[2].split()]
    if words[0].endswith(b"/env") or words[0] == b"env":
        words = [word for word in words[1:] if not word.startswith(b"-") and b"=" not in word] or [b""]
    program = words[0].rpartition(b"/")[2].decode("utf-8", "replace")
    return _INTERPRETERS.get(program) or _INTERPRETERS.get(program.rstrip("0123456789.-"), "")


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, str], dict[str, str], dict[str, str], tuple[tuple[str, str], ...]]:
    """Languages by alias, by suffix and by whole name, and the patterns that are neither."""
    aliases: dict[str, str] = {}
    suffixes: dict[str, str] = {}
    names: dict[str, str] = {}
    globs: list[tuple[str, str]] = [("Dockerfile.*", "docker"), ("Containerfile.*", "docker")]
    for title, short_names, patterns, _ in get_all_lexers(plugins=False):
        if not short_names or short_names[0] == "text":
            continue
        alias = short_names[0]
        for known in (title.lower().replace(" ", "-"), *short_names):
            aliases.setdefault(known, alias)
        for pattern in patterns:
            rest = pattern[1:] if pattern.startswith("*.") else pattern
            if set(rest) & set("*?["):
                globs.append((pattern, alias))
            elif pattern.startswith("*."):
                suffixes.setdefault(rest, alias)
            else:
                names.setdefault(pattern, alias)
    for key, alias in _MEANT.items():
        (suffixes if key.startswith(".") else names)[key] = alias
        if key.startswith("."):
            names.setdefault(key, alias)
    return aliases, suffixes, names, tuple(globs)
