"""The settings, made from the table that the Rust side uses. Times are seconds."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

Profile: TypeAlias = Literal["standard", "chat_bot", "chat_page", "rooms", "messenger", "market_feed"]
Dialect: TypeAlias = Literal["plain", "json", "chat_text", "exchange", "everlink", "socketio"]


class Settings(TypedDict, total=False):
    """Every setting by its key."""

    backoff_min: float
    backoff_max: float
    attempts_max: int | None
    stale_after: float | None
    connect_timeout: float
