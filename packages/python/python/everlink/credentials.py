"""What proves who we are, asked for before each attempt."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ._everlink import Asked
from ._kinds import Json


@dataclass(frozen=True, slots=True)
class CredentialsRequest:
    """What an attempt asks of the source of credentials."""

    attempt: int
    """Which retry it is; 0 for the first attempt, and for the successor of a working connection."""
    refresh: bool
    """Whether kept credentials will not do: they were refused, or the machine slept."""
    endpoint: int
    """Which of the client's URLs they are for, from 0."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is shown to the server; no text of it shows a secret."""

    token: str | None = field(default=None, repr=False)
    """A bearer token: in the greeting of `everlink.v1`, as `auth.token` of Socket.IO, else in the
    upgrade request; never in a URL."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Headers of the upgrade request."""
    auth: Mapping[str, Json] | None = field(default=None, repr=False)
    """What a Socket.IO server is shown."""
    expires_in: float | None = None
    """How long they last from now, in seconds; a JWT says so itself."""


Source: TypeAlias = Callable[
    [CredentialsRequest], "Credentials | str | None | Awaitable[Credentials | str | None]"
]
"""A function, sync or async, that is asked before each attempt; a text is a token."""


def answerer(source: Source) -> Callable[[Asked], Awaitable[None]]:
    """Makes what answers the Rust side; a source that fails makes the attempt fail."""

    async def answer(asked: Asked) -> None:
        request = CredentialsRequest(asked.attempt, asked.refresh, asked.endpoint)
        try:
            given = source(request)
            if inspect.isawaitable(given):
                given = await given
            if isinstance(given, str):
                given = Credentials(token=given)
            given = Credentials() if given is None else given
            auth = None if given.auth is None else json.dumps(given.auth)
            asked.answer(given.token, dict(given.headers), auth, given.expires_in)
        except BaseException as error:
            # The text of an error may repeat the secret; its type does not.
            asked.fail(type(error).__name__)
            if not isinstance(error, Exception):
                raise

    return answer
