"""The answer in words: what won, by how much, what speaks against trusting it, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from search.analysis.auditing import audit
from search.analysis.commands import next_command
from search.analysis.confirmed_verdict import after_confirmation
from search.analysis.front_verdict import constraint_sentences, front_verdict
from search.analysis.numbers import decimals_for, number, percent, plural
from search.analysis.pareto import broken_constraints, pareto
from search.analysis.ranking import best_score, ranked
from search.analysis.repeats import repeats
from search.analysis.repeats_verdict import around, doubts, told_apart
from search.history import History
from search.trial import Outcome, Trial

__all__ = ["verdict"]

TAIL = 5  # steps over which a winner's own wobble is measured
LATE = 0.2  # a best found in the last fifth of the trials means that the search had not levelled off


def verdict(
    history: History,
    name: str,
    state: str,
    confirmed: Mapping[str, Any] | None = None,
    front: Mapping[str, Any] | None = None,
    repeated: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Sentences, and the numbers in them. `confirmed`: what a confirmation found (see `confirmation`). `front`: what
    `pareto` found; the words are then about it, and the winner is the first objective's. `repeated`: what `repeats` found,
    where that is known already.

    `headline`; `sentences` about the winner; `cautions`; `next`: [{text, command or None}]. `winner`: trial, value,
    step, last, last_step, steps, config, or None. `runner_up`: trial, value, or None. `lead`: how far the winner is ahead, >= 0,
    in units of the metric. `confirmed`: as of `after_confirmation`. `wobble`: median absolute change of the winner's value from step to step over its last
    five changes (None with fewer than three): a lead below it cannot be told from noise even within one run.
    """
    name = shlex.quote(name)  # it stands in commands to copy
    order = ranked(history)
    if not order:
        return _without_winner(history, name, state)
    value, metric = history.problem.objective.value, history.problem.objective.metric
    best = order[0].best
    assert best is not None
    assert best.score is not None
    rivals = [trial for trial in order if _comparable(history, trial, order[0])]
    scores = [score for trial in rivals if (score := best_score(trial)) is not None]
    decimals = decimals_for([value(score) for score in scores[:20]])
    winner = _winner(history, order[0])
    second = rivals[1] if len(rivals) > 1 else None
    lead = scores[1] - scores[0] if second is not None else None
    wobble = _wobble(order[0]) if history.problem.repeats is None else None
    sure = repeats(history) if repeated is None else repeated

    sentences = [_lead_sentence(second, lead, value(scores[1]) if second else None, decimals)]
    if len(rivals) >= 5:
        sentences.append(f"The best five lie within {number(scores[4] - scores[0], 3)}.")
    if winner["last"] is not None and winner["last"] != winner["value"]:
        sentences.append(
            f"It ended at {number(winner['last'], decimals=decimals)} (step {winner['last_step']:,}); "
            f"the best value is that of step {winner['step']:,}."
        )
    if sure is not None:
        sentences += told_apart(sure)
    if history.audited:
        sentences.append(_audit_sentence(history))
    broken = constraint_sentences(broken_constraints(history))
    sentences += broken
    told = {
        "headline": f"{order[0].id} is best: {metric} "
        + (
            f"{number(winner['value'], decimals=decimals)} at step {winner['step']:,}"
            if sure is None
            else around(sure, decimals)
        ),
        "sentences": sentences,
        "cautions": [
            *_audit_cautions(history, order[0]),
            *_cautions(order, lead, wobble, sure, confirmed),
        ],
        "next": [*_by_state(history, name, state), *_with_winner(history, name, state, order[0], confirmed)],
        "winner": winner,
        "runner_up": {"trial": second.id, "value": value(scores[1])} if second is not None else None,
        "lead": lead,
        "wobble": wobble,
        "decimals": decimals,
    }
    front = pareto(history) if front is None else front
    if front is None or not front["front"]:
        if confirmed is None:
            return {**told, "confirmed": None}
        return after_confirmation(told, history, name, confirmed)
    words = front_verdict(front, name, state, history.problem)
    sentences, steps = [*words["sentences"], *broken], [*_by_state(history, name, state), *words["next"]]
    return {**told, **words, "sentences": sentences, "next": steps, "confirmed": None}


