"""Says hello, prints the answer, and goes on across reconnects until it is there.

Run: python first.py ws://HOST/PATH
"""

import asyncio
import sys

import everlink


async def main(url: str) -> None:
    async with everlink.connect(url) as client:
        await client.send("hello")
        async for message in client:
            print(message)
            break


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
