"""Publishes to a channel of `everlink serve` and reads it back: each message once, in order, gaps told.

Run: python room.py ws://127.0.0.1:8400/ws
"""

import asyncio
import sys

import everlink

COUNT = 10


async def main(url: str) -> None:
    async with everlink.connect(url, dialect="everlink") as client:
        channel = client.channel("room", start="beginning")
        for number in range(COUNT):
            await client.publish("room", {"number": number})
        seen = 0
        async for event in channel:
            match event:
                case everlink.LogMessage(offset=offset):
                    print(offset, event.json())
                    seen += 1
                case everlink.Gap(first=first, last=last, cause=cause):
                    print(f"missing: {first} to {last} ({cause})")
                case _:
                    pass
            if seen == COUNT:
                break
        print(client.guarantee)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
