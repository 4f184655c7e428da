"""A stand-in for ``gh`` that speaks its real JSON and keeps what it was asked in a folder, ``$FAKE_GH``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["FAKE_GH"])
ARGUMENTS = sys.argv[1:]


def option(name: str, default: str = "") -> str:
    return ARGUMENTS[ARGUMENTS.index(name) + 1] if name in ARGUMENTS else default


def read(name: str, default: object) -> object:
    place = FOLDER / name
    return json.loads(place.read_text()) if place.exists() else default


def main() -> int:
    with (FOLDER / "calls").open("a") as calls:
        calls.write(json.dumps(ARGUMENTS) + "\n")
    match ARGUMENTS[:2]:
        case ["auth", "status"]:
            if (FOLDER / "logged-out").exists():
                print("You are not logged into any GitHub hosts. To log in, run: gh auth login", file=sys.stderr)
                return 1
        case ["pr", "create"]:
            pull = {
                "number": 7, "url": "https://github.com/o/r/pull/7", "state": "OPEN", "isDraft": "--draft" in ARGUMENTS,
                "statusCheckRollup": [], "title": option("--title"), "body": sys.stdin.read(),
                "baseRefName": option("--base"), "headRefName": option("--head"),
            }  # fmt: skip
            (FOLDER / "pull").write_text(json.dumps(pull))
            print(pull["url"])
        case ["pr", "edit"]:
            pull = dict(read("pull", {}))  # type: ignore[call-overload]
            pull |= {"title": option("--title"), "body": sys.stdin.read()}
            (FOLDER / "pull").write_text(json.dumps(pull))
        case ["pr", "view"]:
            pull = dict(read("pull", {}))  # type: ignore[call-overload]
            print(json.dumps({name: pull.get(name) for name in option("--json").split(",")}))
        case ["api", *_]:
            print(json.dumps([read("comments", [])]))
        case ["run", "view"]:
            print((FOLDER / f"log-{option('--job')}").read_text(), end="")
        case ["issue", "list"]:
            print(json.dumps(read("issues", [])))
        case ["issue", "view"]:
            found = [one for one in read("issues", []) if str(one["number"]) == ARGUMENTS[2]]  # type: ignore[attr-defined]
            if not found:
                print("GraphQL: Could not resolve to an issue or pull request", file=sys.stderr)
                return 1
            print(json.dumps(found[0]))
        case _:
            print(f"unknown command {ARGUMENTS}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
