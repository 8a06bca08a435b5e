"""TensorBoard's own formats, written without TensorFlow and without torch: event files, and the summaries in them.

`tensorboard.summary.writer.EventFileWriter` runs one thread and keeps one file open for each trial, and its `RecordWriter`
computes checksums in Python, 0.12 s for a megabyte of pictures. Here an event is framed as a
TFRecord and appended in one write to a file that is opened for it and closed again: nothing is lost when the driver is
killed, and thousands of trials cost neither threads nor file descriptors.

Importing this module costs 0.2 s; `search.views.tensorboard` does so at the first record.
"""

from __future__ import annotations

import errno
import json
import math
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import google_crc32c
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.text.summary_v2 import text_pb

from search.problem import Objective
from search.trial import Outcome
from spaces import Categorical, Constant, Float, Integer, Ordinal, Parameter, Space

__all__ = [
    "PREFIX",
    "Entry",
    "EventFile",
    "experiment",
    "picture",
    "scalars",
    "session_end",
    "session_start",
    "text",
]

PREFIX = "events.out.tfevents."
_EXACT = 2**53  # beyond it a double does not hold every integer


Entry = tuple[float, int, summary_pb2.Summary]
"""When (seconds since the epoch), at which step, what."""


class EventFile:
    """A new event file in `directory`, which is created. Its name sorts after those of files made earlier.

    `entries`: what it begins with. `restart`: let a TensorBoard that is running forget what earlier files of the same
    run said. Raises OSError as the file system does.
    """

    def __init__(
        self,
        directory: Path,
        wall_time: float,
        entries: Iterable[Entry],
        *,
        restart: bool = False,
        suffix: str = "",
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        seconds, nanoseconds = divmod(time.time_ns(), 10**9)
        self._path = directory / f"{PREFIX}{seconds:010d}.{nanoseconds:09d}{suffix}"
        head = [event_pb2.Event(wall_time=wall_time, file_version="brain.Event:2")]
        if restart:
            mark = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            head.append(event_pb2.Event(wall_time=wall_time, step=0, session_log=mark))
        self._append([*head, *map(_event, entries)])

    def write(self, entry: Entry) -> None:
        """Append a summary."""
        self._append([_event(entry)])

    def _append(self, events: Iterable[event_pb2.Event]) -> None:
        content = b"".join(map(_record, events))
        with open(self._path, "ab", buffering=0) as file:
            before = file.tell()
            if (written := file.write(content)) != len(content):  # a disk that is full takes a part
                file.truncate(before)
                raise OSError(errno.ENOSPC, f"wrote {written} of {len(content)} bytes", str(self._path))


def _event(entry: Entry) -> event_pb2.Event:
    wall_time, step, summary = entry
    return event_pb2.Event(wall_time=wall_time, step=step, summary=summary)


def _record(event: event_pb2.Event) -> bytes:
    """An event as a TFRecord: its length and its content, each closed by a checksum."""
    content: bytes = event.SerializeToString()
    length = struct.pack("<Q", len(content))
    return length + _checksum(length) + content + _checksum(content)


def _checksum(content: bytes) -> bytes:
    """CRC-32C, rotated and shifted, as TensorFlow masks it."""
    crc: int = google_crc32c.value(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def scalars(values: Mapping[str, float]) -> summary_pb2.Summary:
    """Numbers under their tags; NaN and infinities are kept, and TensorBoard marks them."""
    summary = summary_pb2.Summary()
    for tag, value in values.items():
        summary.value.add(tag=_utf8(tag), simple_value=_single(value))
    return summary


def text(tag: str, markdown: str) -> summary_pb2.Summary:
    """A Markdown text (a rank-0 string tensor)."""
    return text_pb(tag, _utf8(markdown))


def picture(tag: str, png: bytes) -> summary_pb2.Summary:
    """A picture, as the content of a PNG file."""
    width, height = struct.unpack(">II", png[16:24])
    tensor = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=3)]),
        string_val=[str(width).encode(), str(height).encode(), png],
    )
    summary = summary_pb2.Summary()
    shown_as = image_metadata.create_summary_metadata(display_name=tag, description="")
    summary.value.add(tag=tag, tensor=tensor, metadata=shown_as)
    return summary


