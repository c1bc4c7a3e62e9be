"""A client of the `websockets` package, to prove the servers with something that is not ours.

probe.py URL SECONDS [MESSAGE ...]: sends each message, waits for one answer each, prints the answers as JSON lines.
probe.py URL SECONDS --idle: opens, says nothing, and waits until the connection is ended for it.
probe.py URL SECONDS --watch INTERVAL TIMEOUT: pings as that package does, prints `open`, then why it closed.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake


async def idle(url):
    async with connect(url, proxy=None, ping_interval=None) as socket:
        await socket.wait_closed()


async def watch(url, interval, timeout):
    options = {"ping_interval": float(interval), "ping_timeout": float(timeout)}
    async with connect(url, proxy=None, **options) as socket:
        print("open", flush=True)
        try:
            await socket.recv()
        except ConnectionClosed as error:
            print(f"closed: {error}", flush=True)


async def main(url, *messages):
    if messages == ("--idle",):
        return await idle(url)
    if messages[:1] == ("--watch",):
        return await watch(url, *messages[1:])
    async with connect(url, proxy=None) as socket:
        for message in messages:
            await socket.send(message)
            print(json.dumps(await socket.recv()), flush=True)


if __name__ == "__main__":
    url, seconds, *messages = sys.argv[1:]
    try:
        asyncio.run(asyncio.wait_for(main(url, *messages), float(seconds)))
    except (InvalidHandshake, OSError, TimeoutError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
