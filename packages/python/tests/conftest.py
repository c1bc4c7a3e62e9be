"""Servers that the tests use: the command `everlink`, and others' libraries."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import pytest
import uvloop
from websockets.asyncio.server import Server, ServerConnection, serve

LIMIT = float(os.environ.get("EVERLINK_TEST_LIMIT", "20"))
"""How long anything may take, in seconds: long for a machine that is busy."""


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Runs a coroutine on each kind of event loop, within the limit."""

    def run_one(coroutine: Any) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(LIMIT):
                return await coroutine

        factory = uvloop.new_event_loop if request.param == "uvloop" else None
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(bounded())

    return run_one


class Peer:
    """A server made with the library `websockets`, whose connections can be cut."""

    def __init__(self) -> None:
        self.server: Server | None = None
        self.port = 0
        self.connections: list[ServerConnection] = []
        self.seen: list[str | bytes] = []
        self.headers: list[dict[str, str]] = []
        self.greeting: list[str | bytes] = []

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        self.server = await serve(self._handle, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self.server is not None
        self.cut()
        self.server.close()
        await self.server.wait_closed()

    def cut(self) -> None:
        """Cuts every connection without a word."""
        for connection in self.connections:
            connection.transport.abort()
        self.connections.clear()

    async def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.connections.append(connection)
        self.headers.append({k.lower(): v for k, v in connection.request.headers.raw_items()})
        with contextlib.suppress(Exception):
            for message in self.greeting:
                await connection.send(message)
            async for message in connection:
                self.seen.append(message)
                await connection.send(message)


P = TypeVar("P", bound=Peer)


@contextlib.asynccontextmanager
async def running(peer: P) -> AsyncIterator[P]:
    """Runs a server, and stops it whatever happens."""
    await peer.start()
    try:
        yield peer
    finally:
        await peer.stop()


def echo() -> contextlib.AbstractAsyncContextManager[Peer]:
    """Runs a server that echoes."""
    return running(Peer())


class Program:
    """The command `everlink`, with what it printed first."""

    def __init__(self, *arguments: str, says: str) -> None:
        binary = os.environ.get("EVERLINK_BIN", "everlink")
        self.process = subprocess.Popen(
            [binary, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        told = ""
        for line in self.process.stdout:
            told += line
            if found := re.search(says, line):
                self.found = found
                return
        raise AssertionError(f"`everlink {' '.join(arguments)}` ended, and said {told!r}")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def everlink_server() -> Iterator[str]:
    """Runs `everlink serve`; gives its URL."""
    program = Program(
        "serve", "--memory", "--listen", "127.0.0.1:0", says=r"serving (ws://\S+)"
    )
    yield program.found[1]
    program.stop()


class Chaos:
    """A proxy that breaks connections when told to."""

    def __init__(self, port: int) -> None:
        self.program = Program(
            "chaos", "--to", f"127.0.0.1:{port}", "--control", "--json", says=r"^\{.*started.*"
        )
        told = json.loads(self.program.found[0])
        self.address: str = told["listen"]
        self.control: str = told["control"].rstrip("/")

    def ask(self, method: str, path: str, body: object = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()


def script(text: str, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Runs a program of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", text, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        **more,
    )
