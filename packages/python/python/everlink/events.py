"""What happens to a connection. Times are seconds; messages are not among the events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ._kinds import Guarantee, Quality, State
from .info import Failure


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `name` says what, and each kind has fields of its own."""

    name: ClassVar[str] = "event"


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """The state changed."""

    name: ClassVar[str] = "state_changed"
    old: State
    new: State


@dataclass(frozen=True, slots=True)
class Connected(Event):
    """The connection stands for the first time since `connect`."""

    name: ClassVar[str] = "connected"
    guarantee: Guarantee


@dataclass(frozen=True, slots=True)
class Disconnected(Event):
    """The connection was lost; told once an outage."""

    name: ClassVar[str] = "disconnected"
    error: Failure
    uptime: float


@dataclass(frozen=True, slots=True)
class Reconnecting(Event):
    """An attempt will be made after a delay; attempts count from 1."""

    name: ClassVar[str] = "reconnecting"
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class AttemptFailed(Event):
    """An attempt failed; 0 is the first one since `connect`."""

    name: ClassVar[str] = "attempt_failed"
    attempt: int
    error: Failure


@dataclass(frozen=True, slots=True)
class Reconnected(Event):
    """The connection is back, after so many attempts; told once an outage."""

    name: ClassVar[str] = "reconnected"
    attempts: int
    downtime: float


@dataclass(frozen=True, slots=True)
class ReconnectFailed(Event):
    """Given up: no further attempt will be made by itself."""

    name: ClassVar[str] = "reconnect_failed"
    attempts: int
    error: Failure


@dataclass(frozen=True, slots=True)
class Moved(Event):
    """A successor took over while the connection stood: a planned move, without a gap."""

    name: ClassVar[str] = "moved"


@dataclass(frozen=True, slots=True)
class Supervised(Event):
    """The second level acts: `stale`, `surrender` or `age`."""

    name: ClassVar[str] = "supervised"
    cause: str
    attempt: int


@dataclass(frozen=True, slots=True)
class QualityChanged(Event):
    """The quality of the connection changed."""

    name: ClassVar[str] = "quality_changed"
    old: Quality
    new: Quality


@dataclass(frozen=True, slots=True)
class HealthCheck(Event):
    """A heartbeat was answered."""

    name: ClassVar[str] = "health_check"
    latency: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class Breaker(Event):
    """The circuit breaker opened, or closed again."""

    name: ClassVar[str] = "breaker"
    open: bool


@dataclass(frozen=True, slots=True)
class Subscribed(Event):
    """The server confirmed a channel."""

    name: ClassVar[str] = "subscribed"
    channel: str


@dataclass(frozen=True, slots=True)
class SubscriptionRejected(Event):
    """The server refused a channel (code 0 if it named none); it is not asked for again by itself."""

    name: ClassVar[str] = "subscription_rejected"
    channel: str
    code: int


@dataclass(frozen=True, slots=True)
class Resubscribed(Event):
    """All desired channels are confirmed on a new connection."""

    name: ClassVar[str] = "resubscribed"
    channels: int


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """The server has let us in again, and has taken up the session of before or not."""

    name: ClassVar[str] = "resumed"
    recovered: bool


@dataclass(frozen=True, slots=True)
class ChannelGap(Event):
    """Offsets of a channel that will not come: `expired`, `epoch` or `slow`."""

    name: ClassVar[str] = "gap"
    channel: str
    first: int
    last: int
    cause: str


@dataclass(frozen=True, slots=True)
class ChannelPaused(Event):
    """The application takes too little of a channel; the others go on."""

    name: ClassVar[str] = "channel_paused"
    channel: str


@dataclass(frozen=True, slots=True)
class ChannelResumed(Event):
    """A paused channel is read on from where it was."""

    name: ClassVar[str] = "channel_resumed"
    channel: str


@dataclass(frozen=True, slots=True)
class MaybeDoubled(Event):
    """Messages `first` to `last` were sent again, and each may be there twice."""

    name: ClassVar[str] = "maybe_doubled"
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ServerError(Event):
    """The server says that something went wrong."""

    name: ClassVar[str] = "server_error"
    code: int
    fatal: bool
    why: str


@dataclass(frozen=True, slots=True)
class CredentialsRenewed(Event):
    """Fresh credentials were taken while the connection stood."""

    name: ClassVar[str] = "credentials_renewed"
    lasts: float | None


@dataclass(frozen=True, slots=True)
class CredentialsFailed(Event):
    """Fresh credentials could not be had while the connection stood; it is tried again."""

    name: ClassVar[str] = "credentials_failed"
    error: str


@dataclass(frozen=True, slots=True)
class DuplicatesDropped(Event):
    """Copies of messages were dropped because they had been delivered already."""

    name: ClassVar[str] = "duplicates_dropped"
    count: int


@dataclass(frozen=True, slots=True)
class MessagesDropped(Event):
    """Messages of ours will not be sent. Each of their tickets says so too."""

    name: ClassVar[str] = "messages_dropped"
    first: int
    last: int
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class InDoubt(Event):
    """Messages `first` to `last` were written shortly before a loss: they may or may not have arrived."""

    name: ClassVar[str] = "in_doubt"
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Away(Event):
    """The server asked us to come back later or elsewhere."""

    name: ClassVar[str] = "away"
    slot: float
    url: str | None


@dataclass(frozen=True, slots=True)
class NotFollowed(Event):
    """The server wanted us to come back at a place to which we do not go."""

    name: ClassVar[str] = "not_followed"
    why: str


@dataclass(frozen=True, slots=True)
class BadMessage(Event):
    """A message that breaks the dialect was dropped; the connection goes on."""

    name: ClassVar[str] = "bad_message"
    error: str


@dataclass(frozen=True, slots=True)
class ReadPaused(Event):
    """Reading stopped because the application does not take its messages."""

    name: ClassVar[str] = "read_paused"


@dataclass(frozen=True, slots=True)
class ReadResumed(Event):
    """Reading goes on."""

    name: ClassVar[str] = "read_resumed"


@dataclass(frozen=True, slots=True)
class SubscriberLagged(Event):
    """A subscription did not take its messages; its oldest were dropped."""

    name: ClassVar[str] = "subscriber_lagged"
    channel: str
    missed: int


@dataclass(frozen=True, slots=True)
class Lagged(Event):
    """The receiver of these events was too slow for some of them."""

    name: ClassVar[str] = "lagged"
    missed: int


@dataclass(frozen=True, slots=True)
class Unknown(Event):
    """An event that this package has no class for."""

    name: ClassVar[str] = "unknown"
    text: str


EVENTS: Mapping[str, type[Event]] = {kind.name: kind for kind in Event.__subclasses__()}
"""Every kind of event by its name."""


def to_event(name: str, fields: dict[str, Any]) -> Event:
    """Makes an event of what the Rust side gives."""
    if (error := fields.get("error")) is not None and not isinstance(error, str):
        fields["error"] = Failure(*error)
    return EVENTS[name](**fields)
