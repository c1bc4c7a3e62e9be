"""Channels with logs against `everlink serve`, subscriptions, and the pool."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Chaos, Peer, echo, running
from test_client import quick

import everlink

Run = Callable[[Any], Any]


def test_what_is_published_is_read_once_and_in_order_across_cuts(
    run: Run, everlink_server: str
) -> None:
    async def main() -> None:
        chaos = Chaos(int(everlink_server.rsplit(":", 1)[1].split("/")[0]))
        url = f"ws://{chaos.address}/ws"
        try:
            async with quick(url, dialect="everlink") as client:
                channel = client.channel("room", start="beginning")
                acks = []
                for n in range(60):
                    acks.append(await client.publish("room", {"n": n}))
                    if n % 20 == 10:
                        await asyncio.to_thread(chaos.ask, "POST", "/cut")
                offsets: list[int] = []
                async for message in channel.messages():
                    assert message.json() == {"n": len(offsets)}
                    offsets.append(message.offset)
                    if len(offsets) == 60:
                        break
                assert offsets == list(range(1, 61))
                assert await acks[-1] in (60, None)
                assert channel.handled is not None and channel.handled[1] == 59
                assert client.guarantee == "exactly_once" and client.info().reconnects >= 1
        finally:
            chaos.program.stop()

    run(main())


def test_history_volatile_values_and_bytes(run: Run, everlink_server: str) -> None:
    async def main() -> None:
        async with quick(everlink_server, dialect="everlink") as client:
            channel = client.channel("room")
            payloads: list[Any] = ["text", b"\x00\x01", [1, None, "ü"]]
            for payload in payloads:
                await (await client.publish("room", payload))
            page = await client.history("room", after=1, limit=10)
            assert [m.offset for m in page.messages] == [2, 3] and page.next is None
            assert page.messages[0].payload == b"\x00\x01"
            assert page.messages[1].json() == [1, None, "ü"]
            async with quick(everlink_server, dialect="everlink") as other:
                assert (await other.volatile("room", "typing", True)).is_sent
                async for event in channel:
                    if isinstance(event, everlink.Volatile):
                        assert (event.key, event.payload) == ("typing", "true")
                        break
            with pytest.raises(everlink.HistoryError) as caught:
                await client.history("room", limit=0)
            assert caught.value.reason == "limit"
            with pytest.raises(everlink.SubscribeError, match="read by this client already"):
                client.channel("room")
            channel.close()
            client.channel("room", start=(page.epoch, 2), manual_ack=True)
            with pytest.raises(ValueError, match="start is 'later'"):
                client.channel("other", start="later")  # type: ignore[arg-type]

    run(main())


class Exchange(Peer):
    """Confirms each subscription and sends what it is told to, as an exchange does."""

    async def _handle(self, connection: Any) -> None:
        self.connections.append(connection)
        try:
            async for message in connection:
                asked = json.loads(message)
                await connection.send(json.dumps({"result": None, "id": asked["id"]}))
                if asked["method"] == "SUBSCRIBE":
                    for stream in asked["params"]:
                        self.seen.append(stream)
                        await connection.send(json.dumps({"stream": stream, "data": {"e": 1}}))
        except Exception:
            return


def test_req_f08_a_pool_spreads_channels_and_recovers_all_of_them(run: Run) -> None:
    async def main() -> None:
        names = [f"s{n}@trade" for n in range(5)]
        async with (
            running(Exchange()) as peer,
            everlink.Pool(
                peer.url,
                profile="market_feed",
                channels_per_connection=2,
                backoff_min=0.02,
                jitter="none",
            ) as pool,
        ):
            for name in names:
                pool.subscribe(name)
            first = {(await pool.recv())[0] for _ in names}
            assert first == set(names) and len(pool.clients) == 3
            assert all(info.connected for info in pool.infos) and pool.missed == 0
            peer.cut()
            again: set[str] = set()
            async for channel, message in pool:
                assert isinstance(message, str)
                again.add(channel)
                if again == set(names):
                    break
            pool.unsubscribe(names[0])
        assert await pool.recv_many() == []
        with pytest.raises(everlink.ClientClosed):
            await pool.recv()

    run(main())


def test_a_subscription_lives_across_reconnects_and_ends_when_given_up(run: Run) -> None:
    async def main() -> None:
        async with (
            running(Exchange()) as peer,
            quick(peer.url, dialect="exchange") as client,
        ):
            subscription = client.subscribe("a@trade")
            assert json.loads(await anext(aiter(subscription))) == {"e": 1}
            peer.cut()
            assert len(await subscription.next_many()) == 1
            assert subscription.channel == "a@trade" and subscription.missed == 0
            client.unsubscribe("a@trade")
            assert [message async for message in subscription] == []

    run(main())


def test_a_dialect_without_channels_says_so(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, quick(peer.url) as client:
            with pytest.raises(everlink.SubscribeError, match="accepted: `everlink`"):
                client.channel("room")
            with pytest.raises(everlink.SubscribeError):
                client.subscribe("room")

    run(main())
