"""Selection, products, principal components, and the order they come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, f_classif, f_regression, mutual_info_classif
from sklearn.preprocessing import PolynomialFeatures

from contracts.records import images, prepared, table
from trainables.data import Section, read_section
from trainables.data.features import Features, Products
from trainables.data.selection import Selection
from trainables.errors import DataError


def section(**options: Any) -> Section:
    return read_section(
        {"source": "drawn"} | {name.replace("__", "."): value for name, value in options.items()}
    )


@pytest.fixture
def drawn() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 120)
    x = rng.normal(size=(120, 6))
    x[:, 1] += 2 * y
    x[:, 4] -= y
    x[:, 5] = 3.0
    return x, y


def test_univariate_is_the_f_statistic_of_scikit_learn(drawn: tuple[Any, Any]) -> None:
    x, y = drawn
    chosen = Selection(section(features__select="univariate", features__keep=0.34), "classification")
    np.testing.assert_array_equal(
        chosen.fit_transform(x, y),
        x[:, SelectKBest(f_classif, k=3).fit(x[:, :5], y).get_support(indices=True)],
    )
    numeric = Selection(section(features__select="univariate", features__keep=0.34), "regression")
    target = x[:, 2] + 0.1 * x[:, 0]
    numeric.fit_transform(x, target)
    assert set(numeric.kept) == set(np.argsort(-f_regression(x[:, :5], target)[0])[:3])


def test_mutual_information_is_that_of_scikit_learn(drawn: tuple[Any, Any]) -> None:
    x, y = drawn
    chosen = Selection(section(features__select="mutual_information", features__keep=0.3), "classification")
    chosen.fit_transform(x, y)
    expected = np.sort(np.argsort(-mutual_info_classif(x, y, random_state=0), kind="stable")[:2])
    np.testing.assert_array_equal(chosen.kept, expected)


def test_variance_does_not_look_at_the_unit() -> None:
    x = np.column_stack([np.tile([0.0, 1.0], 20), 1e6 * np.linspace(0, 1, 40) ** 4, np.zeros(40)])
    chosen = Selection(section(features__select="variance", features__keep=0.3), "regression")
    chosen.fit_transform(x, np.zeros(40))
    np.testing.assert_array_equal(chosen.kept, [0])


def test_of_what_correlates_one_stays() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 300))
    x = np.column_stack([a, a + 0.01 * c, b, b - 0.01 * a, c, np.ones(300)])
    chosen = Selection(section(features__select="correlation", features__keep=0.5), "regression")
    chosen.fit_transform(x, a)
    assert len(set(chosen.kept) & {0, 1}) == len(set(chosen.kept) & {2, 3}) == 1
    assert 4 in chosen.kept


@pytest.mark.parametrize("kind", ["variance", "correlation"])
def test_a_generation_is_ranked_by_what_needs_no_target(kind: str) -> None:
    options: dict[str, Any] = {"task": "generation", "features__keep": 0.5}
    assert prepared(images(), features__select=kind, **options).dataset.shape == (72,)
    with pytest.raises(DataError, match="univariate ranks by a target, and a generation has none"):
        prepared(images(), features__select="univariate", **options)


def test_products_are_those_of_scikit_learn() -> None:
    x = np.random.default_rng(0).normal(size=(10, 3))
    products = Products(section(features__polynomial=2))
    np.testing.assert_allclose(
        products.fit_transform(x, ("a", "b", "c")), PolynomialFeatures(2, include_bias=False).fit_transform(x)
    )
    assert products.names == ("a", "b", "c", "a^2", "a b", "a c", "b^2", "b c", "c^2")
    with pytest.raises(DataError, match="degree 2 of 144 columns is 10584 features, at most 10000"):
        prepared(images(), features__polynomial=2)


def test_products_of_labels_are_not_taken() -> None:
    names = prepared(table(), features__polynomial=2).dataset.names
    assert "a b" in names
    assert not [name for name in names if "colour" in name and " " in name.replace("(", "").split("=")[0]]


def test_what_overflows_is_said() -> None:
    with pytest.raises(DataError, match="too large"):
        Features(section(), "regression").fit_transform(np.array([[np.inf]]), np.zeros(1), ("x",))


def test_principal_components_keep_their_share_of_the_variance() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 10)) + 0.01 * rng.normal(size=(80, 10))
    features = Features(section(features__pca=0.95), "regression")
    found = features.fit_transform(x, np.zeros(80), tuple("abcdefghij"))
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    np.testing.assert_allclose(found, PCA(n_components=0.95).fit_transform(scaled), atol=1e-9)
    assert found.shape[1] <= 3
    assert features.names == tuple(f"component {i + 1}" for i in range(found.shape[1]))
    np.testing.assert_allclose(features.transform(x), found, atol=1e-9)
