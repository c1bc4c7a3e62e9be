"""Market data in three ways: `python market_feed.py [basic|custom|scenarios] [URL] [SECONDS]`.

The URL is that of combined streams; the default is the exchange's public one.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from everlink.feed import (
    DEFAULT_URL,
    ReconnectionConfig,
    WebSocketManager,
    create_websocket_manager,
)


class Hub:
    """Counts messages, and prints everything else."""

    def __init__(self) -> None:
        self.messages = 0

    def publish(self, event: str, data: dict[str, Any]) -> None:
        if event == "market_data":
            self.messages += 1
        else:
            print(event, {key: value for key, value in data.items() if key != "symbol"})


async def basic(config: dict[str, Any], hub: Hub, seconds: float) -> None:
    """With the settings of a file, or of variables such as WEBSOCKET_MAX_RETRIES."""
    async with create_websocket_manager(config, hub):
        await asyncio.sleep(seconds)


async def custom(config: dict[str, Any], hub: Hub, seconds: float) -> None:
    """With settings of its own, and two streams."""
    reconnection = ReconnectionConfig(max_retries=5, initial_delay=0.5, max_delay=30.0)
    streams = ["ethusdt@trade", "ethusdt@depth"]
    manager = WebSocketManager(config, hub, "ethusdt", reconnection, streams=streams)
    async with manager:
        await asyncio.sleep(seconds)
        print(manager.info())


async def scenarios(config: dict[str, Any], hub: Hub, seconds: float) -> None:
    """What a forced reconnect and a stop look like."""
    manager = create_websocket_manager(config, hub)
    async with manager:
        await asyncio.sleep(seconds)
        print("forced:", manager.state)
        manager.reconnect()
        await asyncio.sleep(seconds)
        print("back:", manager.state)
    print("stopped:", manager.state)


async def main(way: str, url: str, seconds: float) -> None:
    sample = Path(__file__).with_name("reconnection.json")
    config = json.loads(sample.read_text()) | {"websocket_url": url}
    hub = Hub()
    await {"basic": basic, "custom": custom, "scenarios": scenarios}[way](config, hub, seconds)
    print(f"{hub.messages} messages")


if __name__ == "__main__":
    given = sys.argv[1:] + ["basic", DEFAULT_URL, "10"][len(sys.argv) - 1 :]
    asyncio.run(main(given[0], given[1], float(given[2])))
