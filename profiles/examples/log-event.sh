#!/bin/sh
# A hook: keeps one line for each event in a file of the person's. The event is one JSON object on standard input.
set -eu
log=${SHOPFLOOR_EVENTS:-$HOME/shopfloor-events.log}
python3 -c '
import json, sys, time
event = json.load(sys.stdin)
task = event["task"]
when = time.strftime("%Y-%m-%d %H:%M", time.localtime(event["at"]))
print(when, event["event"], task["id"], task["title"], event.get("said") or task.get("reason", ""), sep="\t")
' >>"$log"
