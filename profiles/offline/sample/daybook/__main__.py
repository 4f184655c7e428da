"""``python3 -m daybook``."""

import sys

from daybook.cli import main

sys.exit(main(sys.argv[1:]))
