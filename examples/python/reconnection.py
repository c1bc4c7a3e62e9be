"""Connects to a chat, shows its status, forces a reconnect, and watches: `python reconnection.py URL [SECONDS]`."""

import asyncio
import sys

from everlink.bot import ChatClient


async def main(url: str, seconds: float) -> None:
    client = ChatClient(url)
    client.on_disconnect(lambda: print("lost"))
    client.on_reconnecting(lambda attempt, delay: print(f"attempt {attempt} in {delay:.1f} s"))
    client.on_reconnected(lambda attempts: print(f"back after {attempts}"))
    client.on_reconnect_failed(lambda attempts: print(f"{attempts} attempts were not enough"))
    async with client:
        print("connected:", client.is_connected())
        print(client.get_connection_info())
        await client.force_reconnect()
        print("reconnected:", client.is_connected())
        print(f"watching for {seconds:g} s: cut the connection, or stop the server")
        await asyncio.sleep(seconds)
        print(client.get_connection_info())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 60))
