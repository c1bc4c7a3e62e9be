"""A bot that answers `!ping`, and stays: `python chat_bot.py ws://127.0.0.1:9999/`.

The environment says how it comes back: `WSGGPY_RECONNECT_ATTEMPTS=5`, `LOG_LEVEL=DEBUG` and so on.
"""

import asyncio
import sys

from everlink.bot import BotConfig, ChatBot, ChatClient, ChatMessage


def is_command(message: ChatMessage) -> bool:
    return message.data.startswith("!")


async def main(url: str) -> None:
    config = BotConfig.from_env()
    config.set_up_logging()
    client = ChatClient.from_config(url, config, response_filters=[is_command])
    bot = ChatBot(client, nick="bot")

    @bot.on_message
    async def answer(message: ChatMessage) -> str | None:
        if message.data == "!quit":
            await client.close()
        return f"pong {message.nick}" if message.data == "!ping" else None

    await bot.run()
    print(bot.stats)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
