"""How well requests were answered: how fast, how often not at all, and, where labels came, how right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["correctness", "service", "with_truth"]

_95 = 1.959964


def service(rows: pd.DataFrame) -> dict[str, Any]:
    """Requests, shares of those refused (4xx) and failed (5xx), and quantiles of the latency of the answered ones in ms.

    Args:
        rows: as `read_log` gives them; the rows of one request count once.
    """
    requests = rows.drop_duplicates("request")
    status = requests["status"].to_numpy(float)
    answered = requests["ms"].to_numpy(float)[status == 200]
    quantiles = np.quantile(answered, [0.5, 0.95, 0.99]) if len(answered) else [None] * 3
    return {
        "requests": len(requests),
        "refused": _share(status, 400, 500),
        "failed": _share(status, 500, 600),
        **{
            name: None if at is None else float(at)
            for name, at in zip(("p50", "p95", "p99"), quantiles, strict=True)
        },
    }


def with_truth(rows: pd.DataFrame, labels: pd.DataFrame, told: str) -> pd.DataFrame:
    """Answered rows with a column `truth`: what came true (`told`: "label" or "value"), missing where nobody said."""
    if not len(labels) or told not in labels:
        return rows.assign(truth=None)
    truth = labels[["request", "row", told]].rename(columns={told: "truth"})
    return rows.merge(truth, on=["request", "row"], how="left")


def correctness(rows: pd.DataFrame, told: str) -> dict[str, Any]:
    """Of the rows with a truth: how many, and accuracy with its 95 % interval (Wilson 1927), or MAE and RMSE."""
    known = rows[rows["truth"].notna() & rows[told].notna()] if told in rows else rows[:0]
    found: dict[str, Any] = {"labelled": len(known)}
    if not len(known):
        return found
    if told == "label":
        right = (known["label"].astype(str) == known["truth"].astype(str)).to_numpy()
        low, high = _wilson(int(right.sum()), len(right))
        return {**found, "accuracy": float(right.mean()), "accuracy_low": low, "accuracy_high": high}
    wrong = known["value"].to_numpy(float) - known["truth"].to_numpy(float)
    return {**found, "mae": float(np.abs(wrong).mean()), "rmse": float(np.sqrt((wrong**2).mean()))}


def _share(status: np.ndarray[Any, Any], low: int, high: int) -> float:
    return float(((status >= low) & (status < high)).mean()) if len(status) else 0.0


def _wilson(right: int, n: int) -> tuple[float, float]:
    share, z = right / n, _95
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return float(max(0.0, middle - reach)), float(min(1.0, middle + reach))
