#!/bin/sh
# Finds marks of unfinished work that the task added, and tells its agent. A command: `shopfloor do leftovers TASK`.
set -eu
found=$(git diff "$SHOPFLOOR_BASE" -- . | grep -E '^\+.*(TODO|FIXME|XXX|console\.log|breakpoint\(\))' || true)
if [ -z "$found" ]; then
    echo "nothing left over"
    exit 0
fi
printf 'You left these behind. Finish or remove each:\n\n%s\n' "$found" | ${SHOPFLOOR:-shopfloor} send "$SHOPFLOOR_TASK" -
