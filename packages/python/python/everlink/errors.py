"""What can go wrong with a call, with fields that say what, where, the value and what is accepted.

A lost connection is no error but an event: the client comes back by itself.
"""

from __future__ import annotations

from dataclasses import dataclass


class EverlinkError(Exception):
    """The base of all errors of this package: the call failed, and changed nothing."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the settings."""

    text: str
    """The whole sentence."""
    setting: str | None = None
    """Which setting, where one can be named."""
    value: str | None = None
    """The value as it was given; `None` where it may hold a secret or is not known."""
    accepted: str | None = None
    """What is accepted."""


class SettingsError(EverlinkError, ValueError):
    """Settings that cannot be used; all that is wrong is told at once."""

    problems: tuple[Problem, ...]
    """Everything that is wrong."""

    def __init__(self, text: str, problems: list[tuple[str, str | None, str | None, str | None]]):
        super().__init__(text)
        self.problems = tuple(Problem(*problem) for problem in problems)

    @property
    def setting(self) -> str | None:
        """The first setting that cannot be used."""
        return self.problems[0].setting if self.problems else None

    @property
    def value(self) -> str | None:
        """Its value."""
        return self.problems[0].value if self.problems else None

    @property
    def accepted(self) -> str | None:
        """What is accepted for it."""
        return self.problems[0].accepted if self.problems else None


class ConnectError(EverlinkError, ConnectionError):
    """The connection was given up: trying again by itself would not help, or attempts are spent.

    `Client.reconnect` tries again at once.
    """

    reason: str
    """The family: `dns`, `network`, `tls`, `http`, `unauthorized`, `closed` and so on."""
    cause: str
    """The cause within it, such as `refused` or `http_status`."""
    code: int | None
    """The HTTP status, close code or reply code, where the cause has one."""

    def __init__(self, text: str, reason: str = "local", cause: str = "local", code: int | None = None):
        super().__init__(text)
        self.reason = reason
        self.cause = cause
        self.code = code


class ClientClosed(EverlinkError, ConnectionError):
    """The client was closed, or is not connected yet: nothing more comes, and nothing is taken."""


class SendError(EverlinkError):
    """A message that was not taken."""

    reason: str
    """`full`, `too_big`, `not_connected`, `closed`, `dialect`, `payload`, `channel` or `storage`."""

    def __init__(self, text: str, reason: str = "dialect"):
        super().__init__(text)
        self.reason = reason


class QueueFull(SendError):
    """The outbox is full, and the policy does not wait."""

    def __init__(self, text: str, reason: str = "full"):
        super().__init__(text, reason)


class PublishError(EverlinkError):
    """A message that will not be in its channel's log."""

    reason: str
    """`refused`, `dropped` or `closed`."""
    code: int | None
    """The server's code, where it refused."""

    def __init__(self, text: str, reason: str = "closed", code: int | None = None):
        super().__init__(text)
        self.reason = reason
        self.code = code


class SubscribeError(EverlinkError):
    """A channel that was not taken."""


class HistoryError(EverlinkError):
    """A page of history that did not come."""

    reason: str
    """`not_asked`, `dialect`, `channel`, `limit`, `refused`, `lost` or `timed_out`."""
    code: int | None
    """The server's code, where it refused."""

    def __init__(self, text: str, reason: str = "lost", code: int | None = None):
        super().__init__(text)
        self.reason = reason
        self.code = code


class WrongLoop(EverlinkError, RuntimeError):
    """The client belongs to another event loop, or to the process before a fork."""
