"""What a confirmation found: is the search's winner really the best, by how much, and how flattered was its value?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from search.analysis.numbers import number, percent, plural
from search.analysis.paired import LEVEL, NEEDED, holm, mean_interval, sign_flip, t_test
from search.confirmation.racing import beaten
from search.confirmation.replicates import infeasible, places_of, seeds_of, table_of
from search.history import History

__all__ = ["confirmation", "probability_best", "seeds_needed"]

DRAWS = 50_000
_TESTS = {"seeds": "paired permutation test", "folds": "paired t test, corrected for what folds share"}
_MORE = {"seeds": "add seeds", "folds": "find more rows"}
Table = np.ndarray[Any, np.dtype[np.float64]]


def confirmation(history: History) -> dict[str, Any]:
    """The numbers of a confirmation, whether it is complete or not.

    `over`: "seeds", or "folds": then `seeds` counts folds, their intervals, `p` (of a t test) and chances have the
    correction of Nadeau and Bengio (see `repeats.overlap_of`), and `refolded` says whether the search had these folds, too.
    `configs`, the best mean first: `label` (the trial that found it, or "baseline"), `config`, `promised` (by the search),
    `values` (by seed; the best over the steps; None where there is none), `mean`, `sd`, `interval` (95 %, Student's; None
    with fewer than two values), `probability_best`, `failed` (trials), `infeasible` (trials that break an outcome constraint; see
    `replicates.table_of`), `dropped` (beaten, by racing). `pairs`: the first
    config against each other one that shares seeds with it: `difference` (in the metric's unit), `interval`, `p`
    (sign-flip permutation test) and `adjusted` (Holm), or a `reason`. `test`: see `_test`. `bias`: of the search's winner, what was promised
    minus what the fresh seeds gave, with its `interval`; above 0 where the search flattered it. `complete`; `sentences`.
    """
    plan, objective = history.about["confirm"], history.problem.objective
    candidates = plan["candidates"]
    seeds = seeds_of(history.problem, len(candidates))
    places = places_of(history, [each["config"] for each in candidates], seeds)
    scores = table_of(history, places, len(candidates), seeds)
    table = np.array([[np.nan if s is None else s for s in row] for row in scores], dtype=float)
    table = table.reshape(seeds, len(candidates))
    out = beaten(scores, seeds) if plan["racing"] else set()
    failed = [0] * len(candidates)
    for (_, candidate), trial in zip(places, history.trials, strict=False):
        failed[candidate] += trial.failure is not None
    broken = infeasible(history, places, len(candidates))
    folds = plan.get("folds")
    overlap = 1 / (folds - 1) if folds else 0.0
    chances = probability_best(table, overlap)
    known = [c for c in range(len(candidates)) if np.isfinite(table[:, c]).any()]
    order = sorted(known, key=lambda c: float(np.nanmean(table[:, c])))
    order += [c for c in range(len(candidates)) if c not in known]
    configs = [
        {
            **candidates[c],
            **_summary(table[:, c], objective.value, overlap),
            "probability_best": chances[c],
            "failed": failed[c],
            "infeasible": broken[c],
            "dropped": c in out,
        }
        for c in order
    ]
    found = {
        "of": plan["of"],
        "over": "folds" if folds else "seeds",
        "refolded": bool(folds) and _searched_folds(history) == folds,
        "seeds": seeds,
        "racing": plan["racing"],
        "complete": history.finished,
        "configs": configs,
        "pairs": _pairs(table, order, candidates, objective.goal == "maximize", overlap),
        "bias": _bias(table, candidates, objective.goal == "maximize", overlap),
        "test": _test(history),
    }
    return {**found, **_words(found, objective.metric)}


def _searched_folds(history: History) -> int | None:
    """How many folds the search had as its steps."""
    settings = history.about.get("settings")
    plan = settings.get("repeats") if isinstance(settings, Mapping) else None
    return plan["times"] if plan and plan["over"] == "folds" else None


def probability_best(table: Table, overlap: float = 0.0) -> list[float | None]:
    """The chance of each column to have the smallest true mean, given scores by seed (NaN = missing).

    An additive model (score = seed + candidate + noise, one variance) with flat priors: the candidates' effects are then
    jointly Student's t around the least-squares estimates. None for a column without a value, and for all where there
    are too few values to tell the noise from the rest; a single column is the best for certain.
    `overlap`: of rows that are folds: the variance of a mean over n of them is 1/n + overlap times the noise.
    """
    columns = [c for c in range(table.shape[1]) if np.isfinite(table[:, c]).any()]
    none: list[float | None] = [None] * table.shape[1]
    if len(columns) <= 1:
        return [1.0 if c in columns else None for c in range(table.shape[1])]
    rows, cells = np.nonzero(np.isfinite(table[:, columns]))
    used = np.unique(rows)
    design = np.zeros((len(rows), len(used) + len(columns) - 1))
    design[np.arange(len(rows)), np.searchsorted(used, rows)] = 1.0
    inner = cells > 0  # the first candidate is the reference
    design[np.flatnonzero(inner), len(used) + cells[inner] - 1] = 1.0
    freedom = len(rows) - np.linalg.matrix_rank(design)
    if freedom < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return none
    y = table[:, columns][rows, cells]
    inverse = np.linalg.inv(design.T @ design)
    effects = inverse @ design.T @ y
    variance = float(np.sum((y - design @ effects) ** 2)) / freedom * (1 + overlap * len(used))
    rng = np.random.default_rng(0)
    free = slice(len(used), None)
    spread = np.linalg.cholesky(inverse[free, free] + 1e-12 * np.eye(len(columns) - 1))
    normal = rng.standard_normal((DRAWS, len(columns) - 1)) @ spread.T
    scale = np.sqrt(variance * freedom / rng.chisquare(freedom, (DRAWS, 1)))
    drawn = np.hstack([np.zeros((DRAWS, 1)), effects[free] + scale * normal])
    ties = drawn == drawn.min(
        axis=1, keepdims=True
    )  # without any noise equal candidates share the first place
    chances = (ties / ties.sum(axis=1, keepdims=True)).mean(axis=0)
    found = dict(zip(columns, chances.tolist(), strict=True))
    return [found.get(c) for c in range(table.shape[1])]


def _summary(scores: Table, value: Any, overlap: float) -> dict[str, Any]:
    values = [value(float(s)) if np.isfinite(s) else None for s in scores]
    known = np.array([v for v in values if v is not None], dtype=float)
    several = len(known) > 1
    return {
        "values": values,
        "mean": float(known.mean()) if len(known) else None,
        "sd": float(known.std(ddof=1)) if several else None,
        "interval": mean_interval(known, overlap) if several else None,
    }


def _pairs(
    table: Table, order: Sequence[int], candidates: Sequence[Mapping[str, Any]], flipped: bool, overlap: float
) -> list[dict[str, Any]]:
    pairs: list[dict[str, Any]] = []
    first = order[0]
    for other in order[1:]:
        both = np.isfinite(table[:, first]) & np.isfinite(table[:, other])
        differences = table[both, first] - table[both, other]
        if flipped:
            differences = -differences
        said: dict[str, Any] = {
            "first": candidates[first]["label"],
            "other": candidates[other]["label"],
            "seeds": int(both.sum()),
            "difference": float(differences.mean()) if len(differences) else None,
            "interval": mean_interval(differences, overlap) if len(differences) > 1 else None,
            "p": None,
            "adjusted": None,
            "reason": None,
        }
        if overlap:
            if len(differences) > 1:
                said["p"] = t_test(differences, overlap)
            else:
                said["reason"] = f"{plural(len(differences), 'shared fold')}; a paired test needs 2"
        elif len(differences) < NEEDED:
            said["reason"] = f"{plural(len(differences), 'shared seed')}; a paired test needs {NEEDED}"
        else:
            said["p"] = sign_flip(differences)
        pairs.append(said)
    holm(pairs)
    return pairs


def _bias(
    table: Table, candidates: Sequence[Mapping[str, Any]], flipped: bool, overlap: float
) -> dict[str, Any] | None:
    """How much better the search's best value was than the same config under fresh seeds, in the metric's unit."""
    promised, scores = candidates[0]["promised"], table[np.isfinite(table[:, 0]), 0]
    if promised is None or not len(scores):
        return None
    fresh = -scores if flipped else scores
    gained = (promised - fresh) if flipped else (fresh - promised)
    return {
        "trial": candidates[0]["label"],
        "promised": promised,
        "fresh": float(fresh.mean()),
        "flattery": float(gained.mean()),
        "interval": mean_interval(gained, overlap) if len(gained) > 1 else None,
    }


def _test(history: History) -> dict[str, Any] | None:
    """The newest opening of the locked test part: `opening` (1 = the first), `label`, `metrics` (mean over the models),
    `values` (by model), or `error`."""
    if not history.tests:
        return None
    records = [record for record in history.tests if record["opening"] == history.tests[-1]["opening"]]
    opened, told = records[0], records[-1]
    results = list(told.get("results", {}).values())
    names = dict.fromkeys(name for each in results for name in each)
    values = {name: [each[name] for each in results if name in each] for name in names}
    return {
        "opening": opened["opening"],
        "label": opened["label"],
        "metrics": {name: float(np.mean(each)) for name, each in values.items()},
        "values": values,
        "error": told.get("error") or _unmeasured(results, values),
    }


def _unmeasured(results: Sequence[Any], values: Mapping[str, Any]) -> str | None:
    """Why an opening without an error gave nothing."""
    if values:
        return None
    if results:
        return "the trainable's measure() gave no metric whose name begins with val/"
    return "it was opened, and the driver ended before it was measured"


def _words(found: Mapping[str, Any], metric: str) -> dict[str, Any]:
    configs, bias = found["configs"], found["bias"]
    first = configs[0]
    breaking = [
        f"{each['label']} ({plural(each['infeasible'], 'trial')})" for each in configs if each["infeasible"]
    ]
    broken = [f"Outcome constraints were broken by {', '.join(breaking)}."] if breaking else []
    if first["mean"] is None:
        return {
            "headline": "No config keeps the outcome constraints" if broken else "Nothing is confirmed yet",
            "sentences": broken or ["No trial of the confirmation has a value."],
        }
    interval = first["interval"]
    around = f", 95 % interval {number(interval[0])} to {number(interval[1])}" if interval else ""
    unit = "fresh seed" if found["over"] == "seeds" else "fold"
    over = f"over {plural(sum(value is not None for value in first['values']), unit)}"
    level = [each["label"] for each in configs if each["mean"] == first["mean"]]
    headline = f"{first['label']} is best {over}"
    if len(level) > 1:
        headline = f"{', '.join(level[:5])} are equally good {over}"
    sentences = [f"The mean {metric} of {first['label']} is {number(first['mean'])}{around}."]
    if first["probability_best"] is not None and len(configs) > 1:
        sentences.append(
            f"The chance that it is the best of these {len(configs)} is {percent(first['probability_best'])}."
        )
    sentences += _told_apart(found)
    if found["refolded"]:
        sentences.append(
            "The search chose by these very folds, so its choice is flattered by them still: new rows would tell."
        )
    elif bias is not None and bias["interval"] is not None and bias["interval"][0] > 0:
        sentences.append(
            f"The search promised {number(bias['promised'])} for {bias['trial']}; {unit}s gave {number(bias['fresh'])}: "
            f"the search flattered it by {number(bias['flattery'], 3)}."
        )
    elif bias is not None:
        sentences.append(
            f"The search promised {number(bias['promised'])} for {bias['trial']}; {unit}s gave {number(bias['fresh'])}."
        )
    sentences += _tested(found["test"], metric)
    if failing := [
        f"{each['label']} ({plural(each['failed'], 'trial')})" for each in configs if each["failed"]
    ]:
        sentences.append(f"Some failed: {', '.join(failing)}.")
    sentences += broken
    return {"headline": headline, "sentences": sentences}


def _tested(test: Mapping[str, Any] | None, metric: str) -> list[str]:
    if test is None:
        return []
    times = "opened for the first time"
    if test["opening"] > 1:
        times = f"opening number {test['opening']}, so this is no longer a fair measure"
    if test["error"]:
        return [f"The locked test rows ({times}) gave no value: {test['error']}."]
    name = f"test/{metric.removeprefix('val/')}"
    name = name if name in test["metrics"] else next(iter(test["metrics"]))
    return [f"On the locked test rows ({times}) {test['label']} has {name} {number(test['metrics'][name])}."]


def _told_apart(found: Mapping[str, Any]) -> list[str]:
    """What the paired tests say, and what they cannot say."""
    pairs = found["pairs"]
    tested = [pair for pair in pairs if pair["adjusted"] is not None]
    if pairs and all(each["sd"] == 0 for each in found["configs"]):
        if found["over"] == "folds":
            return ["Every fold gave the same values: see that the trainable reads data.split.fold."]
        return ["Every seed gave the same values: this trainable has no randomness, and one seed is enough."]
    clear = [pair["other"] for pair in tested if pair["adjusted"] <= LEVEL]
    unclear = [pair["other"] for pair in tested if pair["adjusted"] > LEVEL]
    sentences = []
    if clear:
        sentences.append(
            f"It beats {', '.join(clear)} beyond chance ({_TESTS[found['over']]}, Holm's correction)."
        )
    enough = seeds_needed(len(pairs))
    if pairs and found["over"] == "seeds" and found["seeds"] < enough and not clear:
        sentences.append(
            f"{plural(found['seeds'], 'seed')} cannot settle it: {plural(len(pairs), 'comparison')} {'needs' if len(pairs) == 1 else 'need'} at least {enough}."
        )
    elif unclear:
        sentences.append(
            f"It cannot be told apart from {', '.join(unclear)}: take the cheaper one, or {_MORE[found['over']]}."
        )
    return sentences


def seeds_needed(comparisons: int) -> int:
    """Seeds with which a two-sided sign-flip test of so many comparisons can fall to 5 % at all: the smallest p is
    2 / 2**seeds, and Holm multiplies it by the number of comparisons."""
    seeds = NEEDED
    while comparisons * 2 / 2**seeds > LEVEL:
        seeds += 1
    return seeds
