"""The test part: opened for the confirmation of a winner, and by nothing else.

No dataset holds test rows, nothing is fitted on them, and no other module reads `Split.test`. Whoever opens them
signs for it: a `Permit` names the run and counts how often its test part has been opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from trainables.data.dataset import Array, Dataset, View
from trainables.data.prepare import images_of, inputs_of, prepare
from trainables.data.section import Section, Task, read_section
from trainables.data.sources import read_records
from trainables.data.store import reading_with
from trainables.errors import DataError

__all__ = ["Permit", "TestPart", "load_test", "opened"]


@dataclass(frozen=True)
class Permit:
    """Leave to open the test part.

    Attributes:
        run: the run whose winner is measured.
        opening: the how manieth opening of its test part this is, from 1. A number measured on rows that were looked
            at before is no longer a fair one, so whoever reports it reports this, too.
    """

    run: str
    opening: int


@dataclass(frozen=True, eq=False)
class TestPart:
    """The test rows, prepared by what was fitted on the training rows.

    Attributes:
        task, view: as in `Dataset`.
        x, y: inputs and targets, read-only.
        rows: int64, which rows of the source these are.
        labels: names of the classes.
        permit: under which they were opened.
    """

    __test__ = False  # it is no class of tests

    task: Task
    view: View
    x: Array
    y: Array
    rows: Array
    labels: tuple[str, ...]
    permit: Permit


def load_test(data: Mapping[str, Any] | str, view: View = "features", *, permit: Permit) -> TestPart:
    """The test rows of a data section. The section must be the winner's, to the last option.

    Raises:
        DataError: the permit names no run or no opening, there is no test part, or as `load`.
    """
    _check(permit)
    section = read_section(data)
    data_set, x, y, rows, _ = _test_part(section, view)
    return TestPart(data_set.task, view, x, y, rows, data_set.labels, permit)


@contextmanager
def opened(permit: Permit) -> Iterator[None]:
    """Until the end of the block, the datasets that `load` gives have the test rows where their validation rows were.

    A trainable that is set up in here, with a checkpoint of a trial, and then measured tells how that trial's model does
    on the test part. It must not be trained in here: early stopping would look at test rows.

    Raises:
        DataError: the permit names no run or no opening.
    """
    _check(permit)
    with reading_with(_with_test_rows):
        yield


def _with_test_rows(section: Section, view: View) -> Dataset:
    data_set, x, y, rows, images = _test_part(section, view)
    return replace(data_set, valid_x=x, valid_y=y, valid_rows=rows, valid_images=images)


def _test_part(section: Section, view: View) -> tuple[Dataset, Array, Array, Array, Array | None]:
    if not section["split.test"]:
        raise DataError("data.split.test: is 0, so there is no test part; confirm on rows of another source")
    records = read_records(section)
    prepared = prepare(records, section, view)
    x, y, rows = inputs_of(prepared.preparation, prepared.target, records, section, prepared.split.test)
    for array in (x, y, rows):
        array.flags.writeable = False
    return prepared.dataset, x, y, rows, images_of(records, view, rows)


def _check(permit: Permit) -> None:
    if not isinstance(permit, Permit) or not permit.run or permit.opening < 1:
        raise DataError(
            "the test part is locked: it takes a permit that names the run and counts its openings from 1, "
            f"not {permit!r}"
        )
