"""Things that come one after the other: events, messages of a channel, what a channel's log brings."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from . import _everlink
from ._kinds import Json, Message
from ._loop import LoopBell, check
from .events import Event, to_event

T = TypeVar("T")

BATCH_MAX = 1024
"""How many things cross from Rust at once."""


class Flow(Generic[T]):
    """An async iterator over what Rust brings; cancelling loses nothing, and `break` neither."""

    def __init__(self, bell: LoopBell, core: _everlink.Stream, batch: int = BATCH_MAX) -> None:
        self._bell = bell
        self._core: _everlink.Stream | None = core
        self._batch = batch
        self._buffer: deque[T] = deque()

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        if not self._buffer and not await self._fill():
            raise StopAsyncIteration
        return self._buffer.popleft()

    async def _fill(self) -> bool:
        check(self._bell)
        while (core := self._core) is not None:
            items = core.take(self._batch)
            if items is None:
                await self._bell.wait(core.token)
                if self._buffer:
                    return True
            elif items:
                self._buffer.extend(map(self._convert, items))
                return True
            else:
                return False
        return False

    def _convert(self, item: Any) -> T:
        converted: T = item
        return converted

    def close(self) -> None:
        """Gives it up; what was taken already can still be read."""
        self._core = None

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class Events(Flow[Event]):
    """The events of one client, from when this was made on.

    At most 1,024 wait; who is slower misses the oldest, and is told so by `Lagged`.
    """

    def _convert(self, item: Any) -> Event:
        return to_event(*item)


class Subscription(Flow[Message]):
    """The messages of one channel, across every reconnect. Giving up the last one unsubscribes."""

    def __init__(self, bell: LoopBell, core: _everlink.Stream, channel: str) -> None:
        super().__init__(bell, core)
        self.channel = channel
        """The channel's name."""

    async def next_many(self, limit: int = BATCH_MAX) -> list[Message]:
        """Waits for a message, and returns it and those that wait behind it; none at the end."""
        if not self._buffer and not await self._fill():
            return []
        return [self._buffer.popleft() for _ in range(min(limit, len(self._buffer)))]

    @property
    def missed(self) -> int:
        """How many messages were dropped because they were not taken in time."""
        return 0 if self._core is None else self._core.missed()


@dataclass(frozen=True, slots=True)
class LogMessage:
    """A message of a channel's log: each once, in the order of their offsets."""

    offset: int
    """Its place in the log. Delivered again after a crash, it has the same."""
    epoch: int
    """The life of the log: offsets of different epochs have nothing to do with each other."""
    producer: str
    """Who published it, as the server names him."""
    sequence: int
    """As which of his in this channel, from 1."""
    id: str
    """Its name, the same each time it is delivered."""
    user: str | None
    """The user who published it, where the server knows him."""
    at: float
    """When the server stored it, in seconds since 1970 by its clock."""
    payload: Message
    """What was published: the text of its JSON, or bytes."""

    def json(self) -> Json:
        """Parses the payload."""
        parsed: Json = json.loads(self.payload)
        return parsed


@dataclass(frozen=True, slots=True)
class Gap:
    """A range that will not come, before what follows it."""

    first: int
    """The first offset that is missing."""
    last: int
    """The last offset that is missing; below `first` when only the log began a new life."""
    cause: str
    """`expired`, `epoch` or `slow`."""


@dataclass(frozen=True, slots=True)
class Volatile:
    """A value beside the log, such as typing: never repeated."""

    key: str
    """Which kind of value."""
    user: str | None
    """Whose it is, where the server knows him."""
    payload: Message
    """The text of its JSON, or bytes."""


@dataclass(frozen=True, slots=True)
class Retained:
    """The last value of a kind, newer than the one before; repeated at each attach."""

    key: str
    """Which kind of value."""
    version: int
    """Its version."""
    payload: Message
    """The text of its JSON, or bytes."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refuses this channel; the rest of the connection goes on."""

    code: int
    """The server's code."""
    why: str
    """The server's words; empty if it used none."""


ChannelEvent: TypeAlias = LogMessage | Gap | Volatile | Retained | Refused
"""Something that a channel brings, in order."""

_KINDS: dict[str, type[LogMessage | Gap | Volatile | Retained | Refused]] = {
    "message": LogMessage,
    "gap": Gap,
    "volatile": Volatile,
    "retained": Retained,
    "refused": Refused,
}


class ChannelFlow(Flow[ChannelEvent]):
    """What one channel of `everlink.v1` brings, in order and across every reconnect.

    What was returned counts as handled when the next is asked for, unless acknowledgement is manual.
    """

    def __init__(self, bell: LoopBell, core: _everlink.Stream, name: str) -> None:
        # One at a time: taking the next one says that the one before is handled.
        super().__init__(bell, core, batch=1)
        self.name = name
        """The channel's name."""

    async def messages(self) -> AsyncIterator[LogMessage]:
        """Iterates over messages alone, and passes over everything else: gaps too."""
        async for event in self:
            if isinstance(event, LogMessage):
                yield event

    def ack(self, offset: int) -> None:
        """Says that everything up to an offset is handled, in the life of the log that came last."""
        if self._core is not None:
            self._core.ack(offset)

    @property
    def handled(self) -> tuple[int, int] | None:
        """How far the channel is handled, as epoch and offset; `None` before anything is."""
        return None if self._core is None else self._core.handled()

    def retained(self, key: str) -> Message | None:
        """Returns the last value of a kind, if the server has sent one."""
        found = None if self._core is None else self._core.retained(key)
        return found

    def _convert(self, item: Any) -> ChannelEvent:
        kind, fields = item
        return _KINDS[kind](*fields)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a channel's history."""

    epoch: int
    """The life of the log."""
    first: int
    """The first offset that the log still has."""
    head: int
    """The last offset in it; 0 when it is empty."""
    messages: list[LogMessage]
    """The messages, in order."""
    next: int | None
    """Where the next page begins: give it as `after`; `None` if this is the last one."""


def to_page(parts: tuple[int, int, int, list[tuple[Any, ...]], int | None]) -> HistoryPage:
    """Makes a page of what the Rust side gives."""
    epoch, first, head, messages, after = parts
    return HistoryPage(epoch, first, head, [LogMessage(*message) for message in messages], after)
