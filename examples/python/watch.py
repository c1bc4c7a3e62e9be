"""Shows what happens to a connection: events, the info, and Python's logging.

Run: python watch.py ws://HOST/PATH [SECONDS]
"""

import asyncio
import logging
import sys

import everlink
from everlink import events


def lost(event: events.Disconnected) -> None:
    print(f"lost after {event.uptime:.1f} s: {event.error.text}")


async def back(event: events.Reconnected) -> None:
    print(f"back after {event.downtime:.1f} s and {event.attempts} attempts")


async def main(url: str, seconds: float) -> None:
    client = everlink.connect(url, backoff_max=10.0)
    client.on(events.Disconnected, lost)
    client.on(events.Reconnected, back)
    async with client:
        await asyncio.sleep(seconds)
        info = client.info()
        print(f"{info.state}, {info.reconnects} reconnects, success rate {info.success_rate:.2f}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 60.0))
