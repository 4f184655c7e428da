"""The top-level module ``shopfloor``: what the ``shopfloor`` command imports.

In a wheel this file stands beside ``_shopfloor/``, which holds the packages so that their plain names (``agents``,
``app``) collide with nobody's. In an editable install the checkout itself is on the path. Either way the folder of the
packages comes first before anything of ours is imported.
"""

from __future__ import annotations

import sys
from pathlib import Path


def _root() -> Path:
    here = Path(__file__).resolve().parent
    for root in (here / "_shopfloor", here.parent, *map(Path, sys.path)):
        if (root / "app" / "launch.py").exists() and (root / "agents" / "version.py").exists():
            return root
    raise SystemExit("Shopfloor is not installed completely: its packages are missing. Install it again.")


def main() -> int:
    """Run the command line; the exit status."""
    root = str(_root())
    if sys.path[0:1] != [root]:
        sys.path.insert(0, root)
    from app.main import main as run

    return run(sys.argv[1:])
