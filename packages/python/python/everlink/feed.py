"""Market data: a manager that keeps the streams of one symbol alive, and tells an event hub.

    async with create_websocket_manager(config, hub, symbol="btcusdt") as manager:
        await asyncio.sleep(60)

Streams are subscribed again after each loss, within the exchange's rate; a planned renewal opens and
subscribes the new connection before it leaves the old one. For many symbols at once see `everlink.Pool`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import os
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol, TypeAlias

from . import events
from .client import Client, connect
from .errors import ConnectError, SettingsError
from .info import ConnectionInfo
from .settings import Settings

log = logging.getLogger("everlink.feed")

DEFAULT_URL = "wss://stream.binance.com:9443/stream"
"""Where combined streams are, unless the configuration names another place in `websocket_url`."""


class ConfigManager(Protocol):
    """What settings are read from; a `dict` is one."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Returns the value of a key."""


class EventHub(Protocol):
    """Whoever is told what happens; `publish` may be a coroutine function."""

    def publish(self, event: str, data: dict[str, Any], /) -> Awaitable[None] | None:
        """Takes an event: `market_data`, `connection_state`, `reconnecting` and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectionConfig:
    """How a feed comes back: by default after 1, 2, 4, 8, 16, 32 and then 60 s, each ±25 %."""

    enabled: bool = True
    """Whether a lost connection is dialed again at all."""
    max_retries: int | None = 10
    """Attempts in a row before giving up; `None` is without end. Range: 1 to 1,000,000."""
    initial_delay: float = 1.0
    """Seconds before the first attempt. Range: 0 to 900."""
    max_delay: float = 60.0
    """Longest delay in seconds, before jitter. Range: `initial_delay` to 900."""
    backoff_multiplier: float = 2.0
    """Factor from one delay to the next. Range: 1 to 10."""
    jitter_factor: float = 0.25
    """How far a delay goes either way, as a share of it. Range: 0 to 1."""

    @classmethod
    def from_config(cls, config: ConfigManager) -> ReconnectionConfig:
        """Reads the keys `websocket_max_retries` and so on; what is not there has its default."""
        given = {name: config.get(f"websocket_{name}") for name in _KEYS}
        given["enabled"] = config.get("websocket_reconnection_enabled")
        return cls(**{name: value for name, value in given.items() if value is not None})

    def settings(self) -> Settings:
        """Returns the settings of a client that mean the same."""
        return {
            "reconnect": self.enabled,
            "attempts_max": self.max_retries,
            "backoff_min": self.initial_delay,
            "backoff_max": self.max_delay,
            "backoff_multiplier": self.backoff_multiplier,
            "jitter_factor": self.jitter_factor,
        }


_KEYS = {
    "max_retries": "attempts_max",
    "initial_delay": "backoff_min",
    "max_delay": "backoff_max",
    "backoff_multiplier": "backoff_multiplier",
    "jitter_factor": "jitter_factor",
}
"""The names of `ReconnectionConfig`, and what the client calls them."""

_Key: TypeAlias = Literal[
    "reconnect", "attempts_max", "backoff_min", "backoff_max", "backoff_multiplier", "jitter_factor"
]

_VARIABLES: Mapping[str, _Key] = {
    "WEBSOCKET_RECONNECTION_ENABLED": "reconnect",
    "WEBSOCKET_MAX_RETRIES": "attempts_max",
    "WEBSOCKET_INITIAL_DELAY": "backoff_min",
    "WEBSOCKET_MAX_DELAY": "backoff_max",
    "WEBSOCKET_BACKOFF_MULTIPLIER": "backoff_multiplier",
    "WEBSOCKET_JITTER_FACTOR": "jitter_factor",
}
"""The variables, and what the client calls them, which reads them."""


class WebSocketManager:
    """Keeps the streams of a symbol alive; use it as `async with`."""

    def __init__(
        self,
        config_manager: ConfigManager,
        event_hub: EventHub,
        symbol: str,
        reconnection_config: ReconnectionConfig | None = None,
        *,
        streams: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Describes a feed; nothing is opened yet.

        Args:
            config_manager: Where `websocket_url` and the keys of `ReconnectionConfig` are looked up.
            event_hub: Told of messages (`market_data`), states and attempts.
            symbol: The symbol, as `btcusdt`.
            reconnection_config: Goes before the configuration and the environment.
            streams: Which streams; `<symbol>@trade` unless given.
            environment: Where `WEBSOCKET_MAX_RETRIES` and so on are looked up; `os.environ` unless given.
        """
        self.symbol = symbol.lower()
        self.streams = tuple(streams) if streams is not None else (f"{self.symbol}@trade",)
        self._url = str(config_manager.get("websocket_url") or DEFAULT_URL)
        self._environment = os.environ if environment is None else environment
        self._reconnection = reconnection_config
        self._config = config_manager
        self._hub = event_hub
        self._client: Client | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def state(self) -> str:
        """`CLOSED`, `CONNECTING`, `CONNECTED`, `DISCONNECTED`, `RECONNECTING` or `ERROR`."""
        return "CLOSED" if self._client is None else self._client.state.upper()

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands."""
        return self._client is not None and self._client.is_connected

    def info(self) -> ConnectionInfo | None:
        """Returns what the connection is and has been; `None` before `start`."""
        return None if self._client is None else self._client.info()

    async def start(self) -> None:
        """Connects and subscribes; returns once the connection stands.

        Raises:
            SettingsError: A setting cannot be used; the error names it.
            ConnectError: All attempts are spent.
        """
        if self._client is not None:
            return
        client = self._client = self._connect()
        self._tasks = [asyncio.create_task(self._watch(client))]
        self._tasks += [asyncio.create_task(self._read(client, name)) for name in self.streams]
        # Whoever watches and reads begins before the first event.
        await asyncio.sleep(0)
        try:
            await client.connect()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Closes on purpose: nothing reconnects after it. Stopping again does nothing."""
        client, self._client = self._client, None
        if client is None:
            return
        await client.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._tell("connection_state", state="CLOSED")

    def reconnect(self) -> None:
        """Makes a new connection at once, from any state; attempts count anew."""
        if self._client is not None:
            self._client.reconnect()

    async def __aenter__(self) -> WebSocketManager:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _connect(self) -> Client:
        """Explicit goes before environment, that before configuration, that before the defaults."""
        environment = {name: text for name, text in self._environment.items() if name in _VARIABLES}
        chosen = self._reconnection or ReconnectionConfig.from_config(self._config)
        given = chosen.settings()
        if self._reconnection is None:
            for variable in environment:
                given.pop(_VARIABLES[variable])
        try:
            return connect(
                self._url,
                profile="market_feed",
                environment=environment,
                name=self.symbol,
                ignore_messages=True,
                **given,
            )
        except SettingsError as error:
            raise _renamed(error) from None

    async def _read(self, client: Client, stream: str) -> None:
        with contextlib.suppress(ConnectError):
            async for message in client.subscribe(stream):
                try:
                    data = json.loads(message)
                except ValueError:
                    log.warning("%s: a message that is no JSON was left out", stream)
                    continue
                await self._tell("market_data", stream=stream, data=data)

    async def _watch(self, client: Client) -> None:
        async for event in client.events():
            match event:
                case events.StateChanged(new=new):
                    await self._tell("connection_state", state=new.upper())
                case events.Disconnected(error=error):
                    log.warning("connection lost: %s", error)
                case events.Reconnecting(attempt=attempt, delay=delay):
                    log.info("attempt %d in %.1f s", attempt, delay)
                    await self._tell("reconnecting", attempt=attempt, delay=delay)
                case events.Reconnected(attempts=attempts, downtime=downtime):
                    log.info("restored after %d attempts", attempts)
                    await self._tell("reconnected", attempts=attempts, downtime=downtime)
                case events.ReconnectFailed(attempts=attempts, error=error):
                    log.error("given up after %d attempts: %s", attempts, error)
                    await self._tell("reconnect_failed", attempts=attempts, error=str(error))
                case events.SubscriptionRejected(channel=channel, code=code):
                    log.error("stream %s was refused with code %d", channel, code)
                    await self._tell("subscription_rejected", stream=channel, code=code)
                case events.Moved():
                    await self._tell("renewed")
                case _:
                    pass

    async def _tell(self, event: str, **data: Any) -> None:
        """A hub that raises is logged, and harms no connection."""
        try:
            told = self._hub.publish(event, {"symbol": self.symbol, **data})
            if inspect.isawaitable(told):
                await told
        except Exception:
            log.exception("the event hub raised at %s", event)


def create_websocket_manager(
    config_manager: ConfigManager,
    event_hub: EventHub,
    symbol: str = "btcusdt",
    reconnection_config: ReconnectionConfig | None = None,
    *,
    streams: Sequence[str] | None = None,
) -> WebSocketManager:
    """Returns a manager for `async with`; see `WebSocketManager`."""
    return WebSocketManager(
        config_manager, event_hub, symbol, reconnection_config, streams=streams
    )


def _renamed(error: SettingsError) -> SettingsError:
    """Names what `ReconnectionConfig` calls otherwise than the client does."""
    names = {ours: theirs for theirs, ours in _KEYS.items()} | {"reconnect": "enabled"}
    text = str(error)
    problems: list[tuple[str, str | None, str | None, str | None]] = []
    for problem in error.problems:
        setting = names.get(problem.setting or "", problem.setting)
        sentence = problem.text.replace(f"`{problem.setting}`", f"`{setting}`")
        text = text.replace(problem.text, sentence)
        problems.append((sentence, setting, problem.value, problem.accepted))
    return SettingsError(text, problems)
