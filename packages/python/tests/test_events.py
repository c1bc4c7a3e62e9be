"""Events, handlers, info, credentials and logs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from conftest import echo
from test_client import quick

import everlink
from everlink import events

Run = Callable[[Any], Any]


def test_req_x08_every_step_of_an_outage_is_an_event(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer:
            client = quick(peer.url)
            news = client.events()
            async with client:
                peer.cut()
                seen: list[everlink.Event] = []
                async for event in news:
                    seen.append(event)
                    if isinstance(event, events.Reconnected):
                        break
            names = [event.name for event in seen if event.name != "state_changed"]
            assert names == ["connected", "disconnected", "reconnecting", "reconnected"]
            lost = next(event for event in seen if isinstance(event, events.Disconnected))
            assert lost.error.reason in ("closed", "network") and lost.uptime > 0
            steps = [(e.old, e.new) for e in seen if isinstance(e, events.StateChanged)]
            assert steps[:2] == [("closed", "connecting"), ("connecting", "connected")]
            assert steps[-1] == ("reconnecting", "connected")

    run(main())


def test_req_x08_a_handler_that_raises_harms_no_other(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with echo() as peer:
            client = quick(peer.url)
            seen: list[str] = []
            done = asyncio.Event()

            def broken(event: everlink.Event) -> None:
                raise RuntimeError("on purpose")

            async def slow(event: events.Connected) -> None:
                await asyncio.sleep(0)
                seen.append(event.guarantee)
                done.set()

            client.on("connected", broken)
            off = client.on(events.Connected, lambda event: seen.append("taken off"))
            client.on(events.Connected, slow)
            off()
            async with client:
                await done.wait()
            assert seen == ["best_effort"]
            with pytest.raises(ValueError, match="no event is named 'conected'; accepted: attempt_"):
                client.on("conected", broken)

    run(main())
    assert "a handler of connected failed" in caplog.text


def test_req_x07_the_info_has_everything_that_is_asked_for(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer, quick(peer.url) as client:
            info = client.info()
            assert info.state == "connected" and info.connected and not info.reconnecting
            assert info.attempts == 0 and info.last_error is None and info.url == peer.url
            assert info.reconnects == 0 and info.queued_messages == 0
            assert info.uptime > 0 and info.downtime > 0 and info.success_rate == 1.0
            await peer.stop()
            await client.wait_until("reconnecting")
            info = client.info()
            assert not info.connected and info.reconnecting and info.last_error is not None
            assert info.connected_for == 0 and "127.0.0.1" not in repr(info.last_error.cause)

    run(main())


@pytest.mark.parametrize("kind", ["sync", "async", "object"])
def test_credentials_are_asked_for_before_each_attempt(run: Run, kind: str) -> None:
    async def main() -> None:
        asked: list[everlink.CredentialsRequest] = []

        def plain(request: everlink.CredentialsRequest) -> str:
            asked.append(request)
            return f"token-{len(asked)}"

        async def slow(request: everlink.CredentialsRequest) -> str:
            await asyncio.sleep(0)
            return plain(request)

        def full(request: everlink.CredentialsRequest) -> everlink.Credentials:
            return everlink.Credentials(headers={"authorization": f"Bearer {plain(request)}"})

        source = {"sync": plain, "async": slow, "object": full}[kind]
        async with echo() as peer, quick(peer.url, credentials=source) as client:
            peer.cut()
            while len(peer.headers) < 2:
                await asyncio.sleep(0.005)
            shown = [headers["authorization"] for headers in peer.headers[:2]]
            assert shown == ["Bearer token-1", "Bearer token-2"]
            assert client.info().dials >= 2
        assert "token" not in repr(everlink.Credentials(token="secret token"))

    run(main())


def test_a_source_of_credentials_that_fails_is_asked_again(run: Run) -> None:
    async def main() -> None:
        calls = 0

        def source(_: everlink.CredentialsRequest) -> str:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise KeyError("a secret")
            return "token"

        async with echo() as peer:
            client = quick(peer.url, credentials=source)
            news = client.events()
            async with client:
                async for event in news:
                    if isinstance(event, events.AttemptFailed):
                        assert event.error.cause == "credentials_unavailable"
                        assert "KeyError" in event.error.text and "secret" not in event.error.text
                        break
            assert calls == 2

    run(main())


def test_req_x11_what_happens_is_logged_at_the_level_that_is_wanted(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def outage(name: str) -> None:
        async with echo() as peer, quick(peer.url, name=name) as client:
            peer.cut()
            async with client.events() as news:
                async for event in news:
                    if isinstance(event, events.Reconnected):
                        break

    async def logged(text: str) -> None:
        while text not in caplog.text:
            await asyncio.sleep(0.005)

    async def main() -> None:
        logging.getLogger("everlink").setLevel(logging.WARNING)
        everlink.refresh_logging()
        await outage("quiet")
        logging.getLogger("everlink").setLevel(logging.INFO)
        everlink.refresh_logging()
        await outage("loud")
        await logged('connection restored client="loud"')

    try:
        run(main())
    finally:
        logging.getLogger("everlink").setLevel(logging.NOTSET)
    quiet = [r for r in caplog.records if 'client="quiet"' in r.message]
    assert {r.levelname for r in quiet} == {"WARNING"}
    assert any("connection lost" in r.message for r in quiet)
    loud = next(r for r in caplog.records if 'restored client="loud"' in r.message)
    assert loud.name == "everlink.driver.publish" and loud.levelno == logging.INFO
    assert loud.__dict__["everlink"]["attempts"] == "1"


def test_a_slow_taker_of_events_is_told_what_it_missed(run: Run) -> None:
    async def main() -> None:
        async with echo() as peer:
            client = quick(peer.url)
            news = client.events()
            for _ in range(600):
                client.start()
                await client.close()
            event = await anext(news)
            assert isinstance(event, events.Lagged) and event.missed > 0

    run(main())
