# What both runs share; sourced by them.

# Prints the cases as JSON; without arguments all of them.
cases() {
    python3 -c 'import json, sys; print(json.dumps(sys.argv[1:] or ["*"]))' "$@"
}

# Prints how many cases must have run.
expected() {
    echo "${AUTOBAHN_EXPECT:-$(if [ $# -eq 0 ]; then echo 517; else echo 1; fi)}"
}

# Waits until something listens on the port, at most 20 seconds.
wait_for_port() {
    local _
    for _ in $(seq 200); do
        if (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "nothing listens on port $1" >&2
    return 1
}
