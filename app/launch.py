"""Where ``shopfloor`` begins.

In a wheel this file is also the top-level module ``shopfloor``, and the packages lie below ``_shopfloor/`` so that
their plain names (``agents``, ``app``) collide with nobody's. In a checkout they lie beside each other, and an editable
install puts the checkout on the path. Either way their folder comes first before anything of ours is imported.
"""

from __future__ import annotations

import sys
from pathlib import Path


def _root() -> Path:
    here = Path(__file__).resolve().parent
    for root in (here / "_shopfloor", here.parent, *map(Path, sys.path)):  # a wheel, a checkout, an editable install
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


if __name__ == "__main__":
    if sys.path and Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
        sys.path.pop(0)  # started as a script: our own folder would shadow the standard library's names
    sys.exit(main())
