"""What a connection is and has been."""

from __future__ import annotations

from dataclasses import dataclass

from ._kinds import Guarantee, Quality, State


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed or the connection was lost."""

    text: str
    """The sentence; it names no header, query or payload."""
    reason: str
    """The family: `dns`, `network`, `tls`, `http`, `unauthorized`, `closed` and so on."""
    cause: str
    """The cause within it, such as `refused` or `http_status`."""
    code: int | None
    """The HTTP status, close code or reply code, where the cause has one."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """Everything that `Client.info` tells (times in seconds)."""

    state: State
    """The state."""
    connected: bool
    """Whether the connection stands."""
    reconnecting: bool
    """Whether a lost connection is on its way back."""
    attempts: int
    """Retries since the connection was last stable."""
    next_attempt: float | None
    """Time until the next attempt, while a delay runs."""
    last_error: Failure | None
    """Why the last attempt failed or the connection was last lost."""
    url: str
    """The URL in use or tried, without user, password and query."""
    endpoint: int
    """Which of the URLs that is, from 0."""
    reconnects: int
    """How often a lost connection came back."""
    dials: int
    """How often a connection was dialed."""
    queued_messages: int
    """Messages in the outbox."""
    queued_bytes: int
    """Bytes in the outbox."""
    connected_for: float
    """How long this connection has stood; 0 while it does not."""
    uptime: float
    """Time connected since the client was made."""
    downtime: float
    """Time wanted but not connected since the client was made."""
    success_rate: float
    """Recent attempts that succeeded, from 0 to 1, weighted towards the newest."""
    latency: float | None
    """Smoothed round trip."""
    quality: Quality
    """Quality from the latency."""
    guarantee: Guarantee
    """What may be promised about delivery."""
    messages_sent: int
    """Messages handed to a connection."""
    messages_received: int
    """Messages that came."""
    messages_replayed: int
    """Messages that were handed to a connection again."""
    duplicates: int
    """Copies that were dropped."""
    unclaimed: int
    """Messages that came on channels which nobody was subscribed to any more."""


def to_failure(parts: tuple[str, str, str, int | None] | None) -> Failure | None:
    """Makes a failure of what the Rust side gives."""
    return None if parts is None else Failure(*parts)
