"""Every model of the catalogue on real data: its defaults, tuned, and a plain reference on the same split.

    python benchmarks/models.py                  all rows; writes results/models.json and the table of docs/models.md
    python benchmarks/models.py cnn rnn          these models only; the rows of the others stay
    python benchmarks/models.py --quick          one seed, few trials; writes nothing: what CI runs

A value is the declared metric on the validation rows, the mean over `SEEDS` seeds of a whole training (the value at its
best step, as everywhere here). "Default" is the trainable with no option given. "Tuned" is the config that won a sweep
of `TRIALS` trials (TPE with ASHA over the declared space, beginning with the defaults), trained again with the seeds of the default: the value that
the search itself promised is not used, because the best of many is partly luck. The reference sees the same training
rows, prepared the same way. Seconds are of one training of the defaults, on one core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _machine import describe, keep

from search import Sweep
from spaces import Constant, Float, Integer, Parameter, Space, nest
from trainables import Host, resolve
from trainables.data import load

SEEDS = 3
TRIALS = 12
PAGE = Path(__file__).parents[1] / "docs" / "models.md"
BEGIN, END = "<!-- the table: python benchmarks/models.py -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Row:
    """One line of the table. `reference`: its name, and what gives its value."""

    model: str
    data: str
    reference: str
    measure: Callable[[str], float]
    options: dict[str, Any] | None = None


def sklearn_accuracy(make: Callable[[], Any]) -> Callable[[str], float]:
    """Validation accuracy of a scikit-learn classifier on the features view."""

    def measure(data: str) -> float:
        d = load(data, "features")
        return float(make().fit(d.train_x, d.train_y).score(d.valid_x, d.valid_y))

    return measure


def sklearn_rmse(make: Callable[[], Any]) -> Callable[[str], float]:
    """Validation RMSE of a scikit-learn regressor on the features view."""

    def measure(data: str) -> float:
        d = load(data, "features")
        predicted = make().fit(d.train_x, d.train_y).predict(d.valid_x)
        return float(np.sqrt(np.mean((predicted - d.valid_y) ** 2)))

    return measure


def logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=2000)


def ridge() -> Any:
    from sklearn.linear_model import Ridge

    return Ridge()


def histogram_boosting() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=0)


def perceptron() -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((128, 128), max_iter=200, random_state=0)


def nearest_neighbour() -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(1)


def seasonal_naive(data: str) -> float:
    """A week of the coming year is what it was a year (52 weeks) before: the first value of the window."""
    d = load(data, "sequences")
    plain = load({"source": data, "scaling": "none"}, "sequences")
    return float(
        np.sqrt(np.mean((plain.valid_x[:, 0, 0] - d.valid_y.reshape(len(d.valid_y), -1)[:, 0]) ** 2))
    )


def plain_convolutions(data: str) -> float:
    """Two convolutions and a linear layer, Adam, 27 epochs, written out by hand; the best epoch."""
    import torch
    from torch import nn

    d = load(data, "images")
    torch.manual_seed(0)
    channels, height, width = d.shape
    model = nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * (height // 4) * (width // 4), d.n_classes),
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x, y, valid_x, valid_y = map(torch.tensor, (d.train_x, d.train_y, d.valid_x, d.valid_y))
    best = 0.0
    for _ in range(27):
        model.train()
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        model.eval()
        with torch.no_grad():
            best = max(best, float((model(valid_x).argmax(1) == valid_y).double().mean()))
    return best


def raw_pixels(data: str) -> tuple[Any, Any, Any]:
    """(data set, training images, validation images) as vae and gan see them: pixels within 0 .. 1."""
    import torch

    from trainables.neural.generative import pixels

    dataset = pixels(load({"source": data, "task": "generation", "scaling": "none"}, "images"))
    return dataset, torch.tensor(dataset.train_x), torch.tensor(dataset.valid_x)


def independent_pixels(data: str) -> float:
    """Negative log likelihood, in nats an image, where each pixel has its training mean: no code at all."""
    from torch.nn import functional

    _, train, valid = raw_pixels(data)
    means = train.mean(dim=0, keepdim=True).clamp(1e-3, 1 - 1e-3).expand_as(valid)
    return float(functional.binary_cross_entropy(means, valid, reduction="sum") / len(valid))


def shuffled_pixels(data: str) -> float:
    """Kernel distance of images whose every pixel is that of some training image."""
    import torch

    from trainables.neural.image_samples import judge_of

    dataset, train, _ = raw_pixels(data)
    draws = torch.randint(len(train), (1000, *train.shape[1:]), generator=torch.Generator().manual_seed(0))
    return judge_of(dataset).scores(train.gather(0, draws))["val/kernel_distance"]


LOGISTIC = "logistic regression (scikit-learn)"
CONVOLUTIONS = "two convolutions, torch by hand"
ROWS = (
    Row("mlp", "digits", "MLPClassifier (scikit-learn)", sklearn_accuracy(perceptron)),
    Row("cnn", "digits", CONVOLUTIONS, plain_convolutions),
    Row("resnet", "digits", CONVOLUTIONS, plain_convolutions),
    Row("inception", "digits", CONVOLUTIONS, plain_convolutions),
    Row("densenet", "digits", CONVOLUTIONS, plain_convolutions),
    Row("rnn", "movie_sentences", f"tf-idf, {LOGISTIC}", sklearn_accuracy(logistic)),
    Row("transformer", "movie_sentences", f"tf-idf, {LOGISTIC}", sklearn_accuracy(logistic)),
    Row("rnn", "co2", "the value of a year before", seasonal_naive),
    Row("transformer", "trace", "nearest neighbour (scikit-learn)", sklearn_accuracy(nearest_neighbour)),
    Row("vae", "digits", "pixels independent of each other", independent_pixels),
    Row("gan", "digits", "pixels independent of each other", shuffled_pixels),
    Row("finetune", "photo_patches", LOGISTIC, sklearn_accuracy(logistic)),
    Row("classical", "penguins", LOGISTIC, sklearn_accuracy(logistic)),
    Row("classical", "diabetes", "ridge (scikit-learn)", sklearn_rmse(ridge)),
    Row(
        "boosting",
        "breast_cancer",
        "HistGradientBoosting (scikit-learn)",
        sklearn_accuracy(histogram_boosting),
    ),
    Row(
        "xgboost",
        "breast_cancer",
        "HistGradientBoosting (scikit-learn)",
        sklearn_accuracy(histogram_boosting),
    ),
    Row(
        "lightgbm",
        "breast_cancer",
        "HistGradientBoosting (scikit-learn)",
        sklearn_accuracy(histogram_boosting),
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What was measured for one row."""

    model: str
    data: str
    metric: str
    goal: str
    default: float
    default_sd: float
    tuned: float
    tuned_sd: float
    reference: str
    reference_value: float
    seconds: float
    steps: int
    trials: int


