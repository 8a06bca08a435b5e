"""The app in replicas under Ray Serve: one proxy takes the requests, each replica has a model of its own."""

from __future__ import annotations

import logging
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from deploy.errors import DeployError
from deploy.serving.metrics import SHARED
from deploy.serving.settings import Settings
from deploy.serving.source import ModelSource
from deploy.serving.uvicorn_server import listen
from search.errors import RunnerError
from search.resources import Resources
from search.runners.ray_tune.cluster import cluster

__all__ = ["NAME", "serve_on_ray"]

NAME = "tuneyard"
"""Of the application, as Ray's own tools show it."""

_ONGOING = 1_000  # requests that a replica takes at a time: the batcher bounds what waits, and says so
_GRACE = 30.0  # seconds that requests which are being answered have left


def serve_on_ray(
    source: ModelSource,
    settings: Settings,
    port: int,
    replicas: int,
    ready: Callable[[int], None],
) -> None:
    """Serve from a local Ray of its own until SIGINT or SIGTERM; then what is being answered is answered.

    A replica that dies is started again by Ray; what it was answering gets an error, the others go on. The rate limit and
    the queue are each replica's own, so they are divided among them. `/metrics` answers for all of them.

    Args:
        source: each replica loads its model from there, and follows a registry by itself.
        port: 0 = one that is free.
        ready: called with the port once every replica answers.

    Raises:
        DeployError: the port is taken, or the replicas do not come up.
    """
    listening = listen(
        settings.host, port
    )  # says what is wrong with the port, and keeps it until Ray wants it
    port = listening.getsockname()[1]
    with (
        _stopping() as stop,
        tempfile.TemporaryDirectory(prefix="tuneyard-serve-") as figures,
        _local_ray(replicas) as serve,
    ):
        own = replace(
            settings,
            rate=settings.rate / replicas,
            queue_rows=max(settings.rows, settings.queue_rows // replicas),
        )
        deployment = serve.deployment(serve.ingress(_builder(source, own))()).options(
            name=NAME,
            num_replicas=replicas,
            max_ongoing_requests=_ONGOING,
            graceful_shutdown_timeout_s=_GRACE,
            health_check_period_s=2.0,
            health_check_timeout_s=10.0,
            ray_actor_options={"num_cpus": 1, "runtime_env": {"env_vars": {SHARED: figures}}},
        )
        listening.close()
        try:
            serve.start(
                proxy_location="HeadOnly",
                http_options={
                    "host": settings.host,
                    "port": port,
                    "request_timeout_s": settings.patience + 5,
                },
                logging_config={"log_level": "ERROR", "enable_access_log": False},
            )
            serve.run(deployment.bind(), name=NAME, route_prefix="/")
        except RuntimeError as error:
            raise DeployError(
                f"the replicas did not come up: {str(error).splitlines()[0]}. --runner uvicorn says more"
            ) from error
        if not stop.is_set():
            ready(port)
            stop.wait()
        serve.delete(NAME)  # waits for what is being answered
        serve.shutdown()


def _builder(source: ModelSource, settings: Settings) -> Callable[[], Any]:
    """What a replica calls when it starts."""

    def build() -> Any:
        from deploy.serving.app import make_app

        _keep_to_loopback()
        return make_app(source, settings)

    return build


def _keep_to_loopback() -> None:
    """Have this replica's gRPC server, by which deployments call each other, listen on 127.0.0.1.

    Ray 2.60 binds it to every interface, without a token, and unpickles what it is sent. The replica starts it after the
    app was built, by this name in its module; tests list the sockets.
    """
    from ray.serve._private import replica

    bind = replica.add_port_to_grpc_server

    def bind_here(server: Any, address: str) -> Any:
        return bind(server, address.replace("[::]", "127.0.0.1"))

    replica.add_port_to_grpc_server = bind_here


@contextmanager
def _local_ray(replicas: int) -> Iterator[Any]:
    """`ray.serve` on a Ray of our own that listens on loopback only."""
    try:
        with cluster(None, replicas + 1, Resources()):
            from ray import serve

            logging.getLogger("ray.serve").setLevel(logging.ERROR)
            yield serve
    except RunnerError as error:
        raise DeployError(str(error).replace("--runner inline", "--runner uvicorn")) from error


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Set by the first SIGINT or SIGTERM."""
    stop = threading.Event()
    both = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in both}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
