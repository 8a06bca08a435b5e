"""RNN and Transformer as trainables: the contract on rows of pixels, and what they reach on texts and series."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.trainable import Case, LearnerContract
from trainables import DataError, Host, TrainableError, resolve
from trainables.data import load

NAMES = ("rnn", "transformer")
SMALL = {"data": {"source": "digits", "limit": 160}}
CASES = [
    Case(
        name,
        SMALL,
        steps=5,
        diverging={"optimizer": "sgd", "lr": 1e30},
        seeded=True,
        learning={"batch_size": 16},
        budget=8,
    )
    for name in NAMES
]


class TestSequenceModels(LearnerContract):
    """Both under the contract of what learns."""

    @pytest.fixture(params=CASES, ids=str)
    def case(self, request: pytest.FixtureRequest) -> Case:
        case: Case = request.param
        return case


def best(name: str, config: dict[str, Any], epochs: int) -> float:
    declared = resolve(name).declaration(config["data"])
    host = Host(resolve(name))
    host.start(config, seed=0)
    values = [(host.advance() or {})[declared.metric or ""] for _ in range(epochs)]
    return max(values) if declared.goal == "maximize" else min(values)


@pytest.fixture
def reviews(tmp_path: Path) -> dict[str, Any]:
    """Texts whose class is said by one word, anywhere among others, of 1 to 30 words."""
    generator = np.random.default_rng(0)
    lines = ["text,label"]
    for row in range(300):
        words = [f"word{number}" for number in generator.integers(0, 40, generator.integers(1, 30))]
        words.insert(int(generator.integers(0, len(words) + 1)), ("dreadful", "wonderful")[row % 2])
        lines.append(f"{' '.join(words)},{('bad', 'good')[row % 2]}")
    (tmp_path / "reviews.csv").write_text("\n".join(lines))
    return {
        "source": str(tmp_path / "reviews.csv"),
        "modality": "text",
        "target": "label",
        "columns": {"text": "text"},
    }


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_read(name: str, reviews: dict[str, Any]) -> None:
    assert resolve(name).declaration(reviews).max_steps == 9
    assert best(name, {"data": reviews, "batch_size": 16, "lr": 3e-3}, 6) >= 0.95


@pytest.mark.parametrize("name", NAMES)
def test_a_text_exactly_resumed(name: str, reviews: dict[str, Any]) -> None:
    """The contract's law again, where a batch's length depends on which rows are in it."""
    case = replace(CASES[NAMES.index(name)], options={"data": reviews})
    config = case.config(0)
    straight = case.train(config, 3, 3)
    host = Host(case.plug)
    host.start(config, seed=3)
    case.advance(host, 1)
    Path("saved").mkdir()
    host.save(Path("saved"))
    again = Host(case.plug)
    again.start(config, seed=3, checkpoint=Path("saved"))
    assert case.advance(again, 2) == straight[1:]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bound"), [("rnn", 0.72), ("transformer", 0.70)])
def test_movie_sentences(name: str, bound: float) -> None:
    """The most frequent class is right 0.51 of the time, TF-IDF with logistic regression 0.78."""
    _needs("movie_sentences")
    assert best(name, {"data": {"source": "movie_sentences"}}, 3) >= bound


@pytest.mark.parametrize(
    ("name", "config"),
    [("rnn", {"lr": 3e-3, "model": {"patch": 4}}), ("transformer", {"dropout": 0.0, "model": {"patch": 4}})],
)
def test_a_forecast_beats_last_year_and_last_week(name: str, config: dict[str, Any]) -> None:
    """Of co2, whose trend leads the validation beyond every training value."""
    _needs("co2")
    data = load("co2", "sequences")
    season = data.valid_x[:, 0, 0]  # 52 weeks before what is forecast
    week = data.valid_x[:, -1, 0]

    def error(forecast: Any, train: Any) -> float:
        scale, shift = np.polyfit(train, data.train_y, 1)  # inputs are scaled, targets are not
        return float(np.sqrt(np.mean((scale * forecast + shift - data.valid_y) ** 2)))

    references = error(season, data.train_x[:, 0, 0]), error(week, data.train_x[:, -1, 0])
    config = {**config, "data": {"source": "co2"}}
    found = best(name, config, 6)
    assert found < min(references)
    without = best(name, {**config, "model": {"patch": 4, "anchor": False}}, 6)
    assert without > 3 * found, "what the anchor is there for"


@pytest.mark.parametrize("name", NAMES)
def test_long_series_are_told_apart(name: str) -> None:
    """Four classes of 275 time steps, alike but for one place."""
    _needs("trace")
    config = {"data": {"source": "trace"}, "batch_size": 16, "lr": 3e-3, "model": {"pooling": "max"}}
    assert best(name, config, 15) >= 0.9


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=f"{name} reads tokens or sequences"):
        resolve(name).declaration({"source": "wine"})


@pytest.mark.parametrize(
    ("name", "config", "rule"),
    [
        ("rnn", {"model": {"cell": "lstn"}}, "did you mean lstm"),
        ("rnn", {"model": {"width": 0}}, "at least 1, not 0 and 1"),
        ("rnn", {"model": {"patch": -2}}, "patch is at least 1"),
        ("rnn", {"dropout": 1.5}, "dropout is at least 0 and below 1, not 1.5"),
        ("rnn", {"model": {"heads": 2}}, "no option 'model.heads'"),
        ("transformer", {"model": {"width": 64}}, "no option 'model.width'"),
        ("transformer", {"model": {"head_width": 0}}, "model.heads times model.head_width\\), not 0"),
        ("transformer", {"activation": "rely"}, "did you mean relu"),
    ],
)
def test_wrong_options(name: str, config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        Host(resolve(name)).start({**SMALL, **config}, seed=0)


def _needs(source: str) -> None:
    try:
        load(source, "sequences" if source != "movie_sentences" else "tokens")
    except DataError as error:
        pytest.skip(f"the data come with an optional package: {error}")
