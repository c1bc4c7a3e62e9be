"""A bot on a text chat of the form `MSG {json}`, that stays there.

    client = ChatClient(url, response_filters=[lambda message: message.data.startswith("!")])
    bot = ChatBot(client)

    @bot.on_message
    async def answer(message: ChatMessage) -> str:
        return f"hello {message.nick}"

    await bot.run()

Two levels keep it there: the connection reconnects by itself, and above it the second level looks each
`check_interval` whether the first gave up, or is stale, and forces a reconnect. Both are in the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import TracebackType
from typing import Any, Literal, TypeAlias, cast

from . import events
from ._kinds import Json
from .client import connect
from .credentials import Source
from .delivery import Ticket
from .errors import ClientClosed, SettingsError
from .info import ConnectionInfo

log = logging.getLogger("everlink.bot")


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """Something that was said."""

    nick: str
    """Who; empty where the server does not say."""
    data: str
    """What."""
    features: tuple[str, ...] = ()
    """What he is there, such as `moderator`."""
    timestamp: float | None = None
    """When, in milliseconds since 1970, as the server says it."""
    raw: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Everything that the server said."""


Filter: TypeAlias = Callable[[ChatMessage], bool]
"""Says whether a message is to be answered."""

Handler: TypeAlias = Callable[..., object]
"""A function, sync or async."""

