#!/bin/sh
# Extract from Intercom what changed since the last job, into a target or into a file.
#
#     examples/ci/extract.sh target-postgres --config=ENV
#     examples/ci/extract.sh
#
# Settings come from the environment: TAP_INTERCOM_API_KEY, TARGET_POSTGRES_HOST, ... Between jobs
# keep the folder $KEEP (intercom/, unless set). It holds state.json and, without a target, a file
# of messages for each job.
#
# Exit code: 0 when everything has arrived, else the target's or the tap's; 143 when the job was
# stopped. Whatever it is, state.json says what has safely arrived, and the next job goes on from
# there.
set -eu
umask 077

keep=${KEEP:-intercom}
state=$keep/state.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$keep"

# Waits for a program, also when a signal comes in between; `code` is how it ended.
ended() {
    code=0
    wait "$1" || code=$?
    while kill -0 "$1" 2>/dev/null; do
        code=0
        wait "$1" || code=$?
    done
}

# The last complete state, from a target's output or from the tap's own messages.
last_state() {
    python3 -c '
import json, sys

last = None
for line in sys.stdin:
    try:
        message = json.loads(line)
    except ValueError:
        continue
    if isinstance(message, dict) and message.get("type", "STATE") == "STATE":
        last = message.get("value", message)
if last:
    json.dump(last, sys.stdout)
'
}

tap-intercom --config=ENV --discover > "$work/catalog.json"

mkfifo "$work/pipe"
if [ $# -gt 0 ]; then
    arrived=$work/arrived
    "$@" < "$work/pipe" > "$arrived" &
else
    arrived=$keep/messages-$(date -u +%Y%m%dT%H%M%SZ).jsonl
    cat < "$work/pipe" > "$arrived" &
fi
target=$!

set -- --config=ENV --catalog "$work/catalog.json"
if [ -s "$state" ]; then
    set -- "$@" --state "$state"
fi
tap-intercom "$@" > "$work/pipe" &
tap=$!
trap 'kill -TERM "$tap" 2>/dev/null || true' INT TERM

ended "$tap"
tap_code=$code
ended "$target"
target_code=$code

last_state < "$arrived" > "$state.new"
if [ -s "$state.new" ]; then
    mv "$state.new" "$state"
else
    rm -f "$state.new"
fi

if [ "$target_code" -ne 0 ]; then
    exit "$target_code"
fi
exit "$tap_code"
