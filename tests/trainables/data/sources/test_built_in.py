"""The built-in sets: each is what the catalogue says, and says how to get what is not there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainables.data.records import Records
from trainables.data.sources import BUILT_IN, fetching
from trainables.errors import DataError

Read = Callable[..., Records]

MODULES = {
    "mlxtend": "mlxtend",
    "scikit-image": "skimage",
    "palmerpenguins": "palmerpenguins",
    "statsmodels": "statsmodels",
    "tslearn": "tslearn",
}
ROWS = {
    "digits": 1797,
    "breast_cancer": 569,
    "wine": 178,
    "diabetes": 442,
    "mnist_5k": 5000,
    "photo_patches": 2160,
    "penguins": 344,
    "movie_sentences": 10605,
    "co2": 2284,
    "trace": 200,
}


def need(name: str) -> None:
    package = BUILT_IN[name].package
    if package in MODULES and importlib.util.find_spec(MODULES[package]) is None:
        pytest.skip(f"{name} comes with {package}: {BUILT_IN[name].install}")
    if name == "movie_sentences" and not (fetching.cache_folder() / fetching.PACKAGES[name].file).is_file():
        pytest.skip(f"{name} has not been fetched: {BUILT_IN[name].install}")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_set_is_what_the_catalogue_says(read: Read, name: str) -> None:
    need(name)
    known, records = BUILT_IN[name], read(name)
    assert records.rows == ROWS[name]
    assert (records.name, records.task, records.modality) == (name, known.task, known.modality)
    assert records.target == known.target
    columns = records.frame if records.frame is not None else records.extra
    for column in (known.target, known.group, known.time):
        assert column is None or (columns is not None and column in columns.columns)
    if records.targets is not None:
        assert len(records.targets) == records.rows
    if records.labels:
        assert records.targets is not None
        assert set(records.targets.tolist()) == set(range(len(records.labels)))


def test_digits_are_in_proportion_to_scikit_learns(read: Read) -> None:
    from sklearn.datasets import load_digits

    array = read("digits").array
    assert array is not None
    assert (array.dtype, array.shape) == (np.uint8, (1797, 8, 8, 1))
    np.testing.assert_array_equal(array[..., 0], load_digits().images * 15)


def test_mnist(read: Read) -> None:
    need("mnist_5k")
    records = read("mnist_5k")
    assert records.array is not None
    assert (records.array.shape, records.array.max()) == ((5000, 28, 28, 1), 255)
    np.testing.assert_array_equal(np.bincount(records.targets), [500] * 10)  # type: ignore[arg-type]


def test_patches_of_different_regions_share_no_pixel(read: Read) -> None:
    need("photo_patches")
    records = read("photo_patches")
    assert records.array is not None
    assert records.targets is not None
    assert records.extra is not None
    assert records.array.shape == (2160, 32, 32, 3)
    assert set(Counter(records.targets.tolist()).values()) == {216}
    seen: dict[tuple[str, int, int], str] = {}
    for row, region in enumerate(records.extra["region"]):
        photo, _, corner = records.place(row).partition(" at ")
        x, y = (int(each) for each in corner.split(", "))
        for pixel in ((photo, x + dx, y + dy) for dx in (0, 16, 31) for dy in (0, 16, 31)):
            assert seen.setdefault(pixel, region) == region


def test_penguins_have_gaps_and_labels(read: Read) -> None:
    need("penguins")
    frame = read("penguins").frame
    assert frame is not None
    assert Counter(frame["species"]) == {"Adelie": 152, "Gentoo": 124, "Chinstrap": 68}
    assert int(frame.isna().sum().sum()) == 19
    assert frame["sex"].isna().sum() == 11
    assert frame["island"].dtype == object
    other = read("penguins", {"target": "body_mass_g", "columns.ignore": "year"})
    assert (other.target, other.task) == ("body_mass_g", None)
    assert other.repairs[0].count == 2
    assert other.frame is not None
    assert "year" not in other.frame.columns


def test_sentences_are_positive_where_their_raters_are(read: Read) -> None:
    need("movie_sentences")
    records = read("movie_sentences")
    assert records.texts is not None
    assert records.extra is not None
    assert records.targets is not None
    assert Counter(records.targets.tolist()) == {"negative": 5363, "positive": 5242}
    ratings = records.extra.drop(columns="score")
    np.testing.assert_allclose(ratings.mean(axis=1), records.extra["score"], atol=1e-9)
    np.testing.assert_array_equal(records.targets == "positive", records.extra["score"] > 0)
    assert records.texts[2] == "Effective but too tepid biopic"


def test_co2_is_weekly_and_has_gaps(read: Read) -> None:
    need("co2")
    frame = read("co2").frame
    assert frame is not None
    assert set(np.diff(frame["date"].to_numpy())) == {np.timedelta64(7, "D")}
    assert frame["co2"].isna().sum() == 59


def test_traces(read: Read) -> None:
    need("trace")
    array = read("trace").array
    assert array is not None
    assert (array.dtype, array.shape) == (np.float64, (200, 275, 1))


def test_a_package_that_is_not_installed_is_named(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainables.data.sources import reading

    reading._read.clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        DataError, match=r"co2 comes with the package statsmodels, which is not installed; get it: pip"
    ):
        read("co2")


@pytest.mark.parametrize(
    ("name", "options", "rule"),
    [
        (
            "digits",
            {"target": "y"},
            "data.target: digits is known .images, classification, its targets beside it",
        ),
        ("digits", {"modality": "table"}, "data.modality: digits is known .* leave modality out"),
        ("trace", {"columns.number": "x"}, "data.columns.number: trace is known .series"),
        ("wine", {"target": "alkohol"}, "did you mean alcohol?"),
        ("penguins", {"columns.ignore": "species"}, "'species' is the target of"),
        ("wine", {"columns.ignore": "cultivar"}, "'cultivar' is the target of wine"),
    ],
)
def test_what_cannot_be_asked_of_a_built_in_set(
    read: Read, name: str, options: dict[str, str], rule: str
) -> None:
    need(name)
    with pytest.raises(DataError, match=rule.replace("?", r"\?")):
        read(name, options)


def test_the_catalogue_loads_nothing_heavy() -> None:
    code = (
        "import sys; from trainables.data.sources import BUILT_IN, source_version; "
        "from trainables.data.section import read_section; source_version(read_section('digits')); "
        "print(*sorted({'numpy', 'pandas', 'sklearn', 'PIL', 'sqlalchemy', 'torch', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[4],
    )
    assert done.stdout.split() == ["numpy"]
