"""The echo server on the `websockets` package."""

import asyncio

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

from conversation import Conversation, arguments, leave_with_parent, push, record


async def handle(socket):
    conversation = Conversation(socket.request.path)
    try:
        async for message in socket:
            await socket.send(conversation.answer(message))
    except ConnectionClosed:
        pass
    finally:
        conversation.close(socket.close_code)


async def main():
    options = arguments()
    leave_with_parent()
    async with serve(handle, options.host, options.port) as server:
        record("listening", port=server.sockets[0].getsockname()[1])
        if options.push_every:

            async def everyone(text):
                broadcast(server.connections, text)

            await push(options.push_every, everyone)
        await server.wait_closed()


asyncio.run(main())