OnLost: TypeAlias = Callable[[], object]
OnAttempt: TypeAlias = Callable[[int, float], object]
OnCount: TypeAlias = Callable[[int], object]
OnCause: TypeAlias = Callable[[str], object]
Responder: TypeAlias = Callable[[ChatMessage], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class BotConfig:
    """How a bot comes back. Times are seconds."""

    auto_reconnect: bool = True
    """Whether a lost connection is dialed again at all."""
    reconnect_attempts: int = 5
    """Attempts of the first level in a row. Range: 1 to 1,000,000."""
    reconnect_delay: float = 2.0
    """Delay before the first of them. Range: 0 to 900."""
    reconnect_backoff: bool = True
    """Whether delays double."""
    connection_check_interval: float = 10.0
    """How often the second level looks. Range: 0 to 3,600."""
    max_reconnect_attempts: int = 10
    """How often the second level forces a reconnect. Range: 0 to 1,000,000."""
    log_level: str = "INFO"
    """For `logging`, as `DEBUG`."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> BotConfig:
        """Reads `WSGGPY_AUTO_RECONNECT` and so on; what is not set has its default.

        Raises:
            SettingsError: Every value that cannot be read, with its variable and what is accepted.
        """
        environment = os.environ if environment is None else environment
        given: dict[str, Any] = {}
        problems: list[tuple[str, str | None, str | None, str | None]] = []
        for name, variable, read, accepted in _VARIABLES:
            text = environment.get(variable)
            if text is None:
                continue
            try:
                given[name] = read(text.strip())
            except (ValueError, KeyError):
                sentence = f"{variable} is {text!r}; accepted: {accepted}"
                problems.append((sentence, variable, text, accepted))
        if problems:
            raise SettingsError("; ".join(problem[0] for problem in problems), problems)
        return cls(**given)

    def set_up_logging(self) -> None:
        """Shows what the bot logs, from this level on."""
        logging.basicConfig(format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
        logging.getLogger("everlink").setLevel(self.log_level)


def _truth(text: str) -> bool:
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]


def _number(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def _level(text: str) -> str:
    return {name: name for name in _LEVELS}[text.upper()]


_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_VARIABLES: Sequence[tuple[str, str, Callable[[str], Any], str]] = (
    ("auto_reconnect", "WSGGPY_AUTO_RECONNECT", _truth, "true or false"),
    ("reconnect_attempts", "WSGGPY_RECONNECT_ATTEMPTS", _number, "a whole number from 1"),
    ("reconnect_delay", "WSGGPY_RECONNECT_DELAY", _seconds, "seconds from 0"),
    ("reconnect_backoff", "WSGGPY_RECONNECT_BACKOFF", _truth, "true or false"),
    ("connection_check_interval", "CONNECTION_CHECK_INTERVAL", _seconds, "seconds from 0"),
    ("max_reconnect_attempts", "MAX_RECONNECT_ATTEMPTS", _number, "a whole number from 0"),
    ("log_level", "LOG_LEVEL", _level, ", ".join(_LEVELS)),
)


class ChatClient:
    """A connection to a text chat: the first level of a bot, with the second in the same engine."""

    def __init__(
        self,
        url: str,
        response_filters: Sequence[Filter] = (),
        *,
        auto_reconnect: bool = True,
        reconnect_attempts: int = 5,
        reconnect_delay: float = 2.0,
        reconnect_backoff: bool = True,
        connection_check_interval: float = 10.0,
        max_reconnect_attempts: int = 10,
        stale_after: float = 300.0,
        credentials: Source | None = None,
    ) -> None:
        """Describes a client, checks every setting, and opens nothing yet.

        Args:
            url: Where the chat is.
            response_filters: A message is answered only where all of them say so.
            auto_reconnect: Whether a lost connection is dialed again at all.
            reconnect_attempts: Attempts of the first level in a row.
            reconnect_delay: Seconds before the first of them.
            reconnect_backoff: Whether delays double.
            connection_check_interval: Seconds from one look of the second level to the next.
            max_reconnect_attempts: How often the second level forces a reconnect.
            stale_after: Seconds without any message after which it does so.
            credentials: Asked before each attempt; a text is a bearer token.

        Raises:
            SettingsError: What cannot be used, and what is accepted.
        """
        self.response_filters = tuple(response_filters)
        self._handlers: dict[str, list[Handler]] = {}
        self._stale_after = stale_after
        backoff: Literal["exponential", "fixed"] = "exponential" if reconnect_backoff else "fixed"
        self._client = connect(
            url,
            profile="chat_bot",
            credentials=credentials,
            reconnect=auto_reconnect,
            attempts_max=reconnect_attempts,
            backoff_min=reconnect_delay,
            backoff=backoff,
            check_interval=connection_check_interval,
            supervisor_attempts_max=max_reconnect_attempts,
            stale_after=stale_after,
        )
        self._client.on(events.Event, self._event)
        log.info(
            "configured reconnection: %d attempts, %.1f s first delay",
            reconnect_attempts,
            reconnect_delay,
        )

    @classmethod
    def from_config(
        cls, url: str, config: BotConfig, response_filters: Sequence[Filter] = ()
    ) -> ChatClient:
        """Makes a client as a configuration says."""
        given = {each.name: getattr(config, each.name) for each in fields(config)}
        del given["log_level"]
        return cls(url, response_filters, **given)

    async def connect(self) -> None:
        """Connects; raises `ConnectError` when both levels have given up."""
        await self._client.connect()

    async def close(self) -> None:
        """Closes on purpose: nothing reconnects after it."""
        await self._client.close()

    async def send(self, text: str) -> Ticket:
        """Says something; while the connection is down it waits in the bounded outbox."""
        return await self._client.send(json.dumps({"data": text}))

    async def recv(self) -> ChatMessage:
        """Returns the next message, across reconnects; other lines (`JOIN {…}`) are left out.

        Raises:
            ClientClosed: The client was closed.
            ConnectError: Both levels have given up.
        """
        while True:
            message = _read(await self._client.recv())
            if message is not None:
                return message

    async def force_reconnect(self) -> None:
        """Makes a new connection at once, from any state, and waits until it stands."""
        before = self._client.info().dials
        self._client.reconnect()
        while self._client.info().dials == before:
            await self._client.wait_until("connecting")
        await self._client.wait_until("connected")

    def is_connected(self) -> bool:
        """Whether the connection stands."""
        return self._client.is_connected

    def is_reconnecting(self) -> bool:
        """Whether a lost connection is on its way back."""
        return self._client.info().reconnecting

    def info(self) -> ConnectionInfo:
        """Returns everything about the connection."""
        return self._client.info()

    def get_connection_info(self) -> dict[str, Any]:
        """Returns `connected`, `reconnecting`, `connection_attempts`, `last_error`, and how good it is."""
        info = self._client.info()
        return {
            "connected": info.connected,
            "reconnecting": info.reconnecting,
            "connection_attempts": info.attempts,
            "last_error": None if info.last_error is None else str(info.last_error),
            "reconnects": info.reconnects,
            "quality": info.quality,
            "latency": info.latency,
            "success_rate": info.success_rate,
            "uptime": info.uptime,
            "downtime": info.downtime,
        }

    def on_disconnect(self, handler: OnLost) -> OnLost:
        """Calls `handler()` once an outage, when the connection is lost."""
        self._on("disconnect", handler)
        return handler

    def on_reconnecting(self, handler: OnAttempt) -> OnAttempt:
        """Calls `handler(attempt, delay)` before each attempt."""
        self._on("reconnecting", handler)
        return handler

    def on_reconnected(self, handler: OnCount) -> OnCount:
        """Calls `handler(attempts)` when the connection is back."""
        self._on("reconnected", handler)
        return handler

    def on_reconnect_failed(self, handler: OnCount) -> OnCount:
        """Calls `handler(attempts)` when all attempts of the first level are spent."""
        self._on("reconnect_failed", handler)
        return handler

    def on_forced(self, handler: OnCause) -> OnCause:
        """Calls `handler(cause)` when the second level forces a reconnect."""
        self._on("forced", handler)
        return handler

    async def __aenter__(self) -> ChatClient:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _on(self, name: str, handler: Handler) -> None:
        self._handlers.setdefault(name, []).append(handler)

    async def _event(self, event: events.Event) -> None:
        match event:
            case events.Disconnected(error=error):
                log.warning("chat connection lost: %s", error)
                await self._call("disconnect")
            case events.Reconnecting(attempt=attempt, delay=delay):
                log.info("reconnection attempt %d in progress (in %.1f s)", attempt, delay)
                await self._call("reconnecting", attempt, delay)
            case events.Reconnected(attempts=attempts):
                log.info("chat reconnection successful after %d attempts", attempts)
                await self._call("reconnected", attempts)
            case events.ReconnectFailed(attempts=attempts, error=error):
                log.error("all %d attempts failed: %s", attempts, error)
                await self._call("reconnect_failed", attempts)
            case events.Supervised(cause=cause):
                if cause == "stale":
                    log.warning("no chat activity for %.0f s, forcing reconnection", self._stale_after)
                else:
                    log.warning("reconnection is forced: %s", cause)
                await self._call("forced", cause)
            case _:
                pass

    async def _call(self, name: str, *arguments: object) -> None:
        for handler in self._handlers.get(name, ()):
            await _guarded(handler, *arguments)


@dataclass(slots=True)
class BotStats:
    """What a bot has done."""

    messages: int = 0
    """Messages that came."""
    filtered: int = 0
    """Messages that a filter held back."""
    responses: int = 0
    """Answers that were sent."""
    errors: int = 0
    """Responders that raised."""
    disconnects: int = 0
    """Losses of the connection."""
    reconnects: int = 0
    """Returns of it."""
    failed_reconnects: int = 0
    """How often all attempts of the first level were spent."""
    forced_reconnects: int = 0
    """How often the second level acted."""
    started: float = field(default_factory=time.monotonic)
    """When it began, on the clock of `time.monotonic`."""


class ChatBot:
    """Answers what passes the client's filters, and counts."""

    def __init__(self, client: ChatClient, *, nick: str | None = None, responses_per_minute: int = 30) -> None:
        """Makes a bot on a client.

        Args:
            client: Its connection.
            nick: Its own name: what it says itself is never answered.
            responses_per_minute: Most answers in a minute; further ones are left out. Range: from 1.
        """
        if responses_per_minute < 1:
            accepted = "a whole number from 1"
            text = f"responses_per_minute is {responses_per_minute}; accepted: {accepted}"
            problem = (text, "responses_per_minute", str(responses_per_minute), accepted)
            raise SettingsError(text, [problem])
        self.client = client
        self.stats = BotStats()
        self._nick = nick
        self._responders: list[Handler] = []
        self._per_minute = responses_per_minute
        self._answered: list[float] = []
        client.on_disconnect(lambda: self._count("disconnects"))
        client.on_reconnected(lambda attempts: self._count("reconnects"))
        client.on_reconnect_failed(lambda attempts: self._count("failed_reconnects"))
        client.on_forced(lambda cause: self._count("forced_reconnects"))

    def on_message(self, responder: Responder) -> Responder:
        """Calls `responder(message)` for each message that passes; a text that it returns is said."""
        self._responders.append(responder)
        return responder

    async def run(self) -> None:
        """Connects, and answers until the client is closed or the task is cancelled.

        Raises:
            ConnectError: Both levels have given up.
        """
        async with self.client:
            with contextlib.suppress(ClientClosed):
                while True:
                    await self._answer(await self.client.recv())

    async def _answer(self, message: ChatMessage) -> None:
        self.stats.messages += 1
        own = self._nick is not None and message.nick.lower() == self._nick.lower()
        if own or not all(passes(message) for passes in self.client.response_filters):
            self.stats.filtered += 1
            return
        for responder in self._responders:
            answer, failed = await _guarded(responder, message)
            self.stats.errors += failed
            if isinstance(answer, str) and self._may_answer():
                await self.client.send(answer)
                self.stats.responses += 1

    def _may_answer(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._answered = [at for at in self._answered if now - at < 60]
        if len(self._answered) >= self._per_minute:
            return False
        self._answered.append(now)
        return True

    def _count(self, name: str) -> None:
        setattr(self.stats, name, getattr(self.stats, name) + 1)


async def _guarded(handler: Handler, *arguments: object) -> tuple[object, bool]:
    """Calls a handler; one that raises is logged, and harms nothing else."""
    try:
        result = handler(*arguments)
        if inspect.isawaitable(result):
            result = await result
    except Exception:
        log.exception("a handler raised")
        return None, True
    return result, False


def _read(message: str | bytes) -> ChatMessage | None:
    """Reads the JSON of a `MSG` line; `None` for every other line."""
    if isinstance(message, bytes) or not message.startswith("{"):
        return None
    raw = cast(dict[str, Json], json.loads(message))
    features = raw.get("features")
    timestamp = raw.get("timestamp")
    return ChatMessage(
        nick=str(raw.get("nick", "")),
        data=str(raw.get("data", "")),
        features=tuple(map(str, features)) if isinstance(features, list) else (),
        timestamp=timestamp if isinstance(timestamp, (int, float)) else None,
        raw=raw,
    )
