"""What the app keeps of each request: a row for each record, one for each request that was refused, and labels."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deploy.serving.engine import Answer
from deploy.serving.metrics import Metrics
from deploy.serving.refusals import Refusal
from deploy.serving.request_log import INPUT, PROBABILITY, LogWriter
from deploy.serving.settings import Settings

if TYPE_CHECKING:
    from deploy.schema import Schema

__all__ = ["ServedLog"]

_log = logging.getLogger("tuneyard.serve")


class ServedLog:
    """The log of one server; writes nothing where its settings name no folder.

    A log that cannot be written never stops an answer: it is counted, and said once.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._without, self._metrics = frozenset(settings.log_without), metrics
        self._rows: LogWriter | None = None
        self._labels: LogWriter | None = None
        self._said = False
        if settings.log is not None:
            limits = (settings.log_rows, settings.log_age, settings.log_bytes)
            self._rows = LogWriter(settings.log, "predictions", *limits)
            self._labels = LogWriter(settings.log, "labels", *limits)

    def answered(self, request: str, answer: Answer, records: Sequence[Any], seconds: float) -> None:
        """One row a prediction: what was sent, but for the fields that are left out, and what was answered.

        A series has fewer predictions than steps: the last ones.
        """
        if self._rows is None:
            return
        head = self._head(request, answer.loaded.version, 200, seconds)
        schema = answer.loaded.model.schema
        sent = zip(records[-len(answer.rows) :], answer.watched, answer.rows, strict=True)
        self._write(
            self._rows,
            [
                {**head, "row": row, **self._inputs(record, watched, schema), **_outputs(told)}
                for row, (record, watched, told) in enumerate(sent)
            ],
        )

    def refused(self, request: str, version: str, refusal: Refusal, seconds: float) -> None:
        """One row for the request; what was wrong in it is kept by its field, not by its value."""
        if self._rows is not None:
            field = str(refusal.faults[0]["field"])[:200] if refusal.faults else None
            self._write(
                self._rows,
                [{**self._head(request, version, refusal.status, seconds), "row": 0, "field": field}],
            )

    def failed(self, request: str, version: str, seconds: float) -> None:
        """A request that ended in an error of ours."""
        if self._rows is not None:
            self._write(self._rows, [{**self._head(request, version, 500, seconds), "row": 0}])

    @property
    def kept(self) -> bool:
        """Whether there is a log."""
        return self._labels is not None

    def labelled(self, labels: Sequence[Mapping[str, Any]]) -> bool:
        """Keep labels; False where that is not possible."""
        if self._labels is None:
            return False
        now = time.time()
        return self._write(self._labels, [{"time": now, **label} for label in labels])

    def close(self) -> None:
        """Close the files as Parquet."""
        for writer in (self._rows, self._labels):
            if writer is not None:
                writer.close()

    def _write(self, writer: LogWriter, rows: Sequence[Mapping[str, Any]]) -> bool:
        try:
            writer.write(rows)
        except OSError as error:
            self._metrics.unlogged()
            if not self._said:
                _log.error("requests are answered but not logged: %s", error)
                self._said = True
            return False
        return True

    @staticmethod
    def _head(request: str, version: str, status: int, seconds: float) -> dict[str, Any]:
        return {
            "time": time.time(),
            "request": request,
            "version": version,
            "status": status,
            "ms": round(1000 * seconds, 3),
        }

    def _inputs(self, record: Any, watched: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
        """Columns of a record. A text is kept as it is; of pictures and series only what is watched of them."""
        fields = dict(watched)
        for column in schema.columns:
            if column.kind == "text":
                fields[column.name] = record[column.name]
        return {INPUT + name: value for name, value in fields.items() if name not in self._without}


def _outputs(told: Mapping[str, Any]) -> dict[str, Any]:
    """Label and probabilities, or the value; of a forecast of several steps their mean."""
    if "label" in told:
        shares = {PROBABILITY + name: share for name, share in told["probabilities"].items()}
        return {"label": told["label"], **shares}
    value = told["value"]
    return {"value": sum(value) / len(value) if isinstance(value, list) else value}
