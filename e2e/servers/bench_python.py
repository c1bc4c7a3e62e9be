"""One receiver of a stream, as one of those that the benchmark of the Python package compares.

bench_python.py CLIENT URL: receives until the text `end`, and prints what it took as a line of JSON.
bench_python.py SENDER: starts the sender, runs every client several times, and prints a table.
"""

import asyncio
import json
import subprocess
import sys
import time
from statistics import median

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


def table(sender):
    """Runs every client several times in turn, each in a process of its own, and prints medians."""
    server = subprocess.Popen([sender, "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    host = json.loads(server.stdout.readline())[0]
    print("| message | client | messages a second | CPU a message | CPU beside picows |")
    print("|---|---|---|---|---|")
    for size in SIZES:
        runs = {name: [] for name in CLIENTS}
        for _ in range(RUNS):
            for name in CLIENTS:
                url = f"ws://{host}/down?size={size}&millis={MILLIS}"
                done = subprocess.run([sys.executable, "-B", __file__, name, url], stdout=subprocess.PIPE, check=True)
                runs[name].append(json.loads(done.stdout))
        cpu = {name: median(run["cpu"] / run["messages"] for run in all) for name, all in runs.items()}
        for name, all in runs.items():
            rate = median(run["messages"] / run["wall"] for run in all)
            ratio = cpu[name] / cpu["picows"]
            print(f"| {size} B | {name} | {rate:,.0f} | {cpu[name] * 1e6:.2f} µs | {ratio:.2f} |", flush=True)
    server.stdin.close()
    server.wait()


SIZES = (100, 1024)
RUNS = 5
MILLIS = 1500


def main():
    if len(sys.argv) == 2:
        table(sys.argv[1])
        return
    _, name, url = sys.argv
    print(json.dumps(uvloop.run(CLIENTS[name](url))))


if __name__ == "__main__":
    main()
