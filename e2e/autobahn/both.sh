#!/usr/bin/env bash
# Tests our server and our client, in a network of their own: the suite's server listens on all interfaces.
# Usage: both.sh PREFIX [CASE ...]   (default: all 517)
# PREFIX holds the suite afterwards (installed there if it is not) and the reports.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
if [ -z "${AUTOBAHN_INSIDE:-}" ]; then
    prefix=$(realpath -m "$1"); shift
    if [ ! -x "$prefix/wstest" ]; then
        echo "        the Autobahn suite is missing here: installing it into target/e2e/autobahn"
        mkdir -p "$prefix"
        "$here/setup.sh" "$prefix" > "$prefix/setup.log" 2>&1 || { tail -n 40 "$prefix/setup.log"; exit 1; }
    fi
    AUTOBAHN_INSIDE=1 exec unshare --net "$0" "$prefix" "$@"
fi
prefix=$1; shift
ip link set lo up
"$here/server.sh" "$prefix/wstest" "$prefix/server" "$@"
"$here/client.sh" "$prefix/wstest" "$prefix/client" "$@"
