"""What the replays say, question by question, and what the record cannot answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.hindsight.arm import RECORDED, Arm
from search.hindsight.figures import SURE_OF, ratio, steps_to_good
from search.hindsight.playing import Play
from search.hindsight.recorded import Record
from search.history import History
from search.searchers import SEARCHERS, capabilities
from search.views.wording import counted, duration, number

__all__ = ["answers", "enough", "limits"]

FEW = 30
"""Below so many recorded configs one more or less decides: methods are not set against each other."""

Plays = Mapping[str, Sequence[Play]]
Told = Mapping[str, Mapping[str, Any]]


def enough(record: Record) -> dict[str, Any]:
    """How soon the run itself had found its best config, and a good one: trials in the order in which they were asked for."""
    scored = [(place, row.best) for place, row in enumerate(record.trials, start=1) if row.best is not None]
    value = record.problem.objective.value
    best, curve = None, []
    for place, score in scored:
        if best is None or score < best:
            best = score
            curve.append({"trials": place, "value": value(score)})
    return {
        "best_at": next(place for place, score in scored if score <= record.best),
        "good_at": next(place for place, score in scored if score <= record.good),
        "of": len(record.trials),
        "curve": curve,
    }


def answers(record: Record, arms: Mapping[str, Arm], plays: Plays, told: Told) -> list[dict[str, Any]]:
    """One answer a question: `question`, `verdict` (yes, no, cannot tell; or what was found), `says`, `ratio`."""
    found = [_random(record, arms, plays, told), _enough(record, told)]
    if "asked" in arms:
        found.append(_saved(record, arms, plays, told))
    return found


def _random(record: Record, arms: Mapping[str, Arm], plays: Plays, told: Told) -> dict[str, Any]:
    """Against the search asked for, or else the run's own."""
    question = "would random have done as well?"
    other = "asked" if "asked" in arms else "own"
    if arms[other].method == "random":
        return _answer(question, "yes", "random search it is", None)
    if arms[other].method == RECORDED:
        return _cannot(question, "no method was named to set random search against; name one: --method tpe")
    random = "random" if "random" in arms else "own"  # no arm of its own where the run was just that
    if (why := _unsure(record, told, other, random)) is not None:
        return _cannot(question, why)
    share = ratio(
        [steps_to_good(each) for each in plays[random]], [steps_to_good(each) for each in plays[other]]
    )
    verdict, said = _compared(share, "random", arms[other].method)
    return _answer(question, verdict, f"{said} to {_good(record)}", share)


def _compared(share: Mapping[str, float | None], one: str, other: str) -> tuple[str, str]:
    """(verdict, words) on the ratio of the steps of `one` to those of `other`."""
    mean, low, high = share["mean"], share["low"], share["high"]
    if mean is None or low is None or high is None:
        return (
            "cannot tell",
            f"{one} needed {_times(mean)} the steps of {other}; one seed has no interval. --seeds 10",
        )
    said = f"{one} needed {_times(mean)} [{number(low)}, {number(high)}] the steps of {other}"
    if low > 1:
        return "no", said
    return ("yes", said) if high <= 1.25 else ("cannot tell", said)


def _enough(record: Record, told: Told) -> dict[str, Any]:
    facts, own = enough(record), told["own"]
    said = (
        f"the run had {_good(record)} after {facts['good_at']} of its {facts['of']} trials, and its best after "
        f"{facts['best_at']}"
    )
    question = "how many trials were enough?"
    if own["unrecorded"] > SURE_OF:
        return _answer(question, f"{facts['good_at']}", said, None)
    mean = own["good"]["trials"]
    said += f"; played again, its search had a good one after {number(_rounded(mean['mean']))}"
    if mean["low"] is not None:
        said += f" [{number(_rounded(mean['low']))}, {number(_rounded(mean['high']))}]"
    return _answer(question, f"{facts['good_at']}", said, None)


