"""python-socketio's client, told by JSON lines on standard input what to do.

What it hears goes to standard output, a line each. `e2e/node/socket_io_client.js` speaks the same lines.
"""

import asyncio
import base64
import json
import sys

import socketio
from socketio.exceptions import SocketIOError

SOCKETS = {}


def say(socket, event, **fields):
    print(json.dumps({"socket": socket, "event": event, **fields}), flush=True)


def told(value):
    """Bytes cross the lines as `{"$bytes": base64}`."""
    if isinstance(value, list):
        return [told(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    return {name: told(part) for name, part in value.items()}


def shown(value):
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [shown(part) for part in value]
    if isinstance(value, dict):
        return {name: shown(part) for name, part in value.items()}
    return value


class Socket:
    """One client, with the verbs of the lines."""

    def __init__(self, name):
        self.name = name
        # Rooms to stay in, and the place of the last message of each.
        self.places = {}
        self.client = socketio.AsyncClient(
            reconnection_delay=0.05, reconnection_delay_max=0.3, handle_sigint=False
        )
        self.client.on("connect", self.connected)
        self.client.on("disconnect", self.disconnected)
        self.client.on("connect_error", self.refused)
        self.client.on("*", self.heard)

    async def connected(self):
        transport = self.client.transport()
        say(self.name, "connected", id=self.client.get_sid(), recovered=False, transport=transport)
        for room, place in self.places.items():
            await self.client.emit("join", {"room": room, "after": place})

    async def disconnected(self, reason):
        say(self.name, "disconnected", reason=reason)

    async def refused(self, data):
        data = data if isinstance(data, dict) else {"message": data}
        say(self.name, "refused", message=data.get("message"), data=data.get("data"))

    async def heard(self, event, *args):
        say(self.name, "heard", name=event, args=shown(args))
        if event == "message" and args[0]["conversation_id"] in self.places:
            self.places[args[0]["conversation_id"]] = args[0]["sequence_number"]

    async def open(self, url, auth=None, path="/socket.io", transports=None):
        try:
            await self.client.connect(
                url, auth=auth, socketio_path=path, transports=transports, retry=True
            )
        except SocketIOError as error:
            say(self.name, "failed", message=str(error))

    async def emit(self, name, args, ack=None, within_ms=None):
        if ack is None:
            await self.client.emit(name, tuple(told(args)))
            return
        try:
            answer = await self.client.call(name, tuple(told(args)), timeout=within_ms / 1000)
        except SocketIOError as error:
            say(self.name, "acked", ack=ack, error=str(error) or type(error).__name__, args=[])
            return
        # A single argument comes bare, several as a tuple.
        answers = list(answer) if isinstance(answer, tuple) else [answer]
        say(self.name, "acked", ack=ack, error=None, args=shown(answers))

    async def publish(self, room, author, **numbers):
        """Says numbered messages to a room in turn, each again until it is acknowledged."""
        for number in range(numbers["from"], numbers["to"] + 1):
            message = {"room": room, "id": f"{author}-{number}", "text": f"{author} {number}"}
            while not await self.is_stored(message, numbers["within_ms"]):
                # It does not say when it will be back: asked again until it is.
                await asyncio.sleep(0.02)
        say(self.name, "published", to=numbers["to"])

    async def is_stored(self, message, within_ms):
        try:
            await self.client.call("message", message, timeout=within_ms / 1000)
            return True
        except SocketIOError:
            # It may be all the same: its name keeps it from being stored twice.
            return False

    async def follow(self, room):
        """Stays in a room: joins it where it was at each connect, since every one is a fresh session."""
        self.places[room] = 0
        await self.client.emit("join", {"room": room, "after": 0})

    async def drop(self):
        await self.client.eio.disconnect(abort=True)

    async def disconnect(self):
        await self.client.disconnect()


async def main():
    lines = asyncio.StreamReader(limit=1 << 22)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    tasks = set()
    while line := await lines.readline():
        command = json.loads(line)
        name, verb = command.pop("socket"), command.pop("do")
        if name not in SOCKETS:
            SOCKETS[name] = Socket(name)
        task = asyncio.create_task(getattr(SOCKETS[name], verb)(**command))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run(main())