def experiment(space: Space, objectives: Sequence[Objective], name: str, began: float) -> summary_pb2.Summary:
    """What the HParams page has columns for: every parameter of the space, the best and the last objective; of several
    objectives the last of each, for their best values need not come together.

    Searched parameters are marked as differing: TensorBoard shows those without being asked.
    """
    by_name: dict[str, list[Parameter]] = {}
    for parameter in space.parameters:
        by_name.setdefault(parameter.name, []).append(parameter)
    columns = [(f"last {each.metric}", each.metric) for each in objectives]
    if len(objectives) == 1:
        metric = objectives[0].metric
        columns.insert(0, (f"best {metric}", f"best/{metric}"))
    return _hparams(
        metadata.EXPERIMENT_TAG,
        experiment=api_pb2.Experiment(
            name=_utf8(name),
            description=_utf8(", ".join(f"{each.goal} {each.metric}" for each in objectives)),
            time_created_secs=began,
            hparam_infos=[_hparam_info(name, parameters) for name, parameters in by_name.items()],
            metric_infos=[
                api_pb2.MetricInfo(name=api_pb2.MetricName(tag=_utf8(tag)), display_name=_utf8(shown))
                for shown, tag in columns
            ],
        ),
    )


def session_start(config: Mapping[str, Any], group: str, started: float) -> summary_pb2.Summary:
    """A trial's config. Trials of one `group` become one row of the HParams table, averaged."""
    info = plugin_data_pb2.SessionStartInfo(group_name=group, start_time_secs=started)
    for name, value in config.items():
        plain = _plain(value)
        if isinstance(plain, bool):
            info.hparams[_utf8(name)].bool_value = plain
        elif isinstance(plain, str):
            info.hparams[_utf8(name)].string_value = plain
        else:
            info.hparams[_utf8(name)].number_value = plain
    return _hparams(metadata.SESSION_START_INFO_TAG, session_start_info=info)


def session_end(outcome: Outcome, ended: float) -> summary_pb2.Summary:
    """How a trial ended. TensorBoard knows success and failure; a trial that was stopped early is a success."""
    status = api_pb2.STATUS_FAILURE if outcome is Outcome.FAILED else api_pb2.STATUS_SUCCESS
    info = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=ended)
    return _hparams(metadata.SESSION_END_INFO_TAG, session_end_info=info)


def _hparams(tag: str, **content: Any) -> summary_pb2.Summary:
    summary = summary_pb2.Summary()
    data = plugin_data_pb2.HParamsPluginData(**content)
    summary.value.add(tag=tag, metadata=metadata.create_summary_metadata(data), tensor=metadata.NULL_TENSOR)
    return summary


def _hparam_info(name: str, parameters: list[Parameter]) -> api_pb2.HParamInfo:
    """One column for all parameters of a name, with the union of their domains where TensorBoard can spell it."""
    info = api_pb2.HParamInfo(name=_utf8(name), differs=any(parameter.searched for parameter in parameters))
    domains = [parameter.domain for parameter in parameters]
    ranges = [domain for domain in domains if isinstance(domain, Float | Integer)]
    values: list[bool | float | str] = []
    for domain in domains:
        if isinstance(domain, Constant):
            values.append(_plain(domain.value))
        elif isinstance(domain, Categorical | Ordinal):
            values.extend(map(_plain, domain.choices))
    if ranges and not values:
        info.type = api_pb2.DATA_TYPE_FLOAT64
        info.domain_interval.min_value = min(domain.low for domain in ranges)
        info.domain_interval.max_value = max(domain.high for domain in ranges)
        return info
    kinds = {
        bool if isinstance(value, bool) else str if isinstance(value, str) else float for value in values
    }
    kind = kinds.pop() if len(kinds) == 1 and not ranges else str  # several kinds under one name: all as text
    types = {bool: api_pb2.DATA_TYPE_BOOL, float: api_pb2.DATA_TYPE_FLOAT64, str: api_pb2.DATA_TYPE_STRING}
    info.type = types[kind]
    if not ranges:
        info.domain_discrete.extend(dict.fromkeys(values))
    return info


def _plain(value: Any) -> bool | float | str:
    """A value as TensorBoard can hold it: bool, finite number or text; lists as JSON, None and NaN as their `repr`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= _EXACT:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):  # JSON: a journal that is read back has lists where there were tuples
        return _utf8(json.dumps(value, ensure_ascii=False))
    return _utf8(value if isinstance(value, str) else repr(value))


def _single(value: float) -> float:
    """TensorBoard keeps scalars in single precision; what is too large for it is infinite."""
    return value if abs(value) < 3.4028235e38 or not math.isfinite(value) else math.copysign(math.inf, value)


@lru_cache(maxsize=4096)
def _utf8(string: str) -> str:
    """`string` without lone surrogates, which no protocol buffer takes."""
    return string.encode("utf-8", "replace").decode()
