"""The model behind the app: answers batches of requests, and changes to a new version between two of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from deploy.reference import columns_of
from deploy.serving.batching import Batcher
from deploy.serving.metrics import Metrics
from deploy.serving.refusals import Refusal
from deploy.serving.settings import Settings
from deploy.serving.source import Loaded, ModelSource

if TYPE_CHECKING:
    from deploy.model import Model, Prediction
    from deploy.schema import Fault, Schema

__all__ = ["Answer", "Engine", "answer_all", "refused", "rows_of"]

_log = logging.getLogger("tuneyard.serve")


@dataclass(frozen=True)
class Answer:
    """What the rows of one request were answered by one version of the model.

    Attributes:
        loaded: that version.
        rows: see `rows_of`.
        watched: what `deploy.reference.columns_of` watches of each row, and of a text model the `text` as it was read; None
            where missing.
    """

    loaded: Loaded
    rows: list[dict[str, Any]]
    watched: list[dict[str, Any]]


class Engine:
    """Holds the model that answers. Its verbs run in the event loop, the model itself in the batcher's thread.

    A new version is loaded beside the old one and takes its place between two batches, so no request sees half of a
    change. One that cannot be loaded is logged and counted, and the old one goes on.
    """

    def __init__(self, source: ModelSource, settings: Settings, metrics: Metrics) -> None:
        self._source, self._settings, self._metrics = source, settings, metrics
        self._loaded: Loaded | None = None
        self._state: tuple[int, ...] = ()
        self._batcher = Batcher(
            self._work, settings.batch_wait_ms / 1000, settings.batch_rows, settings.queue_rows
        )
        self._watch: asyncio.Task[None] | None = None
        self.problem: str | None = None
        """Why the newest version could not be loaded; None where it was."""

    @property
    def loaded(self) -> Loaded:
        """The version that answers.

        Raises:
            Refusal: none is there yet, or no more (503).
        """
        if self._loaded is None:
            raise Refusal(503, "no model is loaded; send it again", headers={"Retry-After": "1"})
        return self._loaded

    @property
    def fields(self) -> frozenset[str]:
        """What the columns of a record are called."""
        return frozenset(column.name for column in self.loaded.model.schema.columns)

    async def start(self) -> None:
        """Load the model and begin to answer.

        Raises:
            DeployError: it cannot be loaded.
        """
        self._state = self._source.state()
        self._loaded = await asyncio.to_thread(self._source.load)
        self._metrics.loaded(self._loaded.model.name, self._loaded.version)
        self._batcher.start()
        self._watch = asyncio.get_running_loop().create_task(self._watch_source())

    async def close(self) -> None:
        """Answer what waits, then end."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await self._batcher.close()

    def opened(self) -> contextlib.AbstractContextManager[None]:
        """A request is on its way; see `Batcher`."""
        return self._batcher.opened()

    async def predict(self, records: Sequence[Any]) -> Answer:
        """The answer to the records of one request.

        Raises:
            Refusal: rows that break the schema (422), too much waits (503), it takes too long (504).
        """
        answer: Answer = await self._within(self._batcher.compute(records))
        return answer

    async def with_model(self, work: Callable[[Model], Any]) -> Any:
        """Something else than predictions, between two batches.

        Raises:
            Refusal: it takes too long (504), or what `work` raises.
        """
        model = self.loaded.model
        return await self._within(self._batcher.in_thread(lambda: work(model)))

    async def _within(self, waiting: Any) -> Any:
        try:
            async with asyncio.timeout(self._settings.patience):
                return await waiting
        except TimeoutError:
            raise Refusal(504, f"there was no answer within {self._settings.patience:g} s") from None

    def _work(self, requests: Sequence[Sequence[Any]]) -> Sequence[Answer | Exception]:
        loaded, began = self.loaded, time.perf_counter()
        try:
            answers = answer_all(loaded, requests)
        except Exception as error:
            if len(requests) == 1:
                return [error]
            return [
                self._alone(loaded, each) for each in requests
            ]  # who is to blame pays, not its neighbours
        predicted = sum(len(each.rows) for each in answers if isinstance(each, Answer))
        self._metrics.batch(loaded.version, predicted, time.perf_counter() - began)
        return answers

    @staticmethod
    def _alone(loaded: Loaded, records: Sequence[Any]) -> Answer | Exception:
        try:
            return answer_all(loaded, [records])[0]
        except Exception as error:
            return error

    async def _watch_source(self) -> None:
        while True:
            await asyncio.sleep(self._settings.reload)
            try:
                state = self._source.state()
            except OSError as error:  # the storage is away for a moment: it is looked at again
                _log.warning("%s cannot be looked at: %s", self._source.path, error.strerror)
                continue
            if state != self._state:
                self._state = state
                await self._reload()

    async def _reload(self) -> None:
        before = self.loaded
        try:
            registry = before.folder != self._source.path
            if registry and await asyncio.to_thread(self._source.folder) == before.folder:
                self.problem = None  # what could not be loaded is in production no more
                return
            fresh = await asyncio.to_thread(self._source.load)
        except Exception as error:  # whatever is wrong with it: the old one goes on answering
            self.problem = f"the newest version could not be loaded, {before.version} goes on: {error}"
            self._metrics.reloaded("failed")
            _log.error("%s", self.problem)
            return
        self.problem = None
        if fresh.version == before.version:
            return
        self._loaded = fresh
        self._metrics.reloaded("loaded")
        self._metrics.loaded(fresh.model.name, fresh.version, before.version)
        _log.warning("version %s answers from now on, instead of %s", fresh.version, before.version)


