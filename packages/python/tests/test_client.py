"""The client against a server of the library `websockets`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Chaos, Peer, echo

import everlink
from everlink import events

Run = Callable[[Any], Any]


def quick(url: str | list[str], **settings: Any) -> everlink.Client:
    """Returns a client that comes back at once."""
    return everlink.connect(url, backoff_min=0.02, return_window=None, backoff_floor=0.0, **settings)


def test_req_n02_a_message_goes_there_and_back(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, everlink.connect(peer.url) as client:
            ticket = await client.send("grüße ☃")
            assert await ticket == everlink.Delivery("written")
            await client.send(b"\x00\xff")
            assert [await client.recv(), await client.recv()] == ["grüße ☃", b"\x00\xff"]
            assert client.is_connected and client.guarantee == "best_effort"

    run(main())


def test_async_for_goes_on_across_reconnects_and_ends_when_closed(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer:
            client = quick(peer.url)
            got = []
            async with client:
                peer.greeting = ["welcome back"]
                await client.send("one")
                async for message in client:
                    got.append(message)
                    if message == "one":
                        peer.cut()
                    elif message == "welcome back":
                        await client.send("two")
                    elif message == "two":
                        await client.close()
            assert got == ["one", "welcome back", "two"]
            assert client.info().reconnects == 1 and client.state == "closed"

    run(main())


def test_what_is_sent_while_the_server_is_away_arrives_when_it_is_back(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, quick(peer.url) as client:
            await peer.stop()
            await client.wait_until("reconnecting")
            tickets = [await client.send(f"message {n}") for n in range(5)]
            assert client.info().queued_messages == 5
            await peer.start()
            assert [d.outcome for d in [await t for t in tickets]] == ["written"] * 5
            assert [await client.recv() for _ in range(5)] == [f"message {n}" for n in range(5)]

    run(main())


def test_break_and_cancelling_lose_no_message(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer:
            peer.greeting = [str(n) for n in range(300)]
            async with everlink.connect(peer.url) as client:
                got: list[everlink.Message] = []
                while len(got) < 100:
                    async for message in client:
                        got.append(message)
                        break
                while len(got) < 200:
                    try:
                        # A wait that is over before it began, and one that may be hit at any place.
                        async with asyncio.timeout(0 if len(got) % 2 else 0.001):
                            got.append(await client.recv())
                    except TimeoutError:
                        got.append(await client.recv())
                while len(got) < 300:
                    got += await client.recv_many(7)
                assert got == peer.greeting
                waiting = asyncio.ensure_future(client.recv())
                await asyncio.sleep(0)
                waiting.cancel()
                await client.send("last")
                assert await client.recv() == "last"

    run(main())


def test_several_takers_share_the_messages(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, everlink.connect(peer.url) as client:
            takers = [asyncio.ensure_future(client.recv()) for _ in range(10)]
            await asyncio.sleep(0)
            for n in range(10):
                await client.send(str(n))
            assert sorted(await asyncio.gather(*takers)) == [str(n) for n in range(10)]

    run(main())


def test_req_x06_reconnect_makes_a_new_connection_at_once(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, quick(peer.url) as client:
            client.reconnect()
            async with client.events() as news:
                async for event in news:
                    if isinstance(event, events.Reconnected):
                        break
            assert client.info().dials == 2

    run(main())


def test_req_x05_closing_ends_a_dial_that_is_under_way(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer:
            client = everlink.connect(peer.url)
            connecting = asyncio.ensure_future(client.connect())
            await asyncio.sleep(0)
            await client.close()
            with pytest.raises(everlink.ClientClosed):
                await connecting
            with pytest.raises(everlink.ClientClosed):
                await client.send("too late")
            with pytest.raises(everlink.ClientClosed):
                await client.recv()
            assert await client.recv_many() == []

    run(main())


def test_what_was_given_up_says_why(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer:
            url = peer.url
        client = quick(url, attempts_max=1)
        with pytest.raises(everlink.ConnectError) as caught:
            async with client:
                pass
        error = caught.value
        assert (error.reason, error.cause, error.code) == ("network", "refused", None)
        client = quick(url, attempts_max=1)
        client.start()
        with pytest.raises(everlink.ConnectError):
            async for _ in client:
                pass
        with pytest.raises(everlink.ConnectError):
            await client.recv_many()
        await client.close()

    run(main())


def test_a_full_outbox_waits_or_fails_as_asked(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, quick(peer.url, queue_messages_max=2) as client:
            await peer.stop()
            await client.wait_until("reconnecting")
            first, second = await client.send("1"), await client.send("2")
            with pytest.raises(everlink.QueueFull) as caught:
                await client.send("3", policy="fail")
            assert "2 of 2 messages" in str(caught.value)
            with pytest.raises(everlink.QueueFull):
                client.try_send("3")
            waiting = asyncio.ensure_future(client.send("3"))
            await asyncio.sleep(0)
            assert not waiting.done()
            second.withdraw()
            dropped = await second
            assert not dropped.is_sent and dropped.why == "withdrawn"
            third = await waiting
            await peer.start()
            assert (await first).is_sent and (await third).is_sent
            assert peer.seen == ["1", "3"]

    run(main())


def test_a_message_of_another_kind_is_refused(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, everlink.connect(peer.url) as client:
            with pytest.raises(TypeError, match="a message is int; accepted: str, bytes"):
                await client.send(7)  # type: ignore[arg-type]
            with pytest.raises(UnicodeEncodeError):
                await client.send("\ud800")
            with pytest.raises(ValueError, match="policy is 'never'|policy is \"never\""):
                await client.send("x", policy="never")  # type: ignore[arg-type]
            with pytest.raises(everlink.SendError) as caught:
                await client.publish("room", 1)
            assert caught.value.reason == "dialect"

    run(main())


def test_a_client_that_is_dropped_closes_its_connection_and_warns(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer:
            client = everlink.connect(peer.url)
            await client.connect()
            connection = peer.connections[0]
            with pytest.warns(ResourceWarning, match="not closed"):
                del client
                gc.collect()
            await connection.wait_closed()

    run(main())


def test_req_x03_a_black_hole_is_noticed_and_left(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer:
            chaos = Chaos(peer.port)
            try:
                client = quick(
                    f"ws://{chaos.address}/", heartbeat_interval=0.2, heartbeat_timeout=0.2
                )
                async with client:
                    news = client.events()
                    await asyncio.to_thread(chaos.ask, "POST", "/fault", {"fault": "blackhole"})
                    await client.send("lost, or not")
                    async for event in news:
                        if isinstance(event, events.Disconnected):
                            assert event.error.reason == "silence"
                            break
                    await asyncio.to_thread(chaos.ask, "DELETE", "/fault")
                    await client.wait_until("connected")
                    await client.send("after")
                    async for message in client:
                        if message == "after":
                            break
            finally:
                chaos.program.stop()

    run(main())


def test_a_peer_of_many_urls_is_found(run: Run) -> None:
    async def main() -> None:
        async with echo() as gone:
            away = gone.url
        async with echo() as peer, quick([away, peer.url]) as client:
            assert client.info().url == peer.url and client.info().endpoint == 1

    run(main())


async def many(peer: Peer, count: int) -> None:
    """Sends many messages in one go."""
    connection = peer.connections[0]
    for n in range(count):
        await connection.send(f"{n:06}")


def test_high_rates_keep_their_order_and_lose_nothing(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, everlink.connect(peer.url) as client:
            sending = asyncio.ensure_future(many(peer, 20_000))
            got: list[everlink.Message] = []
            while len(got) < 20_000:
                got += await client.recv_many()
            await sending
            assert got == [f"{n:06}" for n in range(20_000)]

    run(main())
