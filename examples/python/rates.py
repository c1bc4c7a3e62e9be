"""Takes messages in batches, which is the way for high rates, and tells how many came each second.

Run: python rates.py wss://HOST/STREAM [MESSAGES]
"""

import asyncio
import sys
import time

import everlink


async def main(url: str, limit: int) -> None:
    count, second, started = 0, 0, time.monotonic()
    async with everlink.connect(url, stale_after=30.0) as client:
        await client.send("go")
        while count < limit and (batch := await client.recv_many()):
            count += len(batch)
            second += len(batch)
            if (passed := time.monotonic() - started) >= 1.0:
                print(f"{second / passed:,.0f} messages a second")
                second, started = 0, time.monotonic()
    print(f"{count} messages")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000))
