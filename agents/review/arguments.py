"""How git is asked for a diff, so that no configuration of a person or a repository changes what is read.

``git *DIFF_CONFIG *DIFF_ARGUMENTS <old tree> <new tree>`` prints what :func:`agents.review.parse_diff` reads. Where a
setting has both a ``-c`` and an option, both are given: older gits know only one of them.
"""

from __future__ import annotations

_SETTINGS = (
    "color.ui=never",
    "core.quotePath=true",
    "core.pager=cat",
    "core.fsmonitor=false",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "diff.srcPrefix=a/",
    "diff.dstPrefix=b/",
    "diff.suppressBlankEmpty=false",
    "diff.submodule=short",
    "diff.ignoreSubmodules=none",
    "diff.relative=false",
    "diff.interHunkContext=0",
    "diff.renames=true",
    "diff.renameLimit=2000",
    "diff.algorithm=histogram",
    "diff.indentHeuristic=true",
    "diff.colorMoved=no",
)

DIFF_CONFIG: tuple[str, ...] = tuple(part for setting in _SETTINGS for part in ("-c", setting))
"""Settings for git itself; they stand before the command."""

DIFF_ARGUMENTS: tuple[str, ...] = (
    "diff",
    "--raw",
    "-z",
    "--patch",
    "--full-index",
    "--no-abbrev",  # the raw part's ids; --full-index is about the patch alone
    "--unified=3",
    "--find-renames",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--submodule=short",
    "--ignore-submodules=none",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "-O/dev/null",
)
"""The command ``diff`` and its options; the two trees follow."""
