"""What both Python servers say and record; each of them only carries it.

A server echoes every message, answers the application's ping, and confirms subscriptions. What it saw goes to
standard output, one JSON object a line, so that a test can look at a connection from the other side.
"""

import argparse
import asyncio
import json
import os
import sys
import threading
import time

STARTED = time.monotonic()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--push-every", type=int, metavar="MS", help="sends a numbered tick to everyone")
    return parser.parse_args()


def record(event, **fields):
    at_ms = int((time.monotonic() - STARTED) * 1000)
    print(json.dumps({"event": event, "at_ms": at_ms, **fields}), flush=True)


def leave_with_parent():
    """Ends this process once the test that started it is gone, however it went."""

    def watch():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


class Conversation:
    """One connection, seen from the server."""

    count = 0

    def __init__(self, path):
        Conversation.count += 1
        self.connection = Conversation.count
        record("open", connection=self.connection, path=path)

    def answer(self, message):
        """Returns what to send back for one message."""
        request = self._request(message)
        if request.get("type") == "ping":
            record("ping", connection=self.connection)
            return json.dumps({"type": "pong"})
        word = str(request.get("op") or request.get("method") or "").lower()
        if word in ("subscribe", "unsubscribe"):
            record(word, connection=self.connection, request=request)
            return json.dumps({"result": None, "id": request.get("id")})
        if isinstance(message, str):
            record("message", connection=self.connection, text=message, bytes=len(message.encode()))
        else:
            record("message", connection=self.connection, text=None, bytes=len(message))
        return message

    def close(self, code):
        record("close", connection=self.connection, code=code)

    @staticmethod
    def _request(message):
        if not isinstance(message, str):
            return {}
        try:
            request = json.loads(message)
        except ValueError:
            return {}
        return request if isinstance(request, dict) else {}


async def push(every_ms, send):
    """Gives `send` a numbered tick at each interval, for ever."""
    number = 0
    while True:
        await asyncio.sleep(every_ms / 1000)
        number += 1
        await send(json.dumps({"type": "tick", "n": number}))
