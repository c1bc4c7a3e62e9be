"""The feed of market data, on an exchange that is cut, restarted and refuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Peer, running
from everlink import SettingsError
from everlink.feed import ReconnectionConfig, WebSocketManager, create_websocket_manager
from websockets.asyncio.server import ServerConnection


class Exchange(Peer):
    """Combined streams with numbered trades; a stream `no@trade` is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.trade = 0
        self.streams: list[str] = []
        self.requests: list[list[str]] = []

    async def _handle(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        self.streams = []
        with contextlib.suppress(Exception):
            async for message in connection:
                asked = json.loads(message)
                assert asked["method"] == "SUBSCRIBE"
                self.requests.append(asked["params"])
                if "no@trade" in asked["params"]:
                    error = {"code": 2, "msg": "Invalid request: unknown stream"}
                    await connection.send(json.dumps({"error": error, "id": asked["id"]}))
                    continue
                self.streams += asked["params"]
                await connection.send(json.dumps({"result": None, "id": asked["id"]}))

    async def trades(self, count: int) -> None:
        for _ in range(count):
            self.trade += 1
            for stream in self.streams:
                said = {"stream": stream, "data": {"e": "trade", "t": self.trade}}
                await self.connections[-1].send(json.dumps(said))


class Hub:
    """Keeps what it is told; `sync` says how it is spoken to."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    async def publish(self, event: str, data: dict[str, Any], /) -> None:
        self.told.append((event, data))
        if event == "reconnecting":
            raise ValueError("a hub's own fault")

    def of(self, event: str, key: str) -> list[Any]:
        return [data[key] for name, data in self.told if name == event]


def manager(exchange: Exchange, hub: Hub, **config: Any) -> WebSocketManager:
    given = {"websocket_url": exchange.url, "websocket_initial_delay": 0.02, **config}
    return WebSocketManager(given, hub, "BTCUSDT", streams=config.pop("streams", None), environment={})


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_req_f02_req_f03_req_f06_streams_come_back_after_cut_and_restart_and_the_hub_is_told(
    run: Callable[[Any], Any],
) -> None:
    async def main() -> None:
        async with running(Exchange()) as exchange:
            hub, streams = Hub(), ["btcusdt@trade", "btcusdt@depth"]
            config = {"websocket_url": exchange.url, "websocket_initial_delay": 0.02}
            async with create_websocket_manager(config, hub, "btcusdt", streams=streams) as feed:
                for round_ in range(3):
                    await until(lambda: sorted(exchange.streams) == sorted(streams))
                    await exchange.trades(5)
                    await until(lambda: len(hub.of("market_data", "data")) == 10 * (round_ + 1))
                    if round_ == 0:
                        exchange.cut()
                    if round_ == 1:
                        await exchange.stop()
                        await until(lambda: feed.state == "RECONNECTING")
                        await exchange.start()
                    exchange.streams = []
                assert feed.is_connected and feed.info() is not None
            assert feed.state == "CLOSED"
            numbers = [data["t"] for data in hub.of("market_data", "data")]
            assert sorted(numbers) == sorted([*range(1, 16)] * 2), "once on each stream"
            states = hub.of("connection_state", "state")
            assert states[0] == "CONNECTING" and "RECONNECTING" in states and states[-1] == "CLOSED"
            assert hub.of("reconnecting", "attempt"), "a hub that raises is told on"
            assert all(len(asked) == 2 for asked in exchange.requests), "in batches"

    run(main())


def test_req_f03_a_refused_stream_is_reported_once_and_not_asked_for_again(
    run: Callable[[Any], Any],
) -> None:
    async def main() -> None:
        async with running(Exchange()) as exchange:
            hub = Hub()
            config = {"websocket_url": exchange.url, "websocket_initial_delay": 0.02}
            feed = WebSocketManager(config, hub, "no", environment={})
            async with feed:
                await until(lambda: hub.of("subscription_rejected", "stream") == ["no@trade"])
                asked = len(exchange.requests)
                exchange.cut()
                await until(lambda: bool(hub.of("reconnected", "attempts")))
                assert len(exchange.requests) == asked

    run(main())


def test_req_f04_a_manual_stop_does_not_reconnect_and_spent_attempts_are_told(
    run: Callable[[Any], Any],
) -> None:
    async def main() -> None:
        async with running(Exchange()) as exchange:
            hub = Hub()
            feed = manager(exchange, hub, websocket_max_retries=2, websocket_max_delay=0.02)
            await feed.start()
            await feed.stop()
            await feed.stop()
            assert not hub.of("reconnecting", "attempt")
            await feed.start()
            await exchange.stop()
            await until(lambda: hub.of("reconnect_failed", "attempts") == [2])
            assert feed.state == "ERROR"
            await exchange.start()
            feed.reconnect()
            await until(lambda: feed.is_connected)
            await feed.stop()

    run(main())


def test_req_f01_req_f05_explicit_goes_before_environment_and_that_before_the_file(
    run: Callable[[Any], Any], tmp_path: Path
) -> None:
    default = ReconnectionConfig()
    assert (default.max_retries, default.initial_delay, default.max_delay) == (10, 1.0, 60.0)
    assert (default.backoff_multiplier, default.jitter_factor, default.enabled) == (2.0, 0.25, True)
    sample = Path(__file__).parents[3] / "examples/python/reconnection.json"
    read = ReconnectionConfig.from_config(json.loads(sample.read_text()))
    assert read == default, "the sample holds the defaults"

    async def main() -> None:
        hub, url = Hub(), "ws://127.0.0.1:1/stream"
        wrong = {"websocket_url": url, "websocket_jitter_factor": 7}
        with pytest.raises(SettingsError) as raised:
            await WebSocketManager(wrong, hub, "a", environment={}).start()
        assert (raised.value.setting, raised.value.value) == ("jitter_factor", "7")
        environment = {"WEBSOCKET_MAX_RETRIES": "many"}
        with pytest.raises(SettingsError) as raised:
            await WebSocketManager(wrong, hub, "a", environment=environment).start()
        assert "WEBSOCKET_MAX_RETRIES" in str(raised.value) and "many" in str(raised.value)
        once = ReconnectionConfig(max_retries=0)
        with pytest.raises(SettingsError) as raised:
            await WebSocketManager({}, hub, "a", once, environment={}).start()
        assert raised.value.setting == "max_retries"

    run(main())
