"""A model over HTTP: one app, in this process under uvicorn or in replicas under Ray Serve.

- `make_app` (app): the routes. `Settings` (settings): limits, log, who may ask. `ModelSource` (source): where it comes from.
- engine: answers batches and changes versions; batching: collects requests; explanation, feedback, records, bodies.
- guard: hosts, tokens, rates, headers; refusals: what is answered otherwise; metrics: for Prometheus.
- request_log, served_log: what the monitor reads. page/: the pages at / and /docs.
- uvicorn_server, ray_serve: the two ways to run it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from deploy.serving.settings import Settings, is_loopback, read_token
from deploy.serving.source import Loaded, ModelSource

if TYPE_CHECKING:
    from deploy.serving.app import make_app

__all__ = ["Loaded", "ModelSource", "Settings", "is_loopback", "make_app", "read_token"]


def __getattr__(name: str) -> Any:
    """`make_app` is loaded when it is used: FastAPI takes its time."""
    if name == "make_app":
        return importlib.import_module("deploy.serving.app").make_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