def _comparable(history: History, trial: Trial, winner: Trial) -> bool:
    """Where the last step counts, a value of fewer steps is none to be ahead of."""
    if history.problem.objective.counts == "best" or trial.best is None or winner.best is None:
        return True
    return trial.best.step == winner.best.step


def _winner(history: History, trial: Trial) -> dict[str, Any]:
    value, best, last = history.problem.objective.value, trial.best, trial.last
    assert best is not None
    assert best.score is not None
    return {
        "trial": trial.id,
        "value": value(best.score),
        "step": best.step,
        "last": value(last.score) if last is not None and last.score is not None else None,
        "last_step": trial.steps,
        "state": trial.state,
        "seed": trial.seed,
        "config": dict(trial.config),
    }


def _lead_sentence(
    second: Trial | None, lead: float | None, value: float | None, decimals: int | None
) -> str:
    if second is None or lead is None:
        return "It is the only trial with a value that counts, so there is nothing to compare it with."
    if lead == 0:
        return f"It ties with {second.id}; of equals the earlier trial is listed first."
    return f"{number(lead, 3)} ahead of the second, {second.id} ({number(value, decimals=decimals)})."


def _audit_sentence(history: History) -> str:
    found = audit(history)
    of_all = f" ({percent(found['share_of_steps'])} of all)" if found["share_of_steps"] else ""
    return (
        f"{plural(found['trials'], 'trial')} that early stopping had stopped ran on for the audit, "
        f"{plural(found['steps'], 'step')}{of_all}: the doctor says what they tell."
    )


def _audit_cautions(history: History, winner: Trial) -> list[str]:
    if winner.number not in history.audited:
        return []
    return [
        f"Early stopping had stopped {winner.id} at step {history.audited[winner.number]:,}; it ran on only because the audit "
        "drew it. Others as good were stopped and not seen: see what the doctor says of rung_ranks."
    ]


def _cautions(
    order: Sequence[Trial],
    lead: float | None,
    wobble: float | None,
    sure: Mapping[str, Any] | None,
    confirmed: Mapping[str, Any] | None,
) -> list[str]:
    cautions = []
    if confirmed is not None:
        kept = " It is not complete yet." if not confirmed["complete"] else ""
        return [
            f"Trained again {'on folds' if confirmed['over'] == 'folds' else 'under fresh seeds'}: {confirmed['headline']}.{kept}",
            " ".join(confirmed["sentences"]),
        ]
    if sure is not None:
        cautions += doubts(sure)
    elif len(order) > 1:
        cautions.append(
            "Every configuration ran once, under one seed. That cannot tell a better configuration from a luckier one, "
            f"and the best of {len(order):,} values is flattered by chance."
        )
    else:
        cautions.append("One trial under one seed says nothing about how far its value can be trusted.")
    if lead is not None and wobble is not None and lead < wobble:
        cautions.append(
            f"The lead ({number(lead, 3)}) is smaller than the winner's own wobble from step to step "
            f"({number(wobble, 3)}): treat the first places as equal."
        )
    if order[0].open:
        cautions.append("The best trial has not ended yet.")
    return cautions