def train(row: Row, config: dict[str, Any], seed: int) -> tuple[float, float, int]:
    """(best value of the declared metric, seconds, steps) of one whole training."""
    plug = resolve(row.model)
    declared = plug.declaration(row.data)
    assert declared.metric is not None
    best = max if declared.goal == "maximize" else min
    began, values = time.perf_counter(), []
    host = Host(plug)
    host.start({**nest(config), "data": {"source": row.data}}, seed=seed)
    for _ in range(declared.max_steps or 1):
        metrics = host.advance()
        if metrics is None:
            break
        values.append(metrics[declared.metric])
    host.close()
    finite = [value for value in values if value == value]
    return best(finite), time.perf_counter() - began, len(values)


def starting_point(space: Space, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults as a config of the space: what lies outside a range, or between choices, becomes the nearest."""

    def choose(parameter: Parameter) -> Any:
        domain = parameter.domain
        value = domain.value if isinstance(domain, Constant) else defaults[parameter.name]
        if isinstance(domain, Float | Integer):
            return min(max(value, domain.low), domain.high)
        numbers = [each for each in domain.choices if isinstance(each, float)]
        return (
            min(numbers, key=lambda each: abs(each - value))
            if isinstance(value, float) and numbers
            else value
        )

    return space.walk(choose)


def measure(row: Row, seeds: int, trials: int) -> Outcome:
    """Train the defaults, search, train the winner, ask the reference."""
    declared = resolve(row.model).declaration(row.data)
    load(row.data)  # neither side pays for reading the data
    defaults = [train(row, {}, seed) for seed in range(seeds)]
    with tempfile.TemporaryDirectory() as storage:
        space = Sweep(row.model, data=row.data, storage=storage).resolved.space
        sweep = Sweep(
            row.model,
            data=row.data,
            method="tpe",
            early_terminate="asha",
            run_cap=trials,
            storage=storage,
            seed=0,
            points=[nest(starting_point(space, declared.defaults))],
        )
        found = sweep.run(runner="inline").best
    assert found is not None
    config = {name: value for name, value in found.config.items() if not name.startswith("data.")}
    tuned = [train(row, config, seed)[0] for seed in range(seeds)]
    values = [value for value, _, _ in defaults]
    return Outcome(
        model=row.model,
        data=row.data,
        metric=str(declared.metric),
        goal=declared.goal,
        default=statistics.fmean(values),
        default_sd=statistics.stdev(values) if seeds > 1 else 0.0,
        tuned=statistics.fmean(tuned),
        tuned_sd=statistics.stdev(tuned) if seeds > 1 else 0.0,
        reference=row.reference,
        reference_value=row.measure(row.data),
        seconds=min(seconds for _, seconds, _ in defaults),
        steps=defaults[0][2],
        trials=trials,
    )


def table(outcomes: list[dict[str, Any]]) -> str:
    """The outcomes as Markdown."""
    head = "| model | data | metric | default | tuned | reference | its value | seconds |\n"
    lines = [head + "|---|---|---|---|---|---|---|---|"]
    for o in outcomes:
        value = {
            name: f"{o[name]:.3g}" if o[name] >= 10 else f"{o[name]:.3f}" for name in ("default", "tuned")
        }
        spread = {name: f"{o[f'{name}_sd']:.2g}" for name in ("default", "tuned")}
        lines.append(
            f"| `{o['model']}` | `{o['data']}` | {o['metric']} ({o['goal']}) | {value['default']} ± {spread['default']} "
            f"| {value['tuned']} ± {spread['tuned']} | {o['reference']} | {o['reference_value']:.3f} | {o['seconds']:.1f} |"
        )
    return "\n".join(lines)


def write_page(outcomes: list[dict[str, Any]]) -> None:
    """Put the table between its marks in docs/models.md."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(outcomes)}\n\n{END}{after}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", help="these only")
    parser.add_argument("--quick", action="store_true", help="one seed, three trials; nothing is written")
    arguments = parser.parse_args()
    seeds, trials = (1, 3) if arguments.quick else (SEEDS, TRIALS)
    rows = [row for row in ROWS if not arguments.models or row.model in arguments.models]
    for row in rows:
        outcome = asdict(measure(row, seeds, trials))
        print(table([outcome]).splitlines()[-1], flush=True)
        if not arguments.quick:
            _keep(outcome)
    return 0


def _keep(outcome: dict[str, Any]) -> None:
    """Put one row in its place among those measured before; the page is written anew."""
    rows = {**_kept(), (outcome["model"], outcome["data"]): outcome}
    done = [rows[row.model, row.data] for row in ROWS if (row.model, row.data) in rows]
    keep("models", {"machine": describe(), "seeds": SEEDS, "outcomes": done})
    write_page(done)


def _kept() -> dict[tuple[str, str], dict[str, Any]]:
    path = Path(__file__).parent / "results" / "models.json"
    if not path.exists():
        return {}
    return {(o["model"], o["data"]): o for o in json.loads(path.read_text())["outcomes"]}


if __name__ == "__main__":
    sys.exit(main())
