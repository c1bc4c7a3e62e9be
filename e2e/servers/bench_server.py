"""A room on the `websockets` package, which pings every 20 s by itself."""

import asyncio
import json
import sys

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

from conversation import leave_with_parent

ROOM = set()


async def handle(socket):
    if socket.request.path == "/publish":
        async for message in socket:
            broadcast(ROOM, message)
        return
    ROOM.add(socket)
    try:
        async for _ in socket:
            pass
    except ConnectionClosed:
        pass
    finally:
        ROOM.discard(socket)


async def main():
    leave_with_parent()
    async with serve(handle, "127.0.0.1", int(sys.argv[1]), compression=None, backlog=4096) as server:
        port = server.sockets[0].getsockname()[1]
        print(json.dumps([f"127.0.0.1:{port}"]), flush=True)
        await server.wait_closed()


asyncio.run(main())
