"""What a process can do to its clients: Ctrl-C, loops that end, threads, forks, the interpreter's end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import LIMIT, echo, script

import everlink

Run = Callable[[Any], Any]


@pytest.fixture
def url() -> Iterator[str]:
    """Runs an echo server on a thread of its own."""
    ready: dict[str, Any] = {}
    started = threading.Event()

    async def serve() -> None:
        async with echo() as peer:
            ready["url"] = peer.url
            ready["loop"], ready["end"] = asyncio.get_running_loop(), asyncio.Event()
            started.set()
            await ready["end"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    started.wait(LIMIT)
    yield ready["url"]
    ready["loop"].call_soon_threadsafe(ready["end"].set)
    thread.join(LIMIT)


HEAD = """
import asyncio, os, sys
import everlink
"""


def test_ctrl_c_ends_a_program_that_waits_for_a_message(url: str) -> None:
    text = HEAD + """
async def main():
    async with everlink.connect(sys.argv[1]) as client:
        print("ready", flush=True)
        await client.recv()
asyncio.run(main())
"""
    process = subprocess.Popen(
        [sys.executable, "-c", text, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LIMIT)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert process.returncode in (-signal.SIGINT, 130)


def test_a_loop_may_be_closed_with_a_client_open(url: str) -> None:
    done = script(HEAD + """
kept = []
async def main():
    client = everlink.connect(sys.argv[1], credentials=lambda request: "token")
    await client.connect()
    kept.append(client)
asyncio.run(main())
async def again():
    try:
        await kept[0].recv()
    except everlink.WrongLoop as error:
        print(error)
    client = everlink.connect(sys.argv[1])
    async with client:
        await client.send("hello")
        print(await client.recv())
asyncio.run(again())
kept.clear()
""", url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("the client belongs to another event loop; accepted")
    assert done.stdout.splitlines()[1] == "hello"
    assert "ResourceWarning: not closed" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "os._exit(3)", "raise RuntimeError('on purpose')"])
def test_the_interpreter_ends_with_clients_open(url: str, end: str) -> None:
    done = script(HEAD + f"""
import logging
logging.basicConfig(level=5)
async def main():
    global client, task
    client = everlink.connect(sys.argv[1])
    await client.connect()
    client.on("state_changed", print)
    for n in range(1000):
        await client.send(str(n))
    {end or 'pass'}
asyncio.run(main())
""", url)
    assert done.returncode == {"": 0, "raise RuntimeError('on purpose')": 1}.get(end, 3), done.stderr
    assert "Fatal" not in done.stderr and "panicked" not in done.stderr


def test_after_a_fork_the_child_makes_its_own_clients(url: str) -> None:
    done = script(HEAD + """
import warnings
warnings.simplefilter("ignore")
async def talk(name):
    async with everlink.connect(sys.argv[1]) as client:
        await client.send(name)
        print(await client.recv(), flush=True)
async def main():
    client = everlink.connect(sys.argv[1])
    await client.connect()
    pid = os.fork()
    if pid == 0:
        try:
            client.info()
        except everlink.WrongLoop as error:
            print(error, flush=True)
        asyncio.run(talk("child's own"))
        os._exit(0)
    await asyncio.to_thread(os.waitpid, pid, 0)
    await client.send("parent goes on")
    print(await client.recv(), flush=True)
    await client.close()
asyncio.run(main())
""", url)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("this was made before a fork; accepted: a client that this process")
    assert lines[1:] == ["child's own", "parent goes on"]


def test_each_thread_may_have_a_loop_and_clients_of_its_own(url: str) -> None:
    got: list[everlink.Message] = []

    async def alone(n: int) -> None:
        mine: list[everlink.Message] = []
        async with asyncio.timeout(LIMIT), everlink.connect(url) as client:
            for i in range(100):
                await client.send(f"{n}/{i}")
            while len(mine) < 100:
                mine += await client.recv_many()
        assert mine == [f"{n}/{i}" for i in range(100)]
        got.extend(mine)

    threads = [threading.Thread(target=lambda n=n: asyncio.run(alone(n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert len(got) == 400


def test_outside_of_a_loop_the_error_says_so() -> None:
    with pytest.raises(everlink.WrongLoop, match="no event loop runs here; accepted"):
        everlink.connect("ws://127.0.0.1:1/")


def test_another_thread_may_not_use_a_client(run: Run, url: str) -> None:
    async def main() -> None:
        async with everlink.connect(url) as client:

            async def other() -> None:
                with pytest.raises(everlink.WrongLoop):
                    await client.send("x")

            await asyncio.to_thread(lambda: asyncio.run(other()))

    run(main())


def test_nothing_is_left_behind_by_many_clients(run: Run, url: str) -> None:
    async def main() -> None:
        async def one() -> None:
            async with everlink.connect(url) as client:
                await client.send("x")
                await client.recv()

        await one()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(30):
            await one()
        # The server's side of the last one closes on its own thread.
        while len(os.listdir("/proc/self/fd")) > before:
            await asyncio.sleep(0.005)

    run(main())
