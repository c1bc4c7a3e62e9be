"""Names of types that many modules use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

Message: TypeAlias = str | bytes
"""One WebSocket message: `str` for text, `bytes` for binary."""

State: TypeAlias = Literal[
    "closed", "connecting", "connected", "disconnected", "reconnecting", "error"
]
"""The six states of a connection; `error` means that it was given up."""

Quality: TypeAlias = Literal["excellent", "good", "poor", "unusable"]
"""How good a connection is, from its smoothed round trip."""

Guarantee: TypeAlias = Literal["exactly_once", "at_least_once", "best_effort"]
"""What may be promised about delivery."""

Policy: TypeAlias = Literal["configured", "wait", "fail", "drop_oldest", "volatile"]
"""What becomes of a message when the outbox is full; `configured` is the setting `overflow`."""

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
"""A value that was read from JSON."""

JsonInput: TypeAlias = (
    "None | bool | int | float | str | Sequence[JsonInput] | Mapping[str, JsonInput]"
)
"""A value that can be said in JSON."""
