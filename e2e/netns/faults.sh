#!/usr/bin/env bash
# Two network namespaces joined by a cable that can be cut, for tests of what no proxy in user space can do.
#
#   faults.sh check   says whether this machine can (fetching nftables when it may), and ends with 0 or 1
#   faults.sh hold    makes them, prints `ready SERVER_NS CLIENT_NS SERVER_ADDRESS CLIENT_ADDRESS`, then takes one
#                     fault a line from standard input, answers `ok` or `error …`, and removes them at its end
#
# They are named by this process and go when it does: at the end of its input, so also when its owner is killed.
# This kernel's traffic control need not have netem: loss comes from nftables, a slow link from a token bucket.
set -euo pipefail

SERVER_ADDRESS=10.99.0.1
CLIENT_ADDRESS=10.99.0.2
SERVER=everlink-server-$$
CLIENT=everlink-client-$$

usage() {
  cat <<'EOF'
faults, one a line:
  off              everything works again
  black-hole       both directions swallowed, neither side told
  deaf             the client hears nothing, the server still hears the client
  mute             the server hears nothing, the client still hears the server
  no-syn           a connection attempt is never answered
  reset PORT       the client's next packet to PORT is answered with a reset
  loss PERCENT     packets lost in both directions
  rate BANDWIDTH   a slow link with a deep buffer towards the client, such as 256kbit
  cable-out        the client's link goes down
  rebind ADDRESS   the client's address changes, as from one network to another
EOF
}

fail() { echo "$1"; exit 1; }

check() {
  [ "$(uname)" = Linux ] || fail "only Linux has network namespaces"
  [ "$(id -u)" = 0 ] || fail "making network namespaces takes root"
  tools || fail "nftables and iproute2 are missing and cannot be installed"
  trap remove EXIT
  make >/dev/null 2>&1 || fail "the kernel or the container does not allow network namespaces"
}

tools() {
  command -v nft >/dev/null && command -v ip >/dev/null && return
  command -v apt-get >/dev/null || return
  echo "installing nftables and iproute2" >&2
  install || { apt-get -q update && install; } >/dev/null 2>&1
}

install() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 install -y \
    --no-install-recommends nftables iproute2 >/dev/null 2>&1
}

make() {
  ip netns add "$SERVER"
  ip netns add "$CLIENT"
  ip -n "$SERVER" link add cable type veth peer name cable netns "$CLIENT"
  ip -n "$SERVER" addr add "$SERVER_ADDRESS/24" dev cable
  ip -n "$CLIENT" addr add "$CLIENT_ADDRESS/24" dev cable
  for side in "$SERVER" "$CLIENT"; do
    ip -n "$side" link set lo up
    ip -n "$side" link set cable up
  done
  filter add table inet faults
  filter add chain inet faults in '{ type filter hook input priority 0; }'
  filter add chain inet faults out '{ type filter hook output priority 0; }'
}

# Every rule lies on the client's side.
filter() { ip netns exec "$CLIENT" nft "$@"; }

remove() {
  for side in "$SERVER" "$CLIENT"; do
    ip netns pids "$side" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
    ip netns del "$side" 2>/dev/null || true
  done
}

# Chained by hand: within a condition the shell does not stop at the first failure.
fault() {
  local loss="numgen random mod 100 < ${2:-}"
  case ${1:-} in
    off) off ;;
    black-hole) filter add rule inet faults in drop && filter add rule inet faults out drop ;;
    deaf) filter add rule inet faults in drop ;;
    mute) filter add rule inet faults out drop ;;
    no-syn) filter add rule inet faults out tcp flags syn drop ;;
    reset) filter add rule inet faults out tcp dport "${2:-}" reject with tcp reset ;;
    loss) filter add rule inet faults in "$loss" drop && filter add rule inet faults out "$loss" drop ;;
    rate) ip netns exec "$SERVER" tc qdisc add dev cable root tbf rate "${2:-}" burst 4kb latency 400ms ;;
    cable-out) ip -n "$CLIENT" link set cable down ;;
    rebind) ip -n "$CLIENT" addr flush dev cable && ip -n "$CLIENT" addr add "${2:-}/24" dev cable ;;
    *) echo "no such fault: ${1:-}" && return 1 ;;
  esac
}

off() {
  filter flush chain inet faults in && filter flush chain inet faults out &&
    { ip netns exec "$SERVER" tc qdisc del dev cable root 2>/dev/null || true; } &&
    ip -n "$CLIENT" link set cable up &&
    ip -n "$CLIENT" addr flush dev cable &&
    ip -n "$CLIENT" addr add "$CLIENT_ADDRESS/24" dev cable
}

hold() {
  trap remove EXIT
  trap 'exit 1' INT TERM HUP
  make
  echo "ready $SERVER $CLIENT $SERVER_ADDRESS $CLIENT_ADDRESS"
  local words said
  while read -r -a words; do
    if said=$(fault "${words[@]}" 2>&1); then
      echo ok
    else
      echo "error ${words[*]}: ${said//$'\n'/ }"
    fi
  done
}

case ${1:-} in
  check) check ;;
  hold) hold ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; usage; exit 2 ;;
esac
