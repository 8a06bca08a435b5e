"""Mean ranks and the critical difference: the picture of Demšar 2006 as SVG, legible in light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from scipy.stats import rankdata, studentized_range

__all__ = ["cliques", "critical_difference", "mean_ranks", "svg"]


def mean_ranks(blocks: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Method -> its mean rank over blocks (a task under a seed), 1 is best; equal values share a rank. Best first."""
    names = list(blocks[0])
    ranks = np.array([rankdata([block[name] for name in names]) for block in blocks]).mean(axis=0)
    return dict(sorted(zip(names, ranks.tolist(), strict=True), key=lambda item: item[1]))


def critical_difference(methods: int, blocks: int) -> float:
    """By how much two mean ranks differ at least where the methods do (Nemenyi, 5 %; Demšar 2006, section 3.2.2)."""
    quantile = float(studentized_range.ppf(0.95, methods, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(methods * (methods + 1) / (6 * blocks))


def cliques(ranks: Mapping[str, float], difference: float) -> list[tuple[float, float]]:
    """Spans of mean ranks within which no two methods can be told apart, none within another, of two methods at least."""
    values = sorted(ranks.values())
    spans = [(low, max(v for v in values if v - low < difference)) for low in values]
    return [
        span
        for i, span in enumerate(spans)
        if span[0] < span[1] and all(span[1] > other[1] for other in spans[:i])
    ]


def svg(ranks: Mapping[str, float], difference: float, title: str) -> str:
    """Names left and right of an axis of mean ranks; a bar joins what cannot be told apart."""
    methods, width, left = len(ranks), 900.0, 250.0
    spans = cliques(ranks, difference)
    top, row = 92.0, 24.0
    axis = top + 14 * len(spans) + 10

    def x(rank: float) -> float:
        return left + (rank - 1) / (methods - 1) * (width - 2 * left)

    lines = []

    def line(x1: float, y1: float, x2: float, y2: float, kind: str = "thin") -> None:
        lines.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def text(at: float, y: float, said: str, anchor: str = "middle") -> None:
        lines.append(f'<text x="{at:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>')

    text(width / 2, 20, title)
    shown = min(difference, methods - 1)
    line(x(1), 44, x(1 + shown), 44, "bar")
    text(x(1 + shown) + 8, 48, f"critical difference {difference:.2f}", "start")
    line(x(1), top - 18, x(methods), top - 18)
    for rank in range(1, methods + 1):
        line(x(rank), top - 24, x(rank), top - 18)
        text(x(rank), top - 28, str(rank))
    for place, (low, high) in enumerate(spans):
        line(x(low) - 4, top + 14 * place, x(high) + 4, top + 14 * place, "bar")
    half = (methods + 1) // 2
    for place, (name, rank) in enumerate(sorted(ranks.items(), key=lambda item: item[1])):
        on_left = place < half
        y = axis + row * ((place if on_left else methods - 1 - place) + 1)
        line(x(rank), top - 18, x(rank), y)
        line(x(rank), y, left - 10 if on_left else width - left + 10, y)
        label = f"{name}  {rank:.2f}" if on_left else f"{rank:.2f}  {name}"
        text(left - 16 if on_left else width - left + 16, y + 4, label, "end" if on_left else "start")
    height = axis + row * (half + 1)
    style = (
        "text{font:13px system-ui,sans-serif;fill:#222}line{stroke:#222}.thin{stroke-width:1}"
        ".bar{stroke-width:4}.ground{fill:#fff}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}line{stroke:#ddd}.ground{fill:#16181d}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}"><style>{style}</style>'
        f'<rect class="ground" width="100%" height="100%"/>{"".join(lines)}</svg>\n'
    )