def _with_winner(
    history: History, name: str, state: str, winner: Trial, confirmed: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    if "imported" in history.about:
        text = "It was imported, so nothing here can train its configs again. A sweep of your own can learn from it."
        return [_step(text, f"tuneyard next {name} --set trainable=FILE.py:NAME -o next.yaml")]
    steps = []
    if (
        len(history.trials) >= 10
        and winner.number >= (1 - LATE) * len(history.trials)
        and state == "finished"
    ):
        more = max(10, round(len(history.trials) / 2))
        steps.append(
            _step(
                f"The best came late (trial {winner.number + 1:,} of {len(history.trials):,}): "
                "the search had not levelled off, so more trials are likely to pay.",
                f"tuneyard resume {name} --add-trials {more}",
            )
        )
    if confirmed is None:
        text = "Before relying on it, train the first places again under fresh seeds and compare their means."
        steps.append(_step(text, f"tuneyard confirm {name}" if state == "finished" else None))
    elif not confirmed["complete"]:
        steps.append(_step("The confirmation can go on from where it stood.", f"tuneyard confirm {name}"))
    elif state == "finished":
        text = "What this space has to give is settled. A sweep that starts from what this one learnt:"
        steps.append(_step(text, next_command(name)))
    return steps


def _by_state(history: History, name: str, state: str) -> list[dict[str, Any]]:
    if state == "running":
        return [
            _step("The sweep is still running; this page shows it as it stood.", f"tuneyard report {name}")
        ]
    if state == "detached":
        text = "The sweep was not over when it was looked at last; it goes on on its cluster."
        return [_step(text, f"tuneyard status {name} --follow")]
    left = len(history.running) + len(history.paused)
    if state in ("interrupted", "killed"):
        how = "was interrupted" if state == "interrupted" else "lost its driver"
        text = f"The sweep {how}; {plural(left, 'trial')} can go on from where {'it' if left == 1 else 'they'} stood."
        return [_step(text, f"tuneyard resume {name}")]
    return []


def _without_winner(history: History, name: str, state: str) -> dict[str, Any]:
    trials, failed = len(history.trials), history.failed_total
    steps = _by_state(history, name, state)
    if trials == 0:
        headline, sentence = "No trial has run yet", "There is nothing to compare."
    elif failed == trials:
        headline = "The only trial failed" if trials == 1 else f"All {trials:,} trials failed"
        sentence = "The failures below are grouped by cause; each links to its traceback."
        if "imported" not in history.about:
            retry = f"tuneyard resume {name} --retry-failed"
            steps.append(_step("Mend the cause, then run the failed trials again.", retry))
    elif history.results_total == 0:
        headline, sentence = (
            "No trial has reported a result yet",
            f"{plural(trials, 'trial')} asked for so far.",
        )
    elif broken := broken_constraints(history):
        headline = "No trial meets the outcome constraints"
        sentence = " ".join([*constraint_sentences(broken), *_closest(history)])
        steps.append(
            _step(
                "Search on, or loosen the bound and run the file again.",
                f"tuneyard resume {name} --add-trials 20",
            )
        )
    else:
        metric = history.problem.objective.metric
        headline = "No trial has a value that counts"
        sentence = f"{plural(history.results_total, 'result')} came in, none of a sound trial with a finite {metric}."
    return {
        "headline": headline,
        "sentences": [sentence],
        "cautions": [],
        "next": steps,
        "winner": None,
        "runner_up": None,
        "lead": None,
        "wobble": None,
        "decimals": None,
        "confirmed": None,
    }


def _closest(history: History) -> list[str]:
    """The trial that breaks the constraints by least, and its values."""
    ended = [t for t in history.trials if t.best is not None and t.outcome is not Outcome.FAILED]
    if not ended:
        return []
    closest = min(ended, key=lambda trial: (trial.best.violation if trial.best else 0.0, trial.number))
    assert closest.best is not None
    names = dict.fromkeys(each.metric for each in history.problem.outcome_constraints)
    values = ", ".join(f"{name} {number(closest.best.metrics[name])}" for name in names)
    return [f"{closest.id} comes closest: {values}."]


def _wobble(trial: Trial) -> float | None:
    scores = [result.score for result in trial.results if result.score is not None]
    changes = np.abs(np.diff(scores[-TAIL - 1 :]))
    return float(np.median(changes)) if len(changes) >= 3 else None


def _step(text: str, command: str | None) -> dict[str, Any]:
    return {"text": text, "command": command}
