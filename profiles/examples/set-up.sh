#!/bin/sh
# Set-up of a fresh worktree: whatever the project needs before its tests can run. Packages come from the task's own cache.
set -eu
if [ -f requirements.txt ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet -r requirements.txt
fi
if [ -f package.json ] && [ ! -d node_modules ]; then
    npm install --no-audit --no-fund
fi
echo "set up for $SHOPFLOOR_BRANCH"
