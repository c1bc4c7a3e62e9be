"""Shows a fresh token before each attempt, from a function that may be slow.

Run: python tokens.py ws://HOST/PATH
"""

import asyncio
import sys

import everlink


async def fetch_token(refresh: bool) -> str:
    # Here a program asks its identity provider; `refresh` says that a kept one will not do.
    await asyncio.sleep(0)
    return "fresh" if refresh else "kept"


async def credentials(request: everlink.CredentialsRequest) -> everlink.Credentials:
    token = await fetch_token(request.refresh)
    return everlink.Credentials(token=token, expires_in=300.0)


async def main(url: str) -> None:
    async with everlink.connect(url, credentials=credentials) as client:
        print(client.info().state)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
