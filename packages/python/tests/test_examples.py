"""Every example, and the first program of the README, as a user runs them."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from conftest import LIMIT, echo, running
from test_bot import Chat
from test_feed import Exchange

PACKAGE = Path(__file__).parent.parent
EXAMPLES = PACKAGE.parent.parent / "examples/python"

SAYS = {
    "first.py": ([], r"^hello$"),
    "watch.py": (["0.1"], r"connected, 0 reconnects, success rate 1\.00"),
    "tokens.py": ([], r"^connected$"),
    "rates.py": (["1"], r"^1 messages$"),
}
"""Arguments behind the URL, and what is printed, for each that talks to a server that echoes."""


def run(program: Path, url: str, *arguments: str) -> str:
    """Runs a program with a URL, as `run_alone`."""
    return run_alone(program, url, *arguments)


def run_alone(program: Path, *arguments: str) -> str:
    """Runs a program, which must end well; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-B", str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def run_with_echo(program: Path, *arguments: str) -> str:
    async with echo() as peer:
        return await asyncio.to_thread(run, program, peer.url, *arguments)


@pytest.mark.parametrize("name", SAYS)
def test_an_example_does_what_it_says(name: str) -> None:
    arguments, says = SAYS[name]
    assert re.search(says, asyncio.run(run_with_echo(EXAMPLES / name, *arguments)), re.MULTILINE)


def test_the_room_is_read_in_order(everlink_server: str) -> None:
    said = run(EXAMPLES / "room.py", everlink_server).splitlines()
    assert said[0] == "1 {'number': 0}" and said[9] == "10 {'number': 9}"
    assert said[10] == "exactly_once"


def test_req_b07_the_bot_answers_and_says_what_it_did() -> None:
    async def main() -> str:
        async with running(Chat()) as chat:
            done = asyncio.create_task(asyncio.to_thread(run, EXAMPLES / "chat_bot.py", chat.url))
            while not chat.connections:
                await asyncio.sleep(0.005)
            await chat.say("ann", "!ping")
            while not chat.seen:
                await asyncio.sleep(0.005)
            await chat.say("ann", "!quit")
            return await done

    assert "messages=" in asyncio.run(main())


def test_req_b08_the_script_shows_status_and_a_forced_reconnect() -> None:
    async def main() -> str:
        async with running(Chat()) as chat:
            return await asyncio.to_thread(run, EXAMPLES / "reconnection.py", chat.url, "0.1")

    said = asyncio.run(main())
    assert "connected: True" in said and "reconnected: True" in said
    assert "'connection_attempts': " in said


@pytest.mark.parametrize("way", ["basic", "custom", "scenarios"])
def test_req_f07_the_feed_in_three_ways(way: str) -> None:
    async def main() -> str:
        async with running(Exchange()) as exchange:
            arguments = (way, exchange.url, "0.3")
            program = EXAMPLES / "market_feed.py"
            done = asyncio.create_task(asyncio.to_thread(run_alone, program, *arguments))
            while not exchange.streams:
                await asyncio.sleep(0.005)
            await exchange.trades(3)
            return await done

    said = asyncio.run(main())
    messages = re.search(r"^(\d+) messages$", said, re.MULTILINE)
    assert messages is not None and int(messages[1]) >= 3, said
    if way == "scenarios":
        assert "back: CONNECTED" in said and "stopped: CLOSED" in said


def test_req_b09_the_monitor_shows_quality_and_reconnects_to_prometheus() -> None:
    async def main() -> str:
        async with echo() as peer:
            program = await asyncio.create_subprocess_exec(
                sys.executable, "-B", str(EXAMPLES / "health_monitor.py"), peer.url, "0",
                stdout=asyncio.subprocess.PIPE,
            )
            assert program.stdout is not None
            try:
                url = (await program.stdout.readline()).decode().strip()
                answer = await asyncio.to_thread(urllib.request.urlopen, url, timeout=LIMIT)
                return str(answer.read().decode())
            finally:
                program.kill()
                await program.wait()

    said = asyncio.run(asyncio.wait_for(main(), LIMIT))
    assert "everlink_connected 1" in said and "everlink_reconnects 0" in said
    assert "everlink_quality{" in said


def test_every_example_is_run_and_short() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    own = {"room.py", "chat_bot.py", "reconnection.py", "market_feed.py", "health_monitor.py"}
    assert names == {*SAYS, *own}
    assert all(len(path.read_text().splitlines()) < 100 for path in EXAMPLES.glob("*.py"))


def test_the_first_program_of_the_readme_works(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert found is not None
    program = tmp_path / "first.py"
    program.write_text(found[1])
    assert asyncio.run(run_with_echo(program)) == "hello\n"
