"""Which part of the data a metric is of, told by its name: `train/loss`, `val_accuracy`, `validation.loss`."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["TRAIN", "VALID", "other_part", "split_part"]

TRAIN = ("train", "training")
VALID = ("val", "valid", "validation", "eval", "dev")


def split_part(name: str) -> tuple[str, str]:
    """`val/loss` -> (val, loss), in lower case; a name without a part before its separator has the part "".

    >>> split_part("Train/Loss"), split_part("val_log_loss"), split_part("lr")
    (('train', 'loss'), ('val', 'log_loss'), ('', 'lr'))
    """
    for mark in "/._-":
        part, _, kind = name.partition(mark)
        if kind and part.lower() in TRAIN + VALID:
            return part.lower(), kind.lower()
    return "", name.lower()


def other_part(name: str, names: Iterable[str]) -> str | None:
    """Among `names`, the same metric on the training rows if `name` is on the validation rows; None where there is none."""
    part, kind = split_part(name)
    if part not in VALID:
        return None
    same = (other for other in sorted(names) if split_part(other)[1] == kind)
    return next((other for other in same if split_part(other)[0] in TRAIN), None)
