"""The settings, made by `tools/settings.py` from the table that the Rust side uses.

Times are seconds. A value of the wrong kind or out of range is told by `SettingsError`, with what is
accepted; a text such as `"1.5s"` is understood wherever the command line understands it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict

Profile: TypeAlias = Literal[
    "standard",
    "chat_bot",
    "chat_page",
    "rooms",
    "messenger",
    "market_feed",
]
"""A named set of defaults; every one can be overridden."""

Dialect: TypeAlias = Literal[
    "plain",
    "json",
    "chat_text",
    "exchange",
    "everlink",
    "socketio",
]
"""What the peer speaks."""


class Settings(TypedDict, total=False):
    """Every setting by its key; what is not given is the profile's."""

    backoff: Literal["none", "fixed", "exponential"]
    """How the delay grows from attempt to attempt. Default: `exponential`."""

    backoff_min: float
    """Delay before the second attempt, from which the others grow. Default: 1 s. Range: 0 to 15
    min."""

    backoff_max: float
    """Longest delay between attempts, before jitter. Default: 30 s. Range: `backoff_min` to 15 min.
    Why: long enough to spare a restarting server, short enough that nobody reloads by hand."""

    backoff_multiplier: float
    """Factor from one delay to the next. Default: 2. Range: 1 to 10."""

    backoff_floor: float
    """Least delay under `full` jitter, so that no client comes back at once for ever. Default: 500
    ms. Range: 0 to 1 min."""

    backoff_adaptive: bool
    """Whether delays grow while few attempts succeed (up to twice as long). Default: true."""

    jitter: Literal["none", "factor", "scaled", "full", "equal", "decorrelated"]
    """How delays are spread. Default: `full`."""

    jitter_factor: float
    """How far `factor` jitter goes either way. Default: 0.25. Range: 0 to 1."""

    return_window: float | None
    """The first attempt after a loss waits a random time up to this, unless the server named a
    window. Default: 2 s; off: it waits like the second. Range: 0 to 10 min, or off."""

    attempts_max: int | None
    """Attempts in a row before giving up. Default: none. Range: 1 to 1000000, or none. Why none: "N
    tries, then stop" strands most users of an outage of five minutes."""

    reconnect: bool
    """Whether a lost connection is dialed again at all. Default: true."""

    stable_after: float
    """How long a connection must stand, and answer one heartbeat, before the attempts count anew.
    Default: 30 s. Range: 0 to 1 h."""

    dials_per_minute: int | None
    """Most dials in one minute. Default: 20. Range: 1 to 1000, or none. What the application asks
    for (`connect`, `reconnect`) is dialed at once and counts; everything else waits for its
    turn."""

    slow_min: float
    """First delay of the slow ladder, for failures that need somebody to act. Default: 30 s. Range:
    1 s to 1 h."""

    slow_max: float
    """Longest delay of the slow ladder. Default: 10 min. Range: `slow_min` to 24 h."""

    unauthorized_retries: bool
    """Whether refused credentials are retried slowly instead of being final. Default: false."""

    connect_timeout: float
    """Longest time for one attempt, from name look-up to the end of the upgrade. Default: 20 s.
    Range: 1 s to 5 min. Why: 5 s turns a long accept queue into collapse."""

    greeting_timeout: float
    """Longest wait for the greeting of a dialect that has one. Default: 5 s. Range: 100 ms to 5
    min."""

    heartbeat: Literal["auto", "protocol", "application", "none"]
    """How heartbeats are sent. Default: `auto`."""

    heartbeat_interval: float
    """Time from one heartbeat to the next. Default: 20 s. Range: 100 ms to 1 h."""

    heartbeat_timeout: float
    """Longest wait for any sign of life after a heartbeat. Default: 10 s. Range: 50 ms to 10
    min."""

    probe_timeout: float
    """The same wait when something looks wrong (network change, wake-up). Default: 2 s. Range: 50
    ms to 1 min."""

    probe_dials: bool
    """Whether suspicion dials a second transport at once, beside the probe. Default: true."""

    stale_after: float | None
    """Reconnects when heartbeats are answered but no data came for this long. Default: off. Range:
    1 s to 24 h, or off."""

    write_timeout: float
    """Longest stall of a write. Default: 10 s. Range: 100 ms to 10 min."""

    close_timeout: float
    """Longest wait for the peer's half of the closing hand-shake. Default: 1 s. Range: 0 to 1
    min."""

    quality_excellent: float
    """Below this round-trip time the quality is excellent. Default: 50 ms. Range: 1 ms to 1 min."""

    quality_good: float
    """Below this it is good. Default: 100 ms. Range: `quality_excellent` to 1 min."""

    quality_poor: float
    """Below this it is poor, from it on unusable. Default: 200 ms. Range: `quality_good` to 1
    min."""

    breaker_failures: int | None
    """Failures in a row after which the circuit breaker opens. Default: none. Range: 1 to 1000, or
    none."""

    breaker_pause: float
    """Time between the probes of an open circuit breaker. Default: 1 min. Range: 1 s to 1 h."""

    queue: bool
    """Whether messages sent while down wait in the outbox. Default: true. If false, a send
    fails."""

    queue_messages_max: int
    """Most messages in the outbox. Default: 1024. Range: 1 to 10000000."""

    queue_bytes_max: int
    """Most bytes of messages in the outbox. Default: 8388608. Range: 1024 to 4294967295."""

    overflow: Literal["wait", "fail", "drop_oldest"]
    """What becomes of a message when the outbox is full. Default: `wait`."""

    message_bytes_max: int
    """Largest message that may be sent, in bytes. Default: 16777216. Range: 1 to 4294967295."""

    renew_after: float | None
    """Age at which a connection is replaced while it still works (its successor opens first).
    Default: off. Range: 1 s to 30 days, or off."""

    overlap: float
    """Longest time for which old and new transport overlap at a planned move. Default: 5 s. Range:
    0 to 1 min."""

    check_interval: float
    """How often the second level looks for silence and surrender; 0 acts at once. Default: 0 s.
    Range: 0 to 1 h."""

    supervisor_attempts_max: int
    """How often the second level starts anew after the first gave up. Default: 0. Range: 0 to
    1000000."""

    path: str
    """Replaces the path of each URL. Default: the URL's own."""

    namespace: str
    """The namespace to enter (`socketio`). Default: `/`."""

    encoding: Literal["json", "cbor"]
    """How `everlink.v1` is said: `json`, which people can read, or `cbor`. Default: `json`."""

    subprotocols: Sequence[str]
    """Offered to the server, in this order. Default: none."""

    headers: Mapping[str, str]
    """Sent with each upgrade request. Default: none."""

    compression: bool
    """Whether permessage-deflate is offered (RFC 7692). Default: false, since it costs much
    memory."""

    proxy: str
    """Which proxy to use. Default: `env`, what `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` name."""

    no_proxy: str
    """Exceptions from `proxy`. Default: none, or with `env` what `NO_PROXY` names."""

    tls_roots: Literal["system", "bundled", "both", "only_extra"]
    """Whose certificates are trusted. Default: `system`."""

    tls_ca: str | os.PathLike[str]
    """Certificate authorities that are trusted too. Default: none."""

    tls_client_certificate: str | os.PathLike[str]
    """The chain to show to a server that asks for one. Default: none."""

    tls_client_key: str | os.PathLike[str]
    """The key of `tls.client_certificate`. Default: none."""

    tls_server_name: str
    """The name that is verified instead of the URL's host. Default: the URL's host."""

    tls_versions: Literal["all", "1.2", "1.3"]
    """Which versions are offered. Default: `all`: 1.3, or else 1.2."""

    name_timeout: float
    """Longest time to turn a name into addresses. Default: 5 s. Range: 10 ms to 5 min."""

    address_timeout: float
    """Longest wait for one address to answer. Default: 5 s. Range: 10 ms to 5 min."""

    proxy_timeout: float
    """Longest time for the proxy's tunnel. Default: 10 s. Range: 10 ms to 5 min."""

    tls_timeout: float
    """Longest time for the TLS hand-shake. Default: 5 s. Range: 10 ms to 5 min."""

    upgrade_timeout: float
    """Longest time for the upgrade. Default: 10 s. Range: 10 ms to 5 min."""

    outbox_path: str | os.PathLike[str]
    """Where messages are kept that must survive a crash. Default: none, they are kept in memory."""

    outbox_messages_max: int
    """Most messages in that file. Default: 10000. Range: 1 to 4294967295."""

    outbox_bytes_max: int
    """Most bytes of messages in that file. Default: 67108864. Range: 1024 to 4294967295."""

    cursors_path: str | os.PathLike[str]
    """Where it is kept how far channels were handled. Default: none, a new run begins now."""
