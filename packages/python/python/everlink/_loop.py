"""Between one event loop and the thread that does the network: a bell, rung once for all that is ready."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from . import _logging
from ._everlink import Asked, Bell, Operation, forked
from .errors import WrongLoop

Answerer = Callable[[Asked], Awaitable[None]]

_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopBell] = WeakKeyDictionary()


class LoopBell:
    """What waits on one event loop, by token."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # No reference to the loop is kept: it would keep itself alive.
        self.core = Bell()
        self.pid = os.getpid()
        self.answerers: dict[int, Answerer] = {}
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._tasks: set[asyncio.Future[None]] = set()
        self._looked = 0.0
        loop.add_reader(self.core.fileno(), self._rung)

    async def wait(self, token: int) -> None:
        """Waits until the token is ready; several may wait for one."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._waiting.setdefault(token, [])
        waiters.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future in waiters:
                waiters.remove(future)
            raise

    async def run(self, operation: Operation) -> Any:
        """Carries an operation out; cancelling drops it."""
        while (done := operation.poll()) is None:
            await self.wait(operation.token)
        return done[0]

    def _rung(self) -> None:
        ready, asked = self.core.take()
        for token in ready:
            for future in self._waiting.pop(token, ()):
                if not future.done():
                    future.set_result(None)
        for request in asked:
            self._answer(request)
        now = time.monotonic()
        if now - self._looked >= 1.0:
            self._looked = now
            _logging.refresh()

    def _answer(self, request: Asked) -> None:
        answerer = self.answerers.get(request.source)
        if answerer is None:
            request.fail("the client that asked is gone")
            return
        task = asyncio.ensure_future(answerer(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def current() -> LoopBell:
    """Returns the bell of the running event loop."""
    loop = asyncio.get_running_loop()
    bell = _bells.get(loop)
    if bell is None or bell.pid != os.getpid():
        bell = _bells[loop] = LoopBell(loop)
        _logging.start()
    return bell


def check(bell: LoopBell) -> None:
    """Refuses to use a thing on another loop than that on which it was made."""
    if bell.pid != os.getpid():
        raise WrongLoop(
            "the client was made before a fork; accepted: a client that this process has made itself"
        )
    if _bells.get(asyncio.get_running_loop()) is not bell:
        raise WrongLoop(
            "the client belongs to another event loop; accepted: the loop on which `connect` was called"
        )


os.register_at_fork(after_in_child=forked)
