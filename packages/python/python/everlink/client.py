"""A WebSocket connection that comes back."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import os
import warnings
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, TypeVar, Unpack, cast, overload

from . import _everlink, _loop, _logging
from ._kinds import Guarantee, JsonInput, Message, Policy, State
from .credentials import Source, answerer
from .delivery import Ack, Ticket
from .errors import ClientClosed, ConnectError, WrongLoop
from .events import EVENTS, Event
from .info import ConnectionInfo, to_failure
from .settings import Dialect, Profile, Settings
from .streams import BATCH_MAX, ChannelFlow, Events, HistoryPage, Subscription, to_page

E = TypeVar("E", bound=Event)
_sources = itertools.count(1)


def connect(
    url: str | Sequence[str] | None = None,
    *,
    profile: Profile | None = None,
    dialect: Dialect | None = None,
    credentials: Source | None = None,
    name: str = "default",
    environment: Mapping[str, str] | None = None,
    config: str | os.PathLike[str] | None = None,
    receive_bytes_max: int | None = None,
    inbox_messages_max: int | None = None,
    subscription_messages_max: int | None = None,
    ignore_messages: bool = False,
    known_hosts: Sequence[str] = (),
    seed: int | None = None,
    **settings: Unpack[Settings],
) -> Client:
    """Describes a client, checks every setting, and returns it; nothing is opened yet.

    Use it as `async with everlink.connect(url) as client`, or call `Client.connect` and `Client.close`.
    Must be called where an event loop runs: the client belongs to that loop.

    Args:
        url: One URL, or several that are tried in turn.
        profile: Whose defaults hold; `standard` unless something else says so.
        dialect: What the peer speaks; the profile's unless given.
        credentials: Asked before each attempt, a sync or async function; a text is a bearer token.
        name: The client's name in logs and metrics.
        environment: Variables to read settings from, mostly `os.environ`; none are read unless given.
        config: A file in TOML or JSON to read settings from.
        receive_bytes_max: Largest message taken from the peer (default 16 MiB).
        inbox_messages_max: How many messages wait in Rust before reading stops (default 1,024).
        subscription_messages_max: How many wait for each subscription before the oldest are dropped
            (default 1,024).
        ignore_messages: Drops messages that belong to no channel, for one who takes none.
        known_hosts: Hosts to which a server may send this client.
        seed: The seed of jitter, for tests that must repeat.
        settings: Every other setting, in seconds where it is time; see `everlink.settings`.

    Raises:
        SettingsError: Everything that is wrong, each with setting, value and what is accepted.
        WrongLoop: No event loop runs here.
    """
    options = Options(
        url=url,
        profile=profile,
        dialect=dialect,
        name=name,
        environment=environment,
        config=config,
        limits=(receive_bytes_max, inbox_messages_max, subscription_messages_max),
        ignore_messages=ignore_messages,
        known_hosts=known_hosts,
        seed=seed,
        settings=cast(Mapping[str, Any], settings),
    )
    return Client(*options.build(credentials))


class Client:
    """A WebSocket connection that comes back; made by `connect`.

    It keeps what is sent while it is down, subscribes again, notices silence, and says honestly what it
    cannot promise. Every method is safe to cancel, and belongs to the event loop it was made on.
    """

    def __init__(self, core: _everlink.Client, bell: _loop.LoopBell, source: int | None) -> None:
        """Use `connect`."""
        self._core = core
        self._bell = bell
        self._buffer: deque[Message] = deque()
        self._handlers: _Handlers | None = None
        self._is_open = False
        if source is not None:
            weakref.finalize(self, bell.answerers.pop, source, None).atexit = False

    async def connect(self) -> None:
        """Connects, and waits until the connection stands; cancelling stops the waiting alone.

        Raises:
            ConnectError: It was given up, with the reason; under the default profile only what trying
                again cannot help.
            ClientClosed: It was closed meanwhile.
        """
        self._check()
        _logging.refresh()
        self._is_open = True
        await self._bell.run(self._core.connect())

    def start(self) -> None:
        """Asks for a connection and returns at once."""
        self._check()
        self._is_open = True
        self._core.start()

    def reconnect(self) -> None:
        """Makes a new connection at once, from any state; attempts count anew."""
        self._check()
        self._is_open = True
        self._core.reconnect()

    async def close(self) -> None:
        """Writes what is queued, closes in an orderly way, and waits until the sockets are gone.

        Bounded by the setting `close_timeout`. Closing again does nothing; `connect` may follow.
        """
        self._check()
        self._is_open = False
        await self._bell.run(self._core.close())

    async def wait_until(self, state: State) -> None:
        """Waits until the connection is in this state; `events` misses none that is shorter."""
        self._check()
        await self._bell.run(self._core.wait_until(state))

    async def recv(self) -> Message:
        """Returns the next message that belongs to no channel. Cancelling loses none.

        Raises:
            ConnectError: The connection was given up, and nothing is left.
            ClientClosed: The client was closed, and nothing is left.
        """
        if not self._buffer and not await self._fill():
            raise ClientClosed("closed: nothing more comes; accepted: `connect` first")
        return self._buffer.popleft()

    async def recv_many(self, limit: int = BATCH_MAX) -> list[Message]:
        """Waits for a message, and returns it and those that wait behind it; none once closed.

        The way for high rates: one crossing from Rust for many messages.

        Raises:
            ConnectError: The connection was given up, and nothing is left.
        """
        buffer = self._buffer
        if not buffer:
            self._check()
            core = self._core
            while (taken := core.take(limit)) is None:
                await self._bell.wait(core.token)
                if buffer:
                    break
            else:
                return taken if taken else self._ended()
        return [buffer.popleft() for _ in range(min(limit, len(buffer)))]

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Iterates over the messages that belong to no channel, across reconnects, until closed.

        `break` and cancelling lose no message. Raises `ConnectError` when the connection is given up.
        """
        buffer = self._buffer
        pop = buffer.popleft
        while True:
            while buffer:
                yield pop()
            if not await self._fill():
                return

    async def send(
        self, message: Message, *, policy: Policy = "configured", coalesce: int | None = None
    ) -> Ticket:
        """Sends a message. Taken means queued; await the ticket to know what became of it.

        While the connection is down, messages wait in the outbox. If that is full, this waits for room
        unless `policy` says otherwise. With `coalesce`, it takes the place of a waiting one with the
        same key. A cancelled send has not taken the message.

        Raises:
            QueueFull: The outbox is full, and the policy does not wait.
            ClientClosed: The client is closed.
            SendError: It cannot be said in the dialect.
        """
        self._check()
        done = self._core.send(message, policy, coalesce)
        if isinstance(done, _everlink.Operation):
            done = await self._bell.run(done)
        return Ticket(self._bell, done)

    def try_send(self, message: Message) -> Ticket:
        """Sends a message now or not at all: where `send` would wait, this raises `QueueFull`."""
        self._check()
        return Ticket(self._bell, self._core.try_send(message))

    def subscribe(self, channel: str) -> Subscription:
        """Subscribes a channel until the subscription is given up, across every reconnect.

        Raises:
            SubscribeError: The dialect knows none, there are too many, or the name cannot be used.
        """
        self._check()
        return Subscription(self._bell, self._core.subscribe(channel), channel)

    def unsubscribe(self, channel: str) -> None:
        """Gives a channel up, and ends all its subscriptions."""
        self._check()
        self._core.unsubscribe(channel)

    def channel(
        self,
        name: str,
        *,
        start: Literal["stored", "now", "beginning"] | tuple[int, int] = "stored",
        manual_ack: bool = False,
    ) -> ChannelFlow:
        """Reads a channel's log (`everlink.v1`), with offsets, and gaps told in order.

        Args:
            name: The channel.
            start: Where reading begins; a tuple is the epoch and offset behind which.
            manual_ack: Whether messages count as handled only by `ChannelFlow.ack`.

        Raises:
            SubscribeError: The dialect has no logs, or the client reads the channel already.
        """
        self._check()
        return ChannelFlow(self._bell, self._core.channel(name, start, manual_ack), name)

    async def publish(
        self, channel: str, payload: JsonInput | bytes, *, policy: Policy = "configured"
    ) -> Ack:
        """Publishes to a channel's log (`everlink.v1`): it will be stored once, in the order of calls.

        Raises:
            QueueFull: The outbox is full, and the policy does not wait.
            ClientClosed: The client is closed.
            SendError: It cannot be said.
        """
        self._check()
        done = self._core.publish(channel, _payload(payload), policy)
        if isinstance(done, _everlink.Operation):
            done = await self._bell.run(done)
        return Ack(self._bell, done)

    def volatile(self, channel: str, key: str, payload: JsonInput | bytes) -> Ticket:
        """Sends a value beside a channel's log, such as typing: now or not at all, never repeated."""
        self._check()
        return Ticket(self._bell, self._core.volatile(channel, key, _payload(payload)))

    async def history(self, channel: str, after: int = 0, limit: int = 100) -> HistoryPage:
        """Asks for a page of a channel's history: at most `limit` messages behind `after`.

        Raises:
            HistoryError: There is none; a question does not survive its connection.
        """
        self._check()
        return to_page(await self._bell.run(self._core.history(channel, after, limit)))

    def events(self) -> Events:
        """Returns the events from now on, as an async iterator."""
        self._check()
        return Events(self._bell, self._core.events())

    @overload
    def on(self, event: type[E], callback: Callable[[E], Awaitable[None] | None]) -> Callable[[], None]: ...
    @overload
    def on(self, event: str, callback: Callable[[Any], Awaitable[None] | None]) -> Callable[[], None]: ...
    def on(
        self, event: type[Event] | str, callback: Callable[[Any], Awaitable[None] | None]
    ) -> Callable[[], None]:
        """Calls a function, sync or async, for each event of a kind; `Event` stands for all.

        One that raises is logged, and harms no other. Returns the function that takes it off again.
        """
        self._check()
        kind = event if isinstance(event, type) else _kind(event)
        if self._handlers is None:
            self._handlers = _Handlers(self.events())
        return self._handlers.add(kind, callback)

    @property
    def state(self) -> State:
        """The state of the connection."""
        return cast(State, self._core.state())

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands."""
        return self._core.state() == "connected"

    @property
    def dialect(self) -> str:
        """The name of the dialect."""
        return self._core.dialect

    @property
    def guarantee(self) -> Guarantee:
        """What may be promised about delivery."""
        return cast(Guarantee, self._core.guarantee)

    def info(self) -> ConnectionInfo:
        """Returns what the connection is and has been."""
        parts = self._core.info()
        parts["last_error"] = to_failure(parts["last_error"])
        return ConnectionInfo(**parts)

    def network_changed(self) -> None:
        """Says that the network is another one now: what stands is probed, and a delay ends."""
        self._core.network_changed()

    def online(self) -> None:
        """Says that the platform has a network."""
        self._core.online()

    def offline(self) -> None:
        """Says that the platform has none; a working connection is only probed."""
        self._core.offline()

    async def __aenter__(self) -> Client:
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<everlink.Client {self._core.state()}>"

    def __del__(self) -> None:
        if getattr(self, "_is_open", False):
            warnings.warn(f"not closed: {self!r}", ResourceWarning, source=self, stacklevel=2)

    def _check(self) -> None:
        _loop.check(self._bell)

    async def _fill(self) -> bool:
        """Waits until the buffer holds something; false once nothing more can come."""
        self._check()
        core = self._core
        while (taken := core.take(BATCH_MAX)) is None:
            await self._bell.wait(core.token)
            if self._buffer:
                return True
        if not taken:
            self._ended()
            return False
        self._buffer.extend(taken)
        return True

    def _ended(self) -> list[Message]:
        """Nothing more comes: because it was closed, or given up, which must be heard."""
        if self._core.state() == "error" and (why := self._core.last_error()) is not None:
            text, reason, cause, code = why
            raise ConnectError(f"gave up: {text}", reason, cause, code)
        return []


class Options:
    """What `connect` and `Pool` describe clients by."""

    def __init__(
        self,
        *,
        url: str | Sequence[str] | None,
        profile: str | None,
        dialect: str | None,
        name: str,
        environment: Mapping[str, str] | None,
        config: str | os.PathLike[str] | None,
        limits: tuple[int | None, int | None, int | None],
        ignore_messages: bool,
        known_hosts: Sequence[str],
        seed: int | None,
        settings: Mapping[str, Any],
    ) -> None:
        given = {"profile": profile, "dialect": dialect}
        self.settings: list[tuple[str, Any]] = [(k, v) for k, v in given.items() if v is not None]
        if isinstance(url, str):
            self.settings.append(("url", url))
        elif url is not None:
            self.settings.append(("urls", list(url)))
        self.settings.extend(settings.items())
        self.environment = None if environment is None else dict(environment)
        self.files = [] if config is None else [os.fspath(config)]
        self.name = name
        self.limits = limits
        self.ignore_messages = ignore_messages
        self.known_hosts = list(known_hosts)
        self.seed = seed

    def builder(self, credentials: Source | None) -> tuple[_everlink.Builder, _loop.LoopBell, int | None]:
        """Checks everything; the number is that of the source of credentials."""
        try:
            bell = _loop.current()
        except RuntimeError as error:
            raise WrongLoop("no event loop runs here; accepted: a call from a coroutine") from error
        source = None if credentials is None else next(_sources)
        builder = _everlink.Builder(
            self.settings,
            self.environment,
            self.files,
            self.name,
            self.limits,
            self.ignore_messages,
            self.known_hosts,
            self.seed,
            source,
            bell.core,
        )
        if credentials is not None and source is not None:
            bell.answerers[source] = answerer(credentials)
        return builder, bell, source

    def build(self, credentials: Source | None) -> tuple[_everlink.Client, _loop.LoopBell, int | None]:
        """Builds one client."""
        builder, bell, source = self.builder(credentials)
        return builder.client(), bell, source


class _Handlers:
    """Functions that are called for events, by one task that ends with the client."""

    def __init__(self, events: Events) -> None:
        self._handlers: list[tuple[type[Event], Callable[[Any], Awaitable[None] | None]]] = []
        self._task = asyncio.ensure_future(self._run(events))

    def add(
        self, kind: type[Event], callback: Callable[[Any], Awaitable[None] | None]
    ) -> Callable[[], None]:
        entry = (kind, callback)
        self._handlers.append(entry)

        def off() -> None:
            if entry in self._handlers:
                self._handlers.remove(entry)

        return off

    async def _run(self, events: Events) -> None:
        async for event in events:
            for kind, callback in tuple(self._handlers):
                if isinstance(event, kind):
                    await self._call(callback, event)

    @staticmethod
    async def _call(callback: Callable[[Any], Awaitable[None] | None], event: Event) -> None:
        try:
            result = callback(event)
            if inspect.isawaitable(result):
                await result
        except Exception:
            _logging.logger.exception("a handler of %s failed", event.name)


def _kind(name: str) -> type[Event]:
    kind = EVENTS.get(name)
    if kind is None:
        raise ValueError(f"no event is named {name!r}; accepted: {', '.join(sorted(EVENTS))}")
    return kind


def _payload(payload: JsonInput | bytes) -> Message:
    """A payload is JSON, or bytes as they are."""
    return payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False)
