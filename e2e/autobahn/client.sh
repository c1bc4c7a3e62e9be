#!/usr/bin/env bash
# Tests the codec as a client: Autobahn's fuzzing server against examples/autobahn_client.
# Usage: client.sh WSTEST OUTDIR [CASE ...]   (default: all 517)
set -euo pipefail
here=$(dirname "$(realpath "$0")")
wstest=$1 out=$(realpath -m "$2"); shift 2
port=${AUTOBAHN_PORT:-9001}
program=${AUTOBAHN_CLIENT:-$here/../../target/debug/examples/autobahn_client}
source "$here/spec.sh"
mkdir -p "$out"; rm -f "$out/index.json"
cat > "$out/spec.json" <<J
{"url": "ws://127.0.0.1:$port", "outdir": "$out",
 "cases": $(cases "$@"), "exclude-cases": [], "exclude-agent-cases": {}}
J
cd "$out"
"$wstest" -m fuzzingserver -u 0 -s spec.json > wstest.log 2>&1 & suite=$!
trap 'kill $suite 2>/dev/null' EXIT
wait_for_port "$port"
"$program" "127.0.0.1:$port" everlink-client
python3 "$here/summary.py" "$out/index.json" --expect "$(expected "$@")"
