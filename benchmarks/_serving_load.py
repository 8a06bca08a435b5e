"""A closed loop of requests over plain sockets: so many connections, each with one request at a time.

    python benchmarks/_serving_load.py PORT CONNECTIONS SECONDS < record.json

Prints one line of JSON: requests, errors, seconds, and every latency in ms.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

WARM = 0.5  # seconds that are not counted


async def _connection(port: int, request: bytes, until: float, told: list[float], errors: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin = time.perf_counter() + WARM
    while (now := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            errors.append(head[:40].decode())
        elif now >= begin:
            told.append(1000 * (time.perf_counter() - now))
    writer.close()


async def _load(port: int, connections: int, seconds: float, body: bytes) -> dict[str, object]:
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    told: list[float] = []
    errors: list[str] = []
    until = time.perf_counter() + WARM + seconds
    request = head.encode() + body
    await asyncio.gather(*(_connection(port, request, until, told, errors) for _ in range(connections)))
    return {"requests": len(told), "errors": len(errors), "seconds": seconds, "ms": told}


if __name__ == "__main__":
    said = asyncio.run(
        _load(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.stdin.buffer.read().strip())
    )
    print(json.dumps(said))
