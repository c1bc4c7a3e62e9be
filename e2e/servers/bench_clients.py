"""Clients on the `websockets` package, which come back by `async for`, as its documentation shows.

Does the jobs that the benchmark writes to standard input, a line each.
"""

import asyncio
import json
import sys
import time
from collections import Counter

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

GATHERING = 60
RETURNING = 60
LEVELLING = 3
TALKING = 0.5
OPENING_MAX = 64


def now_ms():
    return time.time_ns() // 1_000_000


class Herd:
    def __init__(self, address, clients):
        self.address = address
        self.openings = [0] * clients
        self.arrived = [set() for _ in range(clients)]
        self.published = 0
        self.backs = []
        self.tries = []
        self.tasks = []
        self.publisher = None

    async def gather(self):
        for number in range(len(self.openings)):
            self.tasks.append(asyncio.create_task(self.member(number)))
            await until(lambda: self.standing() >= number - OPENING_MAX, GATHERING)
        await until(lambda: self.standing() == len(self.openings), GATHERING)
        self.tasks.append(asyncio.create_task(self.keep_publisher()))
        await until(lambda: self.publisher is not None, GATHERING)
        self.talking = asyncio.create_task(self.publish())

    def standing(self):
        return sum(1 for openings in self.openings if openings)

    def failed(self, error):
        self.tries.append(now_ms())
        # Whatever it was, it is tried again.
        return None

    async def member(self, number):
        async for socket in connect(
            f"ws://{self.address}/room", compression=None, process_exception=self.failed
        ):
            self.openings[number] += 1
            if self.openings[number] > 1:
                self.tries.append(now_ms())
            # A client counts once, even if it is lost again.
            if self.openings[number] == 2:
                self.backs.append(now_ms())
            try:
                async for text in socket:
                    self.arrived[number].add(text)
            except ConnectionClosed:
                pass

    async def keep_publisher(self):
        async for self.publisher in connect(f"ws://{self.address}/publish", compression=None):
            await self.publisher.wait_closed()

    async def publish(self):
        """Publishes whether the server is there or not: the package keeps nothing for later."""
        while True:
            text = str(self.published)
            self.published += 1
            try:
                await self.publisher.send(text)
            except ConnectionClosed:
                pass
            await asyncio.sleep(TALKING)

    def received(self):
        return sum(len(own) for own in self.arrived)

    async def returned(self, restarted):
        size = len(self.openings)
        await settle(lambda: len(self.backs) == size, RETURNING)
        self.talking.cancel()
        wanted = self.published * size
        await settle(lambda: self.received() == wanted, LEVELLING)
        self.backs.sort()

        def at(count):
            return max(self.backs[count - 1] - restarted, 0) / 1e3 if len(self.backs) >= count else None

        seconds = Counter(tried // 1000 for tried in self.tries)
        return {
            "back": len(self.backs),
            "delivered": self.received() / wanted,
            "faults": None,
            "half_s": at(-(-size // 2)),
            "most_s": at(-(-size * 99 // 100)),
            "all_s": at(size),
            "attempts_each": len(self.tries) / size,
            "peak_second": max(seconds.values(), default=0),
        }


async def until(holds, limit):
    async with asyncio.timeout(limit):
        while not holds():
            await asyncio.sleep(0.005)


async def settle(holds, limit):
    try:
        await until(holds, limit)
    except TimeoutError:
        pass


async def work(herd, job):
    if "Herd" in job:
        herd = Herd(job["Herd"]["addresses"][0], job["Herd"]["clients"])
        await herd.gather()
        return herd, {"Done": {"elapsed_ns": 0}}
    if "Return" in job:
        return herd, {"Returned": await herd.returned(job["Return"]["restarted_ms"])}
    raise ValueError(f"an unknown job: {job}")


async def main():
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    herd = None
    # The end of standard input is the end of the benchmark that started it.
    while line := await reader.readline():
        try:
            herd, outcome = await work(herd, json.loads(line))
        except Exception as error:
            outcome = {"Failed": {"why": repr(error)}}
        print(json.dumps(outcome), flush=True)


asyncio.run(main())