def _saved(record: Record, arms: Mapping[str, Arm], plays: Plays, told: Told) -> dict[str, Any]:
    """All recorded configs, tried by the search asked for and by the run's own."""
    own, asked = told["own"], told["asked"]
    question = f"what would {arms['asked'].name} have saved?"
    steps = ratio([each.steps for each in plays["asked"]], [each.steps for each in plays["own"]])
    time = ratio([each.seconds for each in plays["asked"]], [each.seconds for each in plays["own"]])
    said = (
        f"{_change(steps, 'fewer')} steps and {_change(time, 'less')} time for all {len(record.trials)} configs than "
        f"{arms['own'].name}: "
        f"{number(_rounded(asked['steps']['mean']))} against {number(_rounded(own['steps']['mean']))} steps, "
        f"{duration(asked['seconds']['mean'])} against {duration(own['seconds']['mean'])}"
    )
    if own["guessed"] or asked["guessed"]:
        why = "some decisions would have been taken where the record has ended; they were taken on the last recorded values"
        return _answer(question, "cannot tell", f"about {said}. But {why}", steps)
    if (unsure := _unsure(record, told, "asked", few=False)) is not None:
        return _answer(
            question, "cost only", f"{said}. What it would have found cannot be told: {unsure}", steps
        )
    reached = asked["good"]["reached"]
    said += f"; it found {_good(record)} in {reached:.0%} of the seeds"
    return _answer(question, "cost and quality", said, steps)


def limits(history: History, record: Record, own: Arm, told: Told) -> list[str]:
    """What the record cannot answer, in sentences."""
    cut = sum(row.end == "cut" for row in record.trials)
    said = [
        "only the recorded configs can be picked: whoever tries them all finds the best of them, so what is compared is how "
        "soon, never whether another search would have found a better one",
        "each proposal is answered by the nearest recorded config that was not yet tried",
    ]
    if cut:
        said.append(
            f"{cut} of {len(record.trials)} curves were cut short; past their end they are held at their last value, so a "
            "stopped trial that would have won is not seen. A share that runs on shows it: --set audit=0.1 in the next sweep"
        )
    if own.method in SEARCHERS and capabilities(own.method).learns:
        said.append(
            f"the configs were chosen by {own.method}, which looked where it was good: random search over them meets good ones "
            "more often than over the whole space, and looks better than it is"
        )
    if record.left_out:
        said.append(
            f"{record.left_out} trials are left out: no step was recorded of them, they went on from another trial, or the space has changed"
        )
    if len(record.trials) < FEW:
        said.append(f"{len(record.trials)} configs are few: methods are set against each other from {FEW} on")
    said.append(
        f"each config was trained under one seed, so luck is part of every curve; seconds are those "
        f"that steps took in the run, with {counted(record.concurrent, 'trial')} at a time, and starting workers costs nothing here"
    )
    if any(each["unrecorded"] > SURE_OF for each in told.values()):
        said.append(
            f"an arm that takes more than {SURE_OF:.0%} of its steps past the end of recorded curves is told by its cost only"
        )
    return said


def _unsure(record: Record, told: Told, *roles: str, few: bool = True) -> str | None:
    """Why the record does not carry an answer about what was found; None: it does."""
    if few and len(record.trials) < FEW:
        return f"{len(record.trials)} recorded configs are too few, {FEW} are needed"
    for role in roles:
        share = told[role]["unrecorded"]
        if share > SURE_OF:
            return f"{share:.0%} of the steps of {told[role]['name']} were never recorded"
    if record.median <= record.best:
        return "half of the recorded configs are as good as the best"
    return None


def _answer(
    question: str, verdict: str, says: str, share: Mapping[str, float | None] | None
) -> dict[str, Any]:
    return {"question": question, "verdict": verdict, "says": says, "ratio": share}


def _cannot(question: str, why: str) -> dict[str, Any]:
    return _answer(question, "cannot tell", why, None)


def _good(record: Record) -> str:
    objective = record.problem.objective
    sign = "<=" if objective.goal == "minimize" else ">="
    return f"one of the best 5 % ({objective.metric} {sign} {number(objective.value(record.good))})"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g} times"


def _change(share: Mapping[str, float | None], less: str) -> str:
    """`37 % [31, 42] fewer`, from the ratio of two sums."""
    mean, low, high = share["mean"], share["low"], share["high"]
    if mean is None:
        return f"an unknown share {less}"
    ends = () if low is None or high is None else (1 - high, 1 - low) if mean <= 1 else (low - 1, high - 1)
    interval = f" [{', '.join(f'{100 * end:.0f}' for end in ends)}]" if ends else ""
    return f"{100 * abs(1 - mean):.0f} %{interval} {less if mean <= 1 else 'more'}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(round(value))
