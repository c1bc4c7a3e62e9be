"""The echo server on the `aiohttp` package."""

import asyncio

from aiohttp import WSMsgType, web

from conversation import Conversation, arguments, leave_with_parent, push, record

SOCKETS = set()


async def handle(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    conversation = Conversation(request.path_qs)
    SOCKETS.add(socket)
    try:
        await talk(socket, conversation)
    finally:
        SOCKETS.discard(socket)
        conversation.close(socket.close_code)
    return socket


async def talk(socket, conversation):
    async for message in socket:
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            continue
        answer = conversation.answer(message.data)
        if isinstance(answer, str):
            await socket.send_str(answer)
        else:
            await socket.send_bytes(answer)


async def everyone(text):
    sockets = [socket for socket in SOCKETS if not socket.closed]
    await asyncio.gather(*(socket.send_str(text) for socket in sockets), return_exceptions=True)


async def main():
    options = arguments()
    leave_with_parent()
    application = web.Application()
    application.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port)
    await site.start()
    record("listening", port=runner.addresses[0][1])
    if options.push_every:
        await push(options.push_every, everyone)
    await asyncio.Event().wait()


asyncio.run(main())
