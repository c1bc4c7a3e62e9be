"""What becomes of what is sent."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

from . import _everlink
from ._loop import LoopBell, check


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message."""

    outcome: Literal["written", "acknowledged", "dropped"]
    """`written`: with the operating system, which is all that is known of a peer that does not
    acknowledge; `acknowledged`: the server has it; `dropped`: it will not be sent."""
    offset: int | None = None
    """The offset of the last message that was acknowledged with it, where that is known."""
    why: str | None = None
    """Why it was dropped: `oldest`, `coalesced`, `volatile`, `cleared`, `refused`, `too_big` or
    `withdrawn`."""
    code: int | None = None
    """The server's code, where it refused."""

    @property
    def is_sent(self) -> bool:
        """Whether it was written or acknowledged."""
        return self.outcome != "dropped"


class Ticket:
    """The fate of one message: await it, or ignore it. Cancelling takes nothing back."""

    __slots__ = ("_bell", "_core", "_result")

    def __init__(self, bell: LoopBell, core: _everlink.Ticket) -> None:
        self._bell = bell
        self._core = core
        self._result: Delivery | None = None

    @property
    def id(self) -> int:
        """The message's number, which events such as `InDoubt` name."""
        return self._core.id

    def withdraw(self) -> None:
        """Takes the message back if it was never handed to a connection; else it goes its way."""
        self._core.withdraw()

    def __await__(self) -> Generator[Any, None, Delivery]:
        return self._wait().__await__()

    async def _wait(self) -> Delivery:
        check(self._bell)
        if self._result is None:
            self._result = Delivery(*await self._bell.run(self._core.operation()))
        return self._result


class Ack:
    """The acknowledgement of one published message: await it, or ignore it.

    Awaiting gives the offset in the channel's log, or `None` where the server does not know it any
    more, and raises `PublishError` for a message that will not be in the log.
    """

    __slots__ = ("_bell", "_core")

    def __init__(self, bell: LoopBell, core: _everlink.Ticket) -> None:
        self._bell = bell
        self._core = core

    @property
    def id(self) -> int:
        """The message's number, which events such as `MaybeDoubled` name."""
        return self._core.id

    def withdraw(self) -> None:
        """Takes the message back if it was never handed to a connection; else it goes its way."""
        self._core.withdraw()

    def __await__(self) -> Generator[Any, None, int | None]:
        return self._wait().__await__()

    async def _wait(self) -> int | None:
        check(self._bell)
        offset: int | None = await self._bell.run(self._core.operation())
        return offset
