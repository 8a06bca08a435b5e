"""Counts and times for Prometheus.

Several replicas on one machine share files in the folder that `PROMETHEUS_MULTIPROC_DIR` names, so that whichever of
them is asked answers for all, and what a killed one had counted is not lost.
"""

from __future__ import annotations

import os

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["SHARED", "Metrics"]

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable of the environment; prometheus_client reads it when it is imported."""

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """The figures of one server; each has its own registry, so that a process may hold several servers."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        own = self._registry
        self._requests = Counter(
            "tuneyard_requests_total", "Requests answered.", ("path", "status"), registry=own
        )
        self._seconds = Histogram(
            "tuneyard_request_seconds",
            "From a request's head to its answer.",
            ("path",),
            buckets=_SECONDS,
            registry=own,
        )
        self._rows = Counter("tuneyard_rows_total", "Rows predicted.", ("version",), registry=own)
        self._refused = Counter(
            "tuneyard_rows_refused_total", "Rows that broke the schema.", ("field",), registry=own
        )
        self._batches = Histogram(
            "tuneyard_batch_rows", "Rows of one call of the model.", buckets=_ROWS, registry=own
        )
        self._model_seconds = Histogram(
            "tuneyard_batch_seconds",
            "One call of the model, checks included.",
            buckets=_SECONDS,
            registry=own,
        )
        self._reloads = Counter(
            "tuneyard_reloads_total", "New versions loaded, or not.", ("outcome",), registry=own
        )
        self._unlogged = Counter(
            "tuneyard_log_failures_total", "Answers that could not be logged.", registry=own
        )
        self._loaded = Gauge(
            "tuneyard_model_loaded",
            "1 for the version that answers.",
            ("model", "version"),
            multiprocess_mode="livemostrecent",
            registry=own,
        )

    def answered(self, path: str, status: int, seconds: float) -> None:
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def batch(self, version: str, rows: int, seconds: float) -> None:
        self._rows.labels(version).inc(rows)
        self._batches.observe(rows)
        self._model_seconds.observe(seconds)

    def refused(self, field: str) -> None:
        """A row broke the rule of a field of the schema (never a name that a client made up)."""
        self._refused.labels(field).inc()

    def reloaded(self, outcome: str) -> None:
        self._reloads.labels(outcome).inc()

    def unlogged(self) -> None:
        self._unlogged.inc()

    def loaded(self, model: str, version: str, before: str | None = None) -> None:
        if before is not None:
            self._loaded.labels(model, before).set(0)
        self._loaded.labels(model, version).set(1)

    def text(self) -> bytes:
        """Prometheus' text format."""
        if os.environ.get(SHARED):
            shared = CollectorRegistry()
            MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
            return generate_latest(shared)
        return generate_latest(self._registry)
