"""What a confirmation changes in the words about a sweep: who is best, what is still open, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.analysis.confirmation import seeds_needed
from search.analysis.numbers import number
from search.confirmation.candidates import BASELINE, candidates_of
from search.history import History

__all__ = ["after_confirmation", "outdated"]


def outdated(history: History, confirmed: Mapping[str, Any]) -> bool:
    """Whether the first place is now held by a config that was not trained again, because trials were added since."""
    labels = {each["label"] for each in confirmed["configs"]}
    return any(each.label not in labels for each in candidates_of(history, 1))


def after_confirmation(
    told: Mapping[str, Any], history: History, name: str, confirmed: Mapping[str, Any]
) -> dict[str, Any]:
    """`told`, a verdict, once `confirmed` is known.

    `headline` names the config that fresh seeds put first, where that is another than the search's; `confirmed` is then its
    `trial`, `mean` and `config`, else None. `cautions` and `next` say where the confirmation is of earlier configs, or had
    too few seeds. `name`: the run, quoted for a shell.
    """
    first, winner = confirmed["configs"][0], told["winner"]
    if first["mean"] is None:
        return {**told, "confirmed": None}
    if outdated(history, confirmed):
        text = "Trials have come since, and the first place is held by a config that was not trained again."
        step = {"text": "Train today's first places again.", "command": f"tuneyard confirm {name} --afresh"}
        return {
            **told,
            "cautions": [text, *told["cautions"]],
            "next": [*told["next"], step],
            "confirmed": None,
        }
    steps = [*told["next"], *_more_seeds(name, confirmed)]
    if first["label"] in (winner["trial"], BASELINE):
        return {**told, "next": steps, "confirmed": None}
    metric, value = history.problem.objective.metric, number(winner["value"], decimals=told["decimals"])
    when = f" at step {winner['step']:,}" if history.problem.repeats is None else ""
    before = f"In the search {winner['trial']} was first, with {value}{when}."
    return {
        **told,
        "headline": f"{confirmed['headline']}: mean {metric} {number(first['mean'])}",
        "sentences": [before, *told["sentences"]],
        "next": steps,
        "confirmed": {"trial": first["label"], "mean": first["mean"], "config": dict(first["config"])},
    }


def _more_seeds(name: str, confirmed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What would let the paired tests speak at all, where they had too few seeds for that."""
    enough = seeds_needed(len(confirmed["pairs"]))
    fixed = confirmed["over"] != "seeds" or confirmed["racing"] or not confirmed["complete"]
    if fixed or not confirmed["pairs"] or confirmed["seeds"] >= enough:
        return []
    if all(each["sd"] == 0 for each in confirmed["configs"]):
        return []
    top = sum(each["label"] != BASELINE for each in confirmed["configs"])
    return [
        {
            "text": f"{confirmed['seeds']} seeds are too few for a test; {enough} may settle which is best.",
            "command": f"tuneyard confirm {name} --top {top} --seeds {enough}",
        }
    ]
