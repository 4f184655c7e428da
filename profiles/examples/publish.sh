#!/bin/sh
# Publishes a task as a draft pull request, with its description. A command with your rights (confined = false).
set -eu
${SHOPFLOOR:-shopfloor} pr "$SHOPFLOOR_TASK" --draft
