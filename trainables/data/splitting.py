"""Training, validation and test rows: by shares, classes, groups, time, or in folds.

The split follows `split.*` and the source alone, so every config of a sweep is measured on the same rows; and the
test rows follow `split.test`, `split.seed` and what ties rows together, so that folds and shares of the
validation never move a row into or out of the test part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainables.data.dataset import Array, Repair
from trainables.data.section import Section
from trainables.errors import DataError

__all__ = ["Split", "Ties", "draw_rows", "split_rows"]

TEST, VALIDATION, LIMIT = 0, 1, 2  # streams of the split's seed


@dataclass(frozen=True, eq=False)
class Ties:
    """What holds rows together or apart; each (rows,) or None.

    Attributes:
        classes: int64; every part gets its share of each.
        groups: int64; the rows of one group are in one part.
        times: sortable, none missing; parts follow each other, and rows of one time are in one part.
        labels: names of the classes, for messages.
    """

    classes: Array | None = None
    groups: Array | None = None
    times: Array | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Split:
    """Positions (int64, ascending; by time where that is the order) of the rows in each part.

    `test` is there for `trainables.data.locked` alone.
    """

    train: Array
    valid: Array
    test: Array
    repairs: tuple[Repair, ...] = ()


def split_rows(count: int, ties: Ties, section: Section, name: str) -> Split:
    """Cut rows 0 .. count - 1 into parts: first the test part, then the validation from what is left.

    By shares: `split.valid` and `split.test` are shares of all rows. With classes, each keeps its share in each
    part to within one row, and at least one row for training. With groups, whole groups are dealt, largest
    first, so that the parts come closest to their shares (of each class, too). By time, the test part is the end
    and the validation what precedes it.

    In folds: the rows outside test are cut into `split.folds` parts, of which `split.fold` is the validation and
    the others the training. By time there is one block more than folds; fold i is validated on block i + 1 and
    trained on all blocks before it (a forward chain), so that nothing is learnt from the future.

    Raises:
        DataError: a part would be empty, there are fewer groups or times than parts, or both are asked for.
    """
    if ties.times is not None and ties.groups is not None:
        raise DataError("data.split.group: cannot be joined with split.time; leave one of them out")
    folds = section["split.folds"]
    _check_ties(ties, section, name)
    every = np.arange(count, dtype=np.int64)
    if ties.times is not None:
        every = every[np.argsort(ties.times, kind="stable")]
    rest, test = _part(every, ties, section["split.test"], section["split.test"] * count, section, TEST)
    if folds:
        train, valid = _fold(rest, ties, folds, section["split.fold"], section)
    else:
        wanted = section["split.valid"] * count
        train, valid = _part(rest, ties, wanted / max(len(rest), 1), wanted, section, VALIDATION)
    _check(count, train, valid, test, ties, section, name)
    return Split(train, valid, test, _small_classes(train, valid, test, ties, section))


def draw_rows(rows: Array, classes: Array | None, limit: int, section: Section) -> Array:
    """At most `limit` of the `rows`, classes keeping their shares; in their order.

    Args:
        rows: any numbers of rows.
        classes: (rows,), int64; None where there are none.
    """
    if not limit or limit >= len(rows):
        return rows
    rng = np.random.default_rng([section["split.seed"], LIMIT])
    positions = np.arange(len(rows))
    drawn = _draw(positions, classes, limit, rng, leave=0)
    chosen: Array = rows[np.sort(drawn)]
    return chosen


def _part(
    rows: Array, ties: Ties, share: float, wanted: float, section: Section, stream: int
) -> tuple[Array, Array]:
    """`rows` without a part of them, and that part."""
    if share <= 0:
        return rows, rows[:0]
    if ties.times is not None:
        cut = _between_times(ties.times[rows], len(rows) - round(wanted))
        return rows[:cut], rows[cut:]
    rng = np.random.default_rng([section["split.seed"], stream])
    if ties.groups is not None:
        inside = _deal(rows, ties, np.array([1 - share, share]), rng) == 1
        return rows[~inside], rows[inside]
    classes = None if ties.classes is None else ties.classes[rows]
    drawn = np.zeros(len(rows), bool)
    drawn[_draw(np.arange(len(rows)), classes, round(wanted), rng, leave=1)] = True
    return rows[~drawn], rows[drawn]


def _draw(
    positions: Array, classes: Array | None, wanted: int, rng: np.random.Generator, leave: int
) -> Array:
    """About `wanted` positions, of each class its share (largest remainders), `leave` of each staying."""
    if classes is None:
        return rng.permutation(positions)[: min(wanted, len(positions) - leave)]
    counts = np.bincount(classes)
    exact = counts * (wanted / len(positions))
    take = np.floor(exact).astype(np.int64)
    order = np.lexsort((rng.random(len(counts)), take - exact))
    take[order[: max(0, wanted - int(take.sum()))]] += 1
    take = np.clip(np.minimum(take, counts - leave), 0, None)
    mixed = rng.permutation(positions)
    of_class = classes[mixed]
    return np.concatenate([mixed[of_class == label][: take[label]] for label in range(len(counts))])


def _fold(rows: Array, ties: Ties, folds: int, fold: int, section: Section) -> tuple[Array, Array]:
    if ties.times is not None:
        times = ties.times[rows]
        start, stop = (
            _between_times(times, round(len(rows) * (fold + shift) / (folds + 1))) for shift in (1, 2)
        )
        return rows[:start], rows[start:stop]
    rng = np.random.default_rng([section["split.seed"], VALIDATION])
    if ties.groups is not None:
        parts = _deal(rows, ties, np.full(folds, 1 / folds), rng)
    else:
        classes = np.zeros(len(rows), np.int64) if ties.classes is None else ties.classes[rows]
        mixed = rng.permutation(len(rows))
        dealt = mixed[np.argsort(classes[mixed], kind="stable")]  # a class after the other, dealt in turn
        parts = np.empty(len(rows), np.int64)
        parts[dealt] = np.arange(len(rows)) % folds
    return rows[parts != fold], rows[parts == fold]


def _between_times(times: Array, cut: int) -> int:
    """`cut`, moved back to where a time begins: rows of one time stay together."""
    if not 0 < cut < len(times):
        return cut
    return int(np.searchsorted(times, times[cut], side="left"))


def _deal(rows: Array, ties: Ties, shares: Array, rng: np.random.Generator) -> Array:
    """The part of each row: whole groups, the largest first, each to where it brings the classes nearest."""
    assert ties.groups is not None
    _, groups = np.unique(ties.groups[rows], return_inverse=True)
    classes = np.zeros(len(rows), np.int64) if ties.classes is None else ties.classes[rows]
    counts = np.zeros((groups.max(initial=-1) + 1, classes.max(initial=0) + 1))
    np.add.at(counts, (groups, classes), 1)
    totals = np.maximum(counts.sum(axis=0), 1)
    lacking = shares[:, None] * counts.sum(axis=0)
    part_of = np.zeros(len(counts), np.int64)
    for group in np.lexsort((rng.random(len(counts)), -counts.sum(axis=1))):
        error = (((lacking - counts[group]) / totals) ** 2 - (lacking / totals) ** 2).sum(axis=1)
        part_of[group] = part = int(np.argmin(error))
        lacking[part] -= counts[group]
    return part_of[groups]


def _check_ties(ties: Ties, section: Section, name: str) -> None:
    """Groups and times are not cut, so each part needs one of its own."""
    folds = section["split.folds"]
    blocks = 2 if not folds else folds if ties.times is None else folds + 1
    needed = blocks + (1 if section["split.test"] else 0)
    for option, found in (("group", ties.groups), ("time", ties.times)):
        if found is not None and (different := len(np.unique(found))) < needed:
            parts = f"{folds} folds" if folds else "training and validation"
            raise DataError(
                f"data.split.{option}: {name}: {section[f'split.{option}'] or 'the series'!r} has {different} different "
                f"values, and {parts}{' and the test' if section['split.test'] else ''} need {needed}, as rows of one "
                f"value stay together; name another column, or leave split.{option} out"
            )


def _check(
    count: int, train: Array, valid: Array, test: Array, ties: Ties, section: Section, name: str
) -> None:
    apart = ""
    if ties.groups is not None:
        apart = f" (its {len(np.unique(ties.groups))} groups are not cut)"
    elif ties.times is not None:
        apart = " (rows of one time are not cut)"
    if section["split.test"] and not len(test):
        raise DataError(
            f"data.split.test: {name}: {section['split.test']:g} of {count} rows{apart} leaves none for the test; raise it, "
            "or set it to 0"
        )
    if not len(valid):
        asked = f"{section['split.folds']} folds" if section["split.folds"] else f"{section['split.valid']:g}"
        raise DataError(
            f"data.split.valid: {name}: {asked} of {count} rows{apart} leaves none for validation; raise it"
        )
    if not len(train):
        raise DataError(
            f"data.split.valid: {name}: of {count} rows{apart} none is left for training; lower it"
        )


def _small_classes(
    train: Array, valid: Array, test: Array, ties: Ties, section: Section
) -> tuple[Repair, ...]:
    """Classes of which a part has no row; the shares of a metric by class say little there."""
    if ties.classes is None:
        return ()
    size = int(ties.classes.max()) + 1
    repairs = []
    parts = {"training": train, "validation": valid} | ({"test": test} if section["split.test"] else {})
    for part, rows in parts.items():
        lacking = np.flatnonzero(
            (np.bincount(ties.classes[rows], minlength=size) == 0)
            & (np.bincount(ties.classes, minlength=size) > 0)
        )
        if len(lacking):
            names = tuple(ties.labels[label] if ties.labels else str(label) for label in lacking[:5])
            repairs.append(
                Repair(f"classes without a row in the {part} part, too small for one", len(lacking), names)
            )
    return tuple(repairs)
