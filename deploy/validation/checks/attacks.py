"""How little has to change for the model to go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.validation.finding import Finding, Result, cannot_tell
from deploy.validation.rows.base import Array
from deploy.validation.subject import Subject
from search.analysis.numbers import number

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["attacks"]

PIXELS, DEVIATIONS = (1.0, 2.0, 4.0, 8.0, 16.0), (0.05, 0.1, 0.25, 0.5, 1.0)
JUDGED = 2
"""Place among the strengths of the one that the verdict looks at: 4 of 255 grey levels, 0.25 deviations."""

ROWS, SEQUENCES, LARGE_ROWS, LARGE = 200, 100, 40, 2_000_000
"""Rows that are attacked; of sequences, which are read step by step; of networks with so many parameters."""

STEPS, STARTS, GUESSES = 10, 2, 20


@dataclass(frozen=True, eq=False)
class Reach:
    """How strengths are counted.

    Attributes:
        unit: what a strength of 1 is, in words.
        strengths: those that are tried.
        scale: how much of each prepared input one unit of strength is.
        low, high: the bounds of the data, as prepared.
        still: how many inputs are left alone, since they have two values only.
    """

    unit: str
    strengths: tuple[float, ...]
    scale: Array
    low: Array
    high: Array
    still: int = 0


def attacks(subject: Subject) -> Result:
    """The score against FGSM and PGD of several strengths, beside that under random noise of the same size.

    Of a model without gradients only a random search is left, which finds less: its score is an upper bound.
    """
    x = subject.trained.data.train_x
    if subject.trained.modality == "text" or x.dtype.kind != "f":
        return cannot_tell(
            "It reads words, between which there is no small step: no gradient attack; see its robustness to typing errors."
        )
    reach = _of_pixels(subject) or _of_deviations(x)
    module = subject.trained.module
    weight = 0 if module is None else sum(parameter.numel() for parameter in module.parameters())
    rng = subject.generator("attacks")
    most = LARGE_ROWS if weight >= LARGE else SEQUENCES if subject.trained.view == "sequences" else ROWS
    some = np.sort(rng.permutation(len(subject.y))[:most])
    attacked = _by_gradient(subject, some, reach) if module is not None else {}
    attacked["random"] = [_random(subject, some, reach, strength, rng) for strength in reach.strengths]
    clean = subject.score(subject.each(subject.trained.predict(subject.x[some]), subject.y[some]))
    numbers = {
        "unit": reach.unit,
        "strengths": list(reach.strengths),
        "steps": STEPS,
        "starts": STARTS,
        "guesses": GUESSES,
        "still": reach.still,
        "clean": clean.to_json(),
        "attacks": attacked,
    }
    return Result((_finding(subject, clean.value, reach, attacked),), numbers)


def _by_gradient(subject: Subject, some: Array, reach: Reach) -> dict[str, list[dict[str, Any]]]:
    import torch

    from trainables.neural.attack import Ball, fgsm, pgd

    module = subject.trained.module
    assert module is not None
    device = next(module.parameters()).device
    x = torch.as_tensor(subject.x[some], dtype=torch.float32).to(device)
    y, loss = _targets(subject, some)
    y = y.to(device)
    scale, low, high = (
        torch.as_tensor(each, dtype=torch.float32).to(device) for each in (reach.scale, reach.low, reach.high)
    )
    low, high = (
        torch.minimum(low, x),
        torch.maximum(high, x),
    )  # a row beyond the training rows' bounds may stay there
    generator = torch.Generator().manual_seed(int(subject.generator("starts").integers(2**31)))

    def measured(moved: Tensor) -> dict[str, Any]:
        outputs = subject.trained.predict(moved.detach().cpu().numpy().astype(subject.x.dtype))
        return subject.score(subject.each(outputs, subject.y[some])).to_json()

    found: dict[str, list[dict[str, Any]]] = {"fgsm linf": [], "pgd linf": [], "pgd l2": []}
    moving = float((reach.scale > 0).sum()) ** 0.5
    for strength in reach.strengths:
        flat = Ball("linf", strength, scale, low, high)
        round_ = Ball("l2", strength * moving, scale, low, high)
        found["fgsm linf"].append(measured(fgsm(module, x, y, loss, flat)))
        for name, ball in (("pgd linf", flat), ("pgd l2", round_)):
            moved = pgd(module, x, y, loss, ball, steps=STEPS, starts=STARTS, generator=generator)
            found[name].append({**measured(moved), "radius": ball.radius})
    return found


def _random(
    subject: Subject, some: Array, reach: Reach, strength: float, rng: np.random.Generator
) -> dict[str, Any]:
    """The worst for each row of some corners of the same cube, drawn at random."""
    x, y = subject.x[some], subject.y[some]
    worst = subject.each(subject.trained.predict(x), y)
    for _ in range(GUESSES):
        step = strength * reach.scale * rng.choice((-1.0, 1.0), x.shape)
        moved = np.clip(x + step, np.minimum(reach.low, x), np.maximum(reach.high, x))
        each = subject.each(subject.trained.predict(moved.astype(x.dtype)), y)
        worst = np.minimum(worst, each) if subject.classifies else np.maximum(worst, each)
    return subject.score(worst).to_json()


def _targets(subject: Subject, some: Array) -> tuple[Tensor, Callable[[Tensor, Tensor], Tensor]]:
    """What the network should have put out for the rows, and the loss of each row that an attack raises."""
    import torch
    from torch.nn import functional

    if subject.classifies:
        return torch.as_tensor(subject.y[some]), lambda outputs, y: functional.cross_entropy(
            outputs, y, reduction="none"
        )
    # the network puts out standardised values: from its outputs and the same in the target's unit follows which
    module = subject.trained.module
    assert module is not None
    with torch.no_grad():
        place = next(module.parameters()).device
        inside = (
            module(torch.as_tensor(subject.x[some], dtype=torch.float32).to(place))
            .cpu()
            .numpy()
            .astype(np.float64)
        )
    said = subject.outputs[some].reshape(inside.shape).astype(np.float64)
    spread = inside.std(axis=0)
    unit = np.where(spread > 0, said.std(axis=0) / np.where(spread > 0, spread, 1.0), 1.0)
    shift = said.mean(axis=0) - unit * inside.mean(axis=0)
    wanted = (subject.y[some].reshape(inside.shape) - shift) / np.where(unit > 0, unit, 1.0)
    return torch.as_tensor(wanted, dtype=torch.float32), lambda outputs, y: (outputs - y).square().mean(dim=1)


def _of_pixels(subject: Subject) -> Reach | None:
    """Strengths in grey levels, where a pixel alone decides on a prepared input, by a straight line."""
    trained = subject.trained
    if trained.modality != "images":
        return None
    shape = (1, *trained.raw("valid").shape[1:])
    low, middle, high = (
        trained.inputs(np.full(shape, level, np.uint8)).astype(np.float64)[0] for level in (0, 51, 255)
    )
    if low.shape != subject.x.shape[1:] or not np.allclose(middle, low + (high - low) / 5, atol=1e-4):
        return None
    ends = np.minimum(low, high), np.maximum(low, high)
    return Reach("of 255 grey levels", PIXELS, (ends[1] - ends[0]) / 255, *ends)


def _of_deviations(x: Array) -> Reach:
    values = x.astype(np.float64)
    low, high, spread = values.min(axis=0), values.max(axis=0), values.std(axis=0)
    two = ((values == low) | (values == high)).all(axis=0)
    scale = spread if two.all() else np.where(two, 0.0, spread)
    still = 0 if two.all() else int((two & (spread > 0)).sum())
    return Reach("standard deviations of each prepared input", DEVIATIONS, scale, low, high, still)


def _finding(
    subject: Subject, clean: float, reach: Reach, attacked: dict[str, list[dict[str, Any]]]
) -> Finding:
    by = "pgd linf" if "pgd linf" in attacked else "random"
    after = attacked[by][JUDGED]["value"]
    named = "PGD" if by == "pgd linf" else "A random search"
    says = (
        f"{named} within {reach.strengths[JUDGED]:g} {reach.unit} brings the {subject.measure} from {number(clean)} to "
        f"{number(after)}."
    )
    if by == "random":
        says += " It has no gradients; an attacker who knows more may do more."
    elif _masked(subject, attacked):
        return Finding(
            "cannot tell",
            f"{says} But one step, or steps at random, do more than many along its gradients: these mislead (Athalye et "
            "al. 2018).",
            "Do not read this as robustness.",
        )
    broken = after < clean / 2 if subject.classifies else after > 2 * clean
    if broken:
        return Finding(
            "warn",
            says,
            "Where inputs may be tampered with: train with `adversarial.strength` (docs/validate.md), and search it."
            if by != "random"
            else "Where inputs may be tampered with, check their ranges before they are used.",
        )
    return Finding("pass", says)


def _masked(subject: Subject, attacked: dict[str, list[dict[str, Any]]]) -> bool:
    sign = 1.0 if subject.classifies else -1.0
    many, *others = (attacked[name][JUDGED]["value"] for name in ("pgd linf", "fgsm linf", "random"))
    room = 0.05 * (1.0 if subject.classifies else abs(many))
    return any(sign * (many - other) > room for other in others)