def answer_all(loaded: Loaded, requests: Sequence[Sequence[Any]]) -> list[Answer | Exception]:
    """One call of the model for the records of several requests; a request with a wrong row is refused by itself.

    The rows of a series that is forecast belong together, so there each request is a call of its own.
    """
    if loaded.model.schema.task == "forecasting":
        return [_forecast(loaded, request) for request in requests]
    raw, faults = _checked(loaded.model.schema, requests)
    wrong = {fault.row for fault in faults}
    good = iter(_computed(loaded.model, raw) if len(wrong) < sum(map(len, requests)) else [])
    answers: list[Answer | Exception] = []
    begin = 0
    for request in requests:
        end = begin + len(request)
        own = [next(good) for row in range(begin, end) if row not in wrong]
        if len(own) == len(request):
            answers.append(Answer(loaded, [told for told, _ in own], [seen for _, seen in own]))
        else:
            answers.append(refused([fault for fault in faults if begin <= fault.row < end], begin))
        begin = end
    return answers


def _checked(schema: Schema, requests: Sequence[Sequence[Any]]) -> tuple[Any, list[Fault]]:
    """`Schema.check` of all records together; of dates by request, as how one is spelt follows from those beside it."""
    if not any(column.kind == "date" for column in schema.columns):
        return schema.check([record for request in requests for record in request])
    import pandas as pd

    frames: list[Any] = []
    faults: list[Fault] = []
    begin = 0
    for request in requests:
        frame, own = schema.check(request)
        frames.append(frame)
        faults += [replace(fault, row=fault.row + begin) for fault in own]
        begin += len(request)
    return pd.concat(frames, ignore_index=True), faults


def _computed(model: Model, raw: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """For each row what it is answered, and what is watched of it; of a series for its last rows only."""
    told = rows_of(model.predict(raw), model.schema.labels)
    columns = {name: values.tolist() for name, values in columns_of(model.schema, raw).items()}
    if model.schema.modality == "text":
        columns["text"] = list(raw)
    seen = [
        {name: None if value != value else value for name, value in zip(columns, row, strict=True)}
        for row in zip(*columns.values(), strict=True)
    ]
    return list(zip(told, seen[-len(told) :], strict=True))


def _forecast(loaded: Loaded, records: Sequence[Any]) -> Answer | Exception:
    """A forecast after each step that has a whole window before it; the last one is after the last record."""
    schema = loaded.model.schema
    raw, faults = schema.check(records)
    if faults:
        return refused(faults)
    if len(records) < schema.window:
        return Refusal(422, f"a forecast needs the last {schema.window} steps; {len(records)} were sent")
    computed = _computed(loaded.model, raw)
    return Answer(loaded, [told for told, _ in computed], [seen for _, seen in computed])


def rows_of(prediction: Prediction, classes: Sequence[str]) -> list[dict[str, Any]]:
    """A prediction as plain values by row: `label` and its `probabilities`, or `value` (a list where it is a forecast)."""
    if prediction.probabilities is not None and prediction.labels is not None:
        names = [str(name) for name in classes]
        return [
            {"label": str(label), "probabilities": dict(zip(names, shares, strict=True))}
            for label, shares in zip(prediction.labels, prediction.probabilities.tolist(), strict=True)
        ]
    assert prediction.values is not None
    return [{"value": value} for value in prediction.values.tolist()]


def refused(faults: Sequence[Fault], begin: int = 0) -> Refusal:
    """The answer to a request with these faults; its first record is row `begin` of what was checked."""
    told = [{**asdict(fault), "row": fault.row - begin} for fault in faults]
    place = ", ".join(filter(None, (f"row {told[0]['row']}", told[0]["field"])))
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return Refusal(422, f"{place}: {told[0]['rule']}{more}", told)
