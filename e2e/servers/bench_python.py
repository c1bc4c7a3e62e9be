"""One receiver of a stream, as one of those that the benchmark of the Python package compares.

bench_python.py CLIENT URL: receives until the text `end`, and prints what it took as a line of JSON.
`bench_python.py recover CLIENT HOST` measures the time until every stream is back after a cut.
"""

import asyncio
import json
import sys
import time

import uvloop

END = "end"


class Usage:
    def __init__(self):
        self.started, self.cpu = time.monotonic(), time.process_time()

    def of(self, messages):
        wall, cpu = time.monotonic() - self.started, time.process_time() - self.cpu
        return {"messages": messages, "wall": wall, "cpu": cpu}


async def everlink_batches(url):
    import everlink

    async with everlink.connect(url) as client:
        usage, messages = Usage(), 0
        await client.send("go")
        while batch := await client.recv_many():
            messages += len(batch)
            if batch[-1] == END:
                return usage.of(messages - 1)


async def everlink_iterated(url):
    import everlink

    async with everlink.connect(url) as client:
        usage, messages = Usage(), 0
        await client.send("go")
        async for message in client:
            if message == END:
                return usage.of(messages)
            messages += 1


async def websockets_iterated(url):
    from websockets.asyncio.client import connect

    async with connect(url, proxy=None, compression=None, ping_interval=None) as socket:
        usage, messages = Usage(), 0
        await socket.send("go")
        async for message in socket:
            if message == END:
                return usage.of(messages)
            messages += 1


async def aiohttp_iterated(url):
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        usage, messages = Usage(), 0
        await socket.send_str("go")
        async for message in socket:
            if message.data == END:
                return usage.of(messages)
            messages += 1


async def picows_called(url):
    import picows

    done = asyncio.get_running_loop().create_future()

    class Listener(picows.WSListener):
        messages = 0

        def on_ws_connected(self, transport):
            self.usage = Usage()
            transport.send(picows.WSMsgType.TEXT, b"go")

        def on_ws_frame(self, transport, frame):
            # As the others: each message as a text of Python.
            text = frame.get_payload_as_utf8_text()
            if text == END:
                done.set_result(self.usage.of(self.messages))
                transport.disconnect()
            else:
                self.messages += 1

    await picows.ws_connect(Listener, url)
    return await done


CLIENTS = {
    "everlink recv_many": everlink_batches,
    "everlink async for": everlink_iterated,
    "picows": picows_called,
    "websockets": websockets_iterated,
    "aiohttp": aiohttp_iterated,
}


def main():
    _, name, url = sys.argv
    print(json.dumps(uvloop.run(CLIENTS[name](url))))


if __name__ == "__main__":
    main()
