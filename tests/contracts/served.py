"""A small real model behind the app: penguins by scikit-learn, with the interface of `deploy.model.Model`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy.model import Prediction
from deploy.reference import Distribution, Reference
from deploy.schema import Column, Schema

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'tuneyard[serve]'")
palmerpenguins = pytest.importorskip("palmerpenguins", reason="needs the package palmerpenguins")

import httpx  # noqa: E402
from anyio.from_thread import BlockingPortal, start_blocking_portal  # noqa: E402

from deploy.serving import Loaded, ModelSource, Settings  # noqa: E402
from deploy.serving.app import make_app  # noqa: E402

__all__ = ["PENGUIN", "Client", "FixedSource", "Penguins", "client_of"]

PENGUIN = {
    "bill_length_mm": 39.1,
    "bill_depth_mm": 18.7,
    "flipper_length_mm": 181.0,
    "island": "Torgersen",
}
_NUMBERS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm")
_FIRST = "a" * 8


class Penguins:
    """Logistic regression on three numbers and the island; `weight` of the numbers makes versions differ."""

    name = "penguins"

    def __init__(self, version: str = _FIRST, weight: float = 1.0) -> None:
        self.version, self._weight = version, weight
        frame, self._classifier = _trained()
        numbers = [
            Column(
                name, "number", name == "bill_depth_mm", float(frame[name].min()), float(frame[name].max())
            )
            for name in _NUMBERS
        ]
        islands = tuple(sorted(set(frame["island"])))
        columns = (*numbers, Column("island", "category", labels=islands))
        self.schema = Schema(
            "table", columns, (), "classification", tuple(self._classifier.classes_), "species"
        )
        self.calls: list[int] = []
        self.reference = Reference(
            tuple(
                Distribution.of(column.name, frame[column.name].to_numpy()) for column in self.schema.columns
            ),
            (),
        )

    def predict(self, raw: Any) -> Any:
        self.calls.append(len(raw))
        shares = self._classifier.predict_proba(_matrix(raw, self._weight))
        return Prediction(
            labels=np.array(self.schema.labels)[shares.argmax(axis=1)], probabilities=shares, values=None
        )


class FixedSource(ModelSource):
    """A model that is in memory; `promote` puts another one in its place, as a registry does."""

    def __init__(self, model: Any) -> None:
        super().__init__(Path())
        self._models = [model]

    def promote(self, model: Any) -> None:
        self._models.append(model)

    def state(self) -> tuple[int, ...]:
        return (len(self._models),)

    def load(self) -> Loaded:
        if isinstance(self._models[-1], Exception):
            raise self._models[-1]
        return Loaded(self._models[-1], self._models[-1].version, self.path)


class Client:
    """Asks an app that runs in a thread of its own; what it answers is an `httpx.Response`."""

    def __init__(self, app: Any, portal: BlockingPortal) -> None:
        self.app, self.portal = app, portal
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")

    def request(self, method: str, url: str, **content: Any) -> httpx.Response:
        return self.portal.call(lambda: self._client.request(method, url, **content))

    def get(self, url: str, **content: Any) -> httpx.Response:
        return self.request("GET", url, **content)

    def post(self, url: str, **content: Any) -> httpx.Response:
        return self.request("POST", url, **content)

    def post_together(self, url: str, bodies: Sequence[Any]) -> list[httpx.Response]:
        """All at the same time."""

        async def ask() -> list[httpx.Response]:
            return await asyncio.gather(*(self._client.post(url, json=body) for body in bodies))

        return self.portal.call(ask)


@contextmanager
def client_of(source: ModelSource, **settings: Any) -> Iterator[Client]:
    """A client of the app in this process, from loopback; `settings`: of `Settings`."""
    app = make_app(source, Settings(**settings))
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        yield Client(app, portal)


@cache
def _trained() -> tuple[Any, Any]:
    from sklearn.linear_model import LogisticRegression

    frame = palmerpenguins.load_penguins().dropna(subset=[*_NUMBERS])
    return frame, LogisticRegression(max_iter=2000).fit(_matrix(frame, 1.0), frame["species"])


def _matrix(frame: Any, weight: float) -> Any:
    numbers = frame[list(_NUMBERS)].fillna(17.0).to_numpy(float) * weight
    return np.column_stack([numbers, (frame["island"] == "Biscoe").to_numpy(float)])
