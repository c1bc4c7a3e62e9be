"""Many streams over several connections."""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Unpack, cast

from . import _loop
from ._kinds import Message
from .client import Client, Options
from .credentials import Source
from .errors import ClientClosed
from .info import ConnectionInfo
from .settings import Dialect, Profile, Settings
from .streams import BATCH_MAX


class Pool:
    """Streams spread over several connections, each within the peer's limit, as one stream of messages.

    A connection that is lost comes back by itself and holds up no other. One is opened when those that
    are open are full, and closed when its last channel is given up.
    """

    def __init__(
        self,
        url: str | Sequence[str] | None = None,
        *,
        channels_per_connection: int = 200,
        connections_max: int = 64,
        messages_max: int = 16_384,
        profile: Profile | None = None,
        dialect: Dialect | None = None,
        credentials: Source | None = None,
        name: str = "default",
        environment: Mapping[str, str] | None = None,
        config: str | os.PathLike[str] | None = None,
        receive_bytes_max: int | None = None,
        known_hosts: Sequence[str] = (),
        seed: int | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        """Checks every setting; no connection is opened before the first channel.

        Args:
            channels_per_connection: How many channels one connection takes.
            connections_max: How many connections there can be.
            messages_max: How many messages wait before the oldest are dropped, over all channels.

        The others are those of `everlink.connect`.

        Raises:
            SettingsError: Everything that is wrong, each with setting, value and what is accepted.
        """
        options = Options(
            url=url,
            profile=profile,
            dialect=dialect,
            name=name,
            environment=environment,
            config=config,
            limits=(receive_bytes_max, None, None),
            ignore_messages=True,
            known_hosts=known_hosts,
            seed=seed,
            settings=cast(Mapping[str, Any], settings),
        )
        builder, self._bell, source = options.builder(credentials)
        self._core = builder.pool(channels_per_connection, connections_max, messages_max)
        self._buffer: deque[tuple[str, Message]] = deque()
        if source is not None:
            weakref.finalize(self, self._bell.answerers.pop, source, None).atexit = False

    def subscribe(self, channel: str) -> None:
        """Takes a channel, on the fullest connection that has room, or on a new one.

        Raises:
            SubscribeError: There is no room, or the channel is refused; nothing is changed.
        """
        _loop.check(self._bell)
        self._core.subscribe(channel)

    def unsubscribe(self, channel: str) -> None:
        """Gives a channel up; a connection without channels is closed."""
        _loop.check(self._bell)
        self._core.unsubscribe(channel)

    async def recv(self) -> tuple[str, Message]:
        """Returns the next message of any channel, with the channel's name. Cancelling loses none.

        Raises:
            ClientClosed: The pool was closed, and nothing is left.
        """
        if not self._buffer and not await self._fill():
            raise ClientClosed("closed: nothing more comes")
        return self._buffer.popleft()

    async def recv_many(self, limit: int = BATCH_MAX) -> list[tuple[str, Message]]:
        """Waits for a message, and returns it and those that wait behind it; none once closed."""
        if not self._buffer and not await self._fill():
            return []
        return [self._buffer.popleft() for _ in range(min(limit, len(self._buffer)))]

    async def __aiter__(self) -> AsyncIterator[tuple[str, Message]]:
        """Iterates over the messages of all channels, across reconnects, until closed."""
        while self._buffer or await self._fill():
            yield self._buffer.popleft()

    @property
    def clients(self) -> list[Client]:
        """A handle of each connection, to look at its events and its info."""
        return [Client(core, self._bell, None) for core in self._core.clients()]

    @property
    def infos(self) -> list[ConnectionInfo]:
        """What each connection is and has been."""
        return [client.info() for client in self.clients]

    @property
    def missed(self) -> int:
        """How many messages were dropped because nobody took them."""
        return self._core.missed()

    async def close(self) -> None:
        """Gives up every channel and closes every connection in an orderly way."""
        _loop.check(self._bell)
        await self._bell.run(self._core.close())

    async def __aenter__(self) -> Pool:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _fill(self) -> bool:
        _loop.check(self._bell)
        while (taken := self._core.take(BATCH_MAX)) is None:
            await self._bell.wait(self._core.token)
            if self._buffer:
                return True
        self._buffer.extend(taken)
        return bool(taken)
