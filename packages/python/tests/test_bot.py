"""The bot, on a text chat that is cut, restarted and silent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Peer, running
from everlink import SettingsError
from everlink.bot import BotConfig, ChatBot, ChatClient, ChatMessage
from websockets.asyncio.server import ServerConnection


class Chat(Peer):
    """A text chat: what is said goes to everyone, with a name and a time."""

    async def _handle(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        with contextlib.suppress(Exception):
            await connection.send('JOIN {"nick":"bot"}')
            async for message in connection:
                self.seen.append(message)
                assert isinstance(message, str) and message.startswith("MSG ")
                await self.say("bot", json.loads(message[4:])["data"])

    async def say(self, nick: str, data: str) -> None:
        said = {"nick": nick, "data": data, "features": ["sub"], "timestamp": 1000}
        for connection in self.connections:
            await connection.send("MSG " + json.dumps(said))


def client(chat: Chat, **settings: Any) -> ChatClient:
    return ChatClient(chat.url, **{"reconnect_delay": 0.02, "connection_check_interval": 0.05, **settings})


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_req_b02_req_b07_what_passes_the_filters_is_answered_and_counted(run: Callable[[Any], Any]) -> None:
    async def main() -> None:
        async with running(Chat()) as chat:
            filters = [lambda message: message.data.startswith("!")]
            bot = ChatBot(client(chat, response_filters=filters), nick="bot", responses_per_minute=3)

            @bot.on_message
            async def answer(message: ChatMessage) -> str:
                assert message.features == ("sub",) and message.timestamp == 1000
                return f"!hello {message.nick}"

            @bot.on_message
            def broken(message: ChatMessage) -> str:
                raise ValueError("a responder's own fault")

            task = asyncio.create_task(bot.run())
            await until(lambda: bot.client.is_connected() and len(chat.connections) == 1)
            for data in ["!one", "not for it", "!two"]:
                await chat.say("ann", data)
            # Its own answers come back, and are not answered.
            await until(lambda: bot.stats.messages == 5)
            assert chat.seen == ['MSG {"data": "!hello ann"}'] * 2
            stats = bot.stats
            assert (stats.responses, stats.filtered, stats.errors) == (2, 3, 2)
            for _ in range(4):
                await chat.say("ann", "!more")
            await until(lambda: bot.stats.errors == 6)
            assert stats.responses == 3, "no flood"
            await bot.client.close()
            await task

    run(main())


def test_req_b01_req_b04_req_b05_req_b06_it_comes_back_from_a_cut_and_tells(
    run: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        told: list[Any] = []
        async with running(Chat()) as chat:
            chatter = client(chat, reconnect_attempts=1000)
            chatter.on_disconnect(lambda: told.append("lost"))

            @chatter.on_reconnecting
            async def _(attempt: int, delay: float) -> None:
                told.append(("attempt", attempt, delay >= 0))

            @chatter.on_reconnecting
            def _(attempt: int, delay: float) -> None:
                raise ValueError("it harms nobody")

            chatter.on_reconnected(lambda attempts: told.append(("back", attempts >= 1)))
            async with chatter:
                assert chatter.is_connected() and not chatter.is_reconnecting()
                await until(lambda: len(chat.connections) == 1)
                chat.cut()
                await until(lambda: ("back", True) in told)
                assert told[:2] == ["lost", ("attempt", 1, True)]
                info = chatter.get_connection_info()
                assert (info["connected"], info["reconnecting"], info["reconnects"]) == (True, False, 1)
                assert isinstance(info["last_error"], str) and isinstance(info["connection_attempts"], int)
                before = chatter.info().dials
                await chatter.force_reconnect()
                assert chatter.info().dials == before + 1 and chatter.is_connected()
                await chat.stop()
                await until(chatter.is_reconnecting)
                ticket = await chatter.send("said while away")
                await chat.start()
                await ticket
                assert (await chatter.recv()).data == "said while away"

    with caplog.at_level(logging.INFO, "everlink.bot"):
        run(main())
    said = caplog.text
    for words in ["configured reconnection", "connection lost", "in progress", "successful after"]:
        assert words in said, said
    assert "said while away" not in said


def test_req_b01_the_second_level_goes_on_when_the_first_has_given_up(run: Callable[[Any], Any]) -> None:
    async def main() -> None:
        async with running(Chat()) as chat:
            chatter = client(chat, reconnect_attempts=1, reconnect_backoff=False, max_reconnect_attempts=1000)
            bot = ChatBot(chatter)
            task = asyncio.create_task(bot.run())
            await until(chatter.is_connected)
            await chat.stop()
            await until(lambda: bot.stats.forced_reconnects >= 2)
            await chat.start()
            await until(lambda: chatter.is_connected() and bool(chat.connections))
            assert bot.stats.failed_reconnects >= 1 and bot.stats.disconnects >= 1
            await chatter.close()
            await task

    run(main())


def test_req_b01_req_b06_req_b09_a_chat_that_says_nothing_is_stale(
    run: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        causes: list[str] = []
        async with running(Chat()) as chat:
            chatter = client(chat, stale_after=1.0)
            chatter.on_forced(causes.append)
            async with chatter:
                began = time.monotonic()
                await until(lambda: "stale" in causes)
                assert time.monotonic() - began >= 0.9
                await until(lambda: chatter.info().dials >= 2 and chatter.is_connected())
                info = chatter.get_connection_info()
                assert {"quality", "latency", "success_rate", "uptime", "downtime"} <= info.keys()

    with caplog.at_level(logging.WARNING, "everlink.bot"):
        run(main())
    assert "no chat activity for 1 s, forcing reconnection" in caplog.text


def test_req_b03_the_environment_is_read_and_a_malformed_value_is_named() -> None:
    assert BotConfig.from_env({}) == BotConfig()
    config = BotConfig.from_env(
        {
            "WSGGPY_AUTO_RECONNECT": "false",
            "WSGGPY_RECONNECT_ATTEMPTS": "7",
            "WSGGPY_RECONNECT_DELAY": "0.5",
            "WSGGPY_RECONNECT_BACKOFF": "0",
            "CONNECTION_CHECK_INTERVAL": "3",
            "MAX_RECONNECT_ATTEMPTS": "4",
            "LOG_LEVEL": "debug",
        }
    )
    assert (config.auto_reconnect, config.reconnect_attempts, config.reconnect_delay) == (False, 7, 0.5)
    assert (config.reconnect_backoff, config.connection_check_interval) == (False, 3.0)
    assert (config.max_reconnect_attempts, config.log_level) == (4, "DEBUG")
    with pytest.raises(SettingsError) as raised:
        BotConfig.from_env({"WSGGPY_RECONNECT_DELAY": "soon", "LOG_LEVEL": "loud"})
    delay, level = raised.value.problems
    assert (delay.setting, delay.value, delay.accepted) == ("WSGGPY_RECONNECT_DELAY", "soon", "seconds from 0")
    assert level.setting == "LOG_LEVEL" and "DEBUG" in str(level.accepted)


def test_req_b02_a_value_out_of_range_is_named(run: Callable[[Any], Any]) -> None:
    async def main() -> None:
        with pytest.raises(SettingsError) as raised:
            ChatClient("ws://127.0.0.1:1", reconnect_attempts=0)
        assert raised.value.setting == "attempts_max" and raised.value.value == "0"
        made = ChatClient.from_config("ws://127.0.0.1:1", BotConfig(reconnect_attempts=3))
        assert not made.is_connected()

    run(main())
