"""What a file's name, kind and mode say about the risk of changing it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.review.kinds import file_kind
from agents.review.model import FileDiff

_BY_NAME: tuple[tuple[str, str, re.Pattern[bytes]], ...] = tuple(
    (name, sentence, re.compile(rb"(?:^|/)(?:" + pattern + rb")\Z"))
    for name, sentence, pattern in (
        ("ci", "It decides what is checked and published, with the repository's own rights.",
         rb"\.github/(?:workflows|actions)/.*|\.github/(?:dependabot|CODEOWNERS).*|\.gitlab-ci\.ya?ml|\.circleci/.*|"
         rb"Jenkinsfile|\.travis\.yml|azure-pipelines[^/]*\.ya?ml|\.drone\.yml|\.buildkite/.*|bitbucket-pipelines\.yml|"
         rb"\.forgejo/.*|\.woodpecker(?:/.*|\.ya?ml)|\.pre-commit-config\.ya?ml|CODEOWNERS"),
        ("dependencies", "It names code of others that will run with yours.",
         rb"requirements[^/]*\.(?:txt|in)|constraints[^/]*\.txt|pyproject\.toml|setup\.(?:py|cfg)|Pipfile|"
         rb"package\.json|Cargo\.toml|go\.mod|Gemfile|[^/]*\.gemspec|composer\.json|pom\.xml|build\.gradle(?:\.kts)?|"
         rb"[^/]*\.csproj|mix\.exs|pubspec\.yaml|environment\.ya?ml|Podfile|Package\.swift|deno\.jsonc?|\.npmrc|"
         rb"\.yarnrc(?:\.yml)?|pip\.conf|\.cargo/config(?:\.toml)?"),
        ("agent settings", "Agents obey it the next time they work here.",
         rb"\.claude/.*|\.mcp\.json|\.cursor/.*|\.cursorrules|\.codex/.*|\.gemini/.*|\.aider[^/]*|\.windsurf.*|"
         rb"\.github/copilot-instructions\.md|AGENTS\.md|CLAUDE\.md|GEMINI\.md|\.shopfloor\.toml|\.continue/.*"),
        ("editor settings", "Editors may run it as soon as the folder is opened.",
         rb"\.vscode/.*|\.idea/.*|[^/]*\.code-workspace|\.devcontainer/.*|\.nvim\.lua|\.exrc|\.vimrc|\.zed/.*|"
         rb"\.dir-locals\.el"),
        ("runs later", "It runs by itself the next time somebody works here.",
         rb"\.husky/.*|\.githooks/.*|hooks/(?:pre|post|commit|prepare|update)[\w-]*|lefthook\.ya?ml|\.envrc|\.env|"
         rb"conftest\.py|sitecustomize\.py|usercustomize\.py|[^/]*\.pth|Makefile|GNUmakefile|[^/]*\.mk|justfile|"
         rb"Taskfile\.ya?ml|noxfile\.py|tox\.ini|Rakefile|Dockerfile[^/]*|docker-compose[^/]*\.ya?ml|compose\.ya?ml|"
         rb"build\.rs|binding\.gyp|\.bashrc|\.profile|\.zshrc|\.?mise(?:\.[\w-]+)*\.toml|\.tool-versions"),
        ("git settings", "It changes what git does with these files.", rb"\.gitattributes|\.gitmodules|\.lfsconfig"),
    )
)  # fmt: skip
"""Name of the warning, why it matters, and the files it is about."""


def concerns_about(file: FileDiff) -> Iterator[tuple[str, str]]:
    """Name and sentence of what is to be said about a file as a whole."""
    kind = file_kind(file.path, file.attributes)
    for name, sentence, pattern in _BY_NAME:
        if pattern.search(file.path) or (file.old_path and pattern.search(file.old_path)):
            yield name, sentence
            break
    if kind.is_lock:
        yield "lock file", "It fixes the versions and the sources of what is installed."
    if kind.is_test and file.status == "deleted":
        yield "tests deleted", "A test file is gone."
    yield from _modes(file)


def _modes(file: FileDiff) -> Iterator[tuple[str, str]]:
    old, new = file.old_mode, file.new_mode
    if file.is_submodule or "160000" in (old, new):
        yield "submodule", "It is another repository, at a commit that this diff does not show."
    elif new == "120000" and old != "120000":
        yield "symlink", "It is a link now: what is written to it lands elsewhere."
    elif old and new and old != new and file.status != "deleted":
        yield "permissions", f"Its mode went from {old} to {new}."
    elif not old and new == "100755":
        yield "permissions", "It is new and may be run as a program."
