"""The program as a script, for starting it from itself: ``python app/launch.py engine run``."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # our own folder would shadow the standard library's names; the packages lie one above
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from app.main import main

    sys.exit(main(sys.argv[1:]))
