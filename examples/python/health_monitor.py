"""Shows a connection to Prometheus: `python health_monitor.py URL [PORT] [SECONDS]`, then `/metrics` there."""

import asyncio
import sys

import everlink

GAUGES = {
    "connected": "Whether the connection stands",
    "reconnects": "How often a lost connection came back",
    "attempts": "Retries since the connection was last stable",
    "latency": "Smoothed round trip in seconds",
    "success_rate": "Recent attempts that succeeded, from 0 to 1",
    "uptime": "Seconds connected",
    "downtime": "Seconds wanted but not connected",
    "queued_messages": "Messages that wait to be sent",
}


def metrics(client: everlink.Client) -> str:
    """Writes the text format of Prometheus."""
    info = client.info()
    lines: list[str] = []
    for name, meaning in GAUGES.items():
        value = getattr(info, name)
        if value is not None:
            lines += [f"# HELP everlink_{name} {meaning}.", f"# TYPE everlink_{name} gauge"]
            lines.append(f"everlink_{name} {float(value):g}")
    lines.append(f'everlink_quality{{quality="{info.quality}"}} 1')
    return "\n".join(lines) + "\n"


async def main(url: str, port: int, seconds: float) -> None:
    async with everlink.connect(url) as client:

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line = await reader.readline()
            found = line.startswith(b"GET /metrics ")
            body = (metrics(client) if found else "not found; accepted: /metrics\n").encode()
            status = "200 OK" if found else "404 Not Found"
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", port)
        port = server.sockets[0].getsockname()[1]
        print(f"http://127.0.0.1:{port}/metrics", flush=True)
        async with server:
            await asyncio.sleep(seconds)


if __name__ == "__main__":
    given = sys.argv[2:]
    asyncio.run(
        main(sys.argv[1], int(given[0]) if given else 9464, float(given[1]) if len(given) > 1 else 3600)
    )
