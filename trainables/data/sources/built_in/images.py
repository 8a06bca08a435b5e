"""Built-in images."""

from __future__ import annotations

import numpy as np

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.origin import Places

__all__ = ["digits"]

DIGIT_INK = 16
"""The darkest value of scikit-learn's digits; times 15 they fill the range of a byte and stay in proportion."""


def digits(section: Section) -> Records:
    """Alpaydin and Kaynak 1998: 1,797 handwritten digits, 8 x 8, grey; 16 levels of ink, given times 15."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    array = (np.asarray(bunch.images) * (255 // DIGIT_INK)).astype(np.uint8)[..., None]
    targets = np.asarray(bunch.target, dtype=np.int64)
    labels = tuple(str(name) for name in bunch.target_names)
    return Records(
        "digits",
        "images",
        Places("image"),
        fingerprint_of(array, targets),
        array=array,
        targets=targets,
        task="classification",
        labels=labels,
    )
