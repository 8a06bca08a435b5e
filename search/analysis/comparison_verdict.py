"""A comparison in words: which sweep found the best, at which spending, and whether that is more than luck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.analysis.numbers import number, percent, plural

__all__ = ["comparison_verdict"]


def comparison_verdict(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """`headline` and `sentences`, from what `compare` found."""
    rows = comparison["rows"]
    if not comparison["comparable"]:
        said = sorted({row["objectives"] for row in rows})
        return {
            "headline": "These runs have different objectives",
            "sentences": [f"Their values cannot be compared: {', '.join(said)}."],
        }
    if comparison["winner"] is None:
        return {"headline": "None of these runs has a value yet", "sentences": []}
    winner = rows[comparison["winner"]]
    headline = f"{winner['name']} found the best {winner['metric']}: {number(winner['best'])}"
    if winner["front"] is not None:
        headline = (
            f"{winner['name']} found the best front: it covers {percent(winner['best'])} of the box of all"
        )
    sentences = [
        *_matched(comparison),
        *(_pair(comparison, pair) for pair in comparison["pairs"] if pair["p"] is not None),
    ]
    if not any(pair["p"] is not None for pair in comparison["pairs"]) and len(comparison["groups"]) > 1:
        sentences.append(
            "With fewer than five shared seeds nobody can say whether that is luck: run each file with --seed 1 to 5 "
            "and compare all of the runs."
        )
    return {"headline": headline, "sentences": sentences}


def _matched(comparison: Mapping[str, Any]) -> list[str]:
    """Who leads at the largest budget that all of them spent."""
    matched, rows = comparison["matched"]["steps"], comparison["rows"]
    if not matched["rows"]:
        return []
    last = matched["rows"][-1]
    sign = -1 if rows[0]["goal"] == "maximize" else 1
    ranked = sorted((sign * value, i) for i, value in enumerate(last["best"]) if value is not None)
    if not ranked:
        return []
    names = [rows[i]["name"] for score, i in ranked if score == ranked[0][0]]
    if len(names) == len(rows):
        return [f"After {plural(last['at'], 'step')}, which all of them spent, they stand alike."]
    verb = "lead" if len(names) > 1 else "leads"
    value = number(sign * ranked[0][0])
    return [
        f"After {plural(last['at'], 'step')}, which all of them spent, {', '.join(names[:3])} {verb} with {value}."
    ]


def _pair(comparison: Mapping[str, Any], pair: Mapping[str, Any]) -> str:
    groups, goal = comparison["groups"], comparison["rows"][0]["goal"]
    first, second = groups[pair["a"]]["label"], groups[pair["b"]]["label"]
    low, high = pair["interval"]
    evidence = (
        f"mean difference {number(pair['difference'])}, 95 % interval {number(low)} to {number(high)}, "
        f"{plural(pair['seeds'], 'shared seed')}, adjusted p = {number(pair['adjusted'], 2)}"
    )
    if pair["adjusted"] > 0.05:
        return f"“{first}” and “{second}” cannot be told apart ({evidence})."
    better, worse = (first, second) if (pair["difference"] > 0) == (goal == "maximize") else (second, first)
    return f"“{better}” is better than “{worse}” ({evidence})."
