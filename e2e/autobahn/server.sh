#!/usr/bin/env bash
# Tests the server: Autobahn's fuzzing client against an echo on everlink-server.
# Usage: server.sh WSTEST OUTDIR [CASE ...]   (default: all 517)
set -euo pipefail
here=$(dirname "$(realpath "$0")")
wstest=$1 out=$(realpath -m "$2"); shift 2
port=${AUTOBAHN_PORT:-9002}
program=${AUTOBAHN_SERVER:-$here/../../target/debug/autobahn_server}
source "$here/spec.sh"
mkdir -p "$out"; rm -f "$out/index.json"
cat > "$out/spec.json" <<J
{"outdir": "$out", "servers": [{"agent": "everlink-server", "url": "ws://127.0.0.1:$port/ws"}],
 "cases": $(cases "$@"), "exclude-cases": [], "exclude-agent-cases": {}}
J
"$program" "127.0.0.1:$port" 2> "$out/server.log" & server=$!
trap 'kill $server 2>/dev/null' EXIT
wait_for_port "$port"
cd "$out"
"$wstest" -m fuzzingclient -s spec.json > wstest.log 2>&1
python3 "$here/summary.py" "$out/index.json" --expect "$(expected "$@")"
