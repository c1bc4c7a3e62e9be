"""A client of the `websockets` package, to prove the servers with something that is not ours.

probe.py URL SECONDS [MESSAGE ...]: sends each message, waits for one answer each, prints the answers as JSON lines.
probe.py URL SECONDS --idle: opens, says nothing, and waits until the connection is ended for it.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake


async def idle(url):
    async with connect(url, proxy=None, ping_interval=None) as socket:
        await socket.wait_closed()


async def main(url, *messages):
    if messages == ("--idle",):
        return await idle(url)
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
