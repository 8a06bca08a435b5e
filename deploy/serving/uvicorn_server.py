"""The app in this process, under uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn

from deploy.errors import DeployError
from deploy.serving.app import make_app
from deploy.serving.settings import Settings
from deploy.serving.source import ModelSource

__all__ = ["listen", "serve_here"]

GRACE = 30  # seconds that requests which are being answered have left after the first signal


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 = one that the kernel chooses.

    Raises:
        DeployError: the port is taken, or the address is not of this machine.
    """
    listening = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise DeployError(
            f"cannot listen on {host}:{port}: {error.strerror}. Name another: --port 0 takes a free one"
        ) from error
    return listening


def serve_here(
    source: ModelSource, settings: Settings, listening: socket.socket, ready: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM; then what is being answered is answered, and the log is closed.

    Args:
        ready: called once, when the model is loaded and requests are answered.

    Raises:
        DeployError: the model cannot be loaded, or the log not be written.
    """
    app = make_app(source, settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",  # run here, such that its errors come through as they are
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 * 1024,
        ws="none",
        proxy_headers=False,
    )

    async def run() -> None:
        async with app.router.lifespan_context(app):
            await _Server(config, ready).serve([listening])

    asyncio.run(run())


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a stop that was asked for is no error and is not raised again."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
