"""The training options: every value against its rule, and every option that stands against another."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from spaces import parse_parameters
from trainables import TrainableError
from trainables.neural.options import TRAINING, TRAINING_OPTIONS, TRAINING_SPACE, check_training


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"optimizer": "adm"}, "own: optimizer cannot be 'adm'; did you mean adam"),
        ({"schedule": "cosin"}, "schedule cannot be 'cosin'; did you mean cosine?"),
        ({"schedule_every": "step"}, "schedule_every cannot be 'step'; known: batch, epoch"),
        ({"precision": "float64"}, "precision cannot be 'float64'; did you mean float"),
        ({"initializer": "glorot"}, "initializer cannot be 'glorot'"),
        ({"lr": -0.1}, "lr is at least 0, not -0.1"),
        ({"lr": math.nan}, "lr is at least 0, not nan"),
        ({"lr": math.inf}, "lr is at least 0, not inf"),
        ({"momentum": 1.0}, "momentum is at least 0 and below 1, not 1.0"),
        ({"beta2": 1.0}, "beta2 is at least 0 and below 1"),
        ({"ema": 1.0}, "ema is at least 0 and below 1"),
        ({"schedule_factor": 2.0}, "schedule_factor is at least 0 and at most 1, not 2.0"),
        ({"batch_size": -1}, "batch_size is at least 0, not -1"),
        ({"accumulate": 0}, "accumulate is at least 1, not 0"),
        ({"schedule_epochs": 0}, "schedule_epochs is at least 1"),
        (
            {"optimizer": "lbfgs", "clip": 1.0},
            "lbfgs searches along a line of the full batch's loss, which clip",
        ),
        ({"optimizer": "lbfgs", "accumulate": 2}, "leave accumulate at 1"),
        ({"optimizer": "lbfgs", "mixup": 0.2}, "leave mixup at 0.0"),
        ({"optimizer": "lbfgs", "precision": "float16"}, "lbfgs cannot scale its loss for float16"),
        ({"schedule": "plateau", "schedule_every": "batch"}, "schedule_every: epoch"),
        ({"optimizer": "sgd", "nesterov": True, "momentum": 0.0}, "nesterov needs a momentum above 0"),
    ],
)
def test_values_against_the_rules(options: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=re.escape(rule)):
        check_training({**TRAINING, **options}, "own")


def test_the_defaults_are_within_the_rules_and_explained() -> None:
    check_training(TRAINING, "own")
    assert all(option.help for option in TRAINING_OPTIONS.values())
    for name, option in TRAINING_OPTIONS.items():
        assert isinstance(option.default, (bool, int, float, str)), name
        for choice in option.choices:
            changed = {**TRAINING, name: choice}
            check_training(changed, "own")


def test_the_space_searches_options_that_exist_within_their_rules() -> None:
    import numpy as np

    space = parse_parameters(TRAINING_SPACE)
    assert set(space.names) <= set(TRAINING)
    for draw in range(100):
        check_training({**TRAINING, **space.sample(np.random.default_rng(draw))}, "own")
