"""The client of the `websockets` package, as one of those that the benchmark compares.

bench_client.py: takes jobs as JSON lines from standard input and answers each with a JSON line.
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

END = "end"
JOB_MAX = 60


def opened(url):
    return connect(url, proxy=None, compression=None, ping_interval=None)


class Usage:
    def __init__(self):
        self.started, self.cpu = time.monotonic_ns(), time.process_time_ns()

    def messages(self, messages):
        elapsed, cpu = time.monotonic_ns() - self.started, time.process_time_ns() - self.cpu
        return {"outcome": "messages", "messages": messages, "elapsed_ns": elapsed, "cpu_ns": cpu}

    def times(self, ns):
        return {"outcome": "times", "ns": ns, "cpu_ns": time.process_time_ns() - self.cpu}


async def echo(url, size, in_flight, millis):
    async with opened(url) as socket:
        text, usage = "e" * size, Usage()
        until = time.monotonic() + millis / 1000
        for _ in range(in_flight):
            await socket.send(text)
        messages, left = 0, in_flight
        while left:
            assert len(await socket.recv()) == size, "an echo of another length"
            messages += 1
            if time.monotonic() < until:
                await socket.send(text)
            else:
                left -= 1
        return usage.messages(messages)


async def up(url, size, millis):
    async with opened(url) as socket:
        text, usage = "u" * size, Usage()
        until, messages = time.monotonic() + millis / 1000, 0
        while time.monotonic() < until:
            await socket.send(text)
            messages += 1
        await socket.send(END)
        assert await socket.recv() == str(messages), "not all came"
        return usage.messages(messages)


async def down(url, size, millis):
    async with opened(url) as socket:
        usage, messages = Usage(), 0
        await socket.send("go")
        while await socket.recv() != END:
            messages += 1
        return usage.messages(messages)


async def dial(url, times):
    usage, ns = Usage(), []
    for _ in range(times):
        started = time.monotonic_ns()
        socket = await opened(url)
        ns.append(time.monotonic_ns() - started)
        await socket.close()
    return usage.times(ns)


async def restore(url, times):
    usage, ns = Usage(), []
    socket = await opened(url)
    for _ in range(times):
        started = time.monotonic_ns()
        await socket.send("cut me off")
        try:
            await socket.recv()
        except ConnectionClosed:
            socket = await opened(url)
        ns.append(time.monotonic_ns() - started)
    await socket.close()
    return usage.times(ns)


JOBS = {"echo": echo, "up": up, "down": down, "dial": dial, "restore": restore}


def main():
    for line in sys.stdin:
        job = json.loads(line)
        work = JOBS[job.pop("job")](**job)
        try:
            outcome = asyncio.run(asyncio.wait_for(work, JOB_MAX))
        except Exception as error:
            outcome = {"outcome": "failed", "error": repr(error)}
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
