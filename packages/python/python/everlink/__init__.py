"""WebSocket connections that do not break.

    async with everlink.connect("wss://example.com/ws") as client:
        await client.send("hello")
        async for message in client:
            print(message)

The connection reconnects, keeps what is sent while it is down, subscribes again, notices silence, and
says honestly what it cannot promise. Times are seconds, as everywhere in asyncio.
"""

from . import bot, errors, events, feed, settings, streams
from ._everlink import __version__
from ._kinds import Guarantee, Json, Message, Policy, Quality, State
from ._logging import refresh as refresh_logging
from .client import Client, connect
from .credentials import Credentials, CredentialsRequest
from .delivery import Ack, Delivery, Ticket
from .errors import (
    ClientClosed,
    ConnectError,
    EverlinkError,
    HistoryError,
    Problem,
    PublishError,
    QueueFull,
    SendError,
    SettingsError,
    SubscribeError,
    WrongLoop,
)
from .events import Event
from .info import ConnectionInfo, Failure
from .pool import Pool
from .settings import Dialect, Profile, Settings
from .streams import (
    ChannelEvent,
    ChannelFlow,
    Events,
    Gap,
    HistoryPage,
    LogMessage,
    Refused,
    Retained,
    Subscription,
    Volatile,
)

__all__ = [
    "Ack",
    "ChannelEvent",
    "ChannelFlow",
    "Client",
    "ClientClosed",
    "ConnectError",
    "ConnectionInfo",
    "Credentials",
    "CredentialsRequest",
    "Delivery",
    "Dialect",
    "Event",
    "Events",
    "EverlinkError",
    "Failure",
    "Gap",
    "Guarantee",
    "HistoryError",
    "HistoryPage",
    "Json",
    "LogMessage",
    "Message",
    "Policy",
    "Pool",
    "Problem",
    "Profile",
    "PublishError",
    "Quality",
    "QueueFull",
    "Refused",
    "Retained",
    "SendError",
    "Settings",
    "SettingsError",
    "State",
    "SubscribeError",
    "Subscription",
    "Ticket",
    "Volatile",
    "WrongLoop",
    "__version__",
    "connect",
    "bot",
    "errors",
    "events",
    "feed",
    "refresh_logging",
    "settings",
    "streams",
]
