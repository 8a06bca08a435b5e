"""The contract suite, run on every scheduler of the registry that only decides, with its defaults and with other options.

Those that pause trials have laws of their own: tests/laws/test_pausing.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from contracts.playing import problem_of
from contracts.schedulers import SchedulerContract
from search.errors import SettingsError
from search.problem import Problem
from search.schedulers import SCHEDULERS, Promoter, Scheduler, make_scheduler

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "none": [{}],
    "median": [{}, {"grace": 1, "min_trials": 1}],
    "asha": [{}, {"min_iter": 1, "eta": 2}],
    "hyperband": [{}, {"min_iter": 1, "eta": 4}],
    "auto": [{"opening": 0}],  # with an opening it pauses trials, as asha does that promotes
}
CASES = [(name, options) for name, each in OPTIONS.items() for options in each]


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{name}-{options}" for name, options in CASES])
class TestEveryScheduler(SchedulerContract):
    @pytest.fixture(autouse=True)
    def _chosen(self, name: str, options: dict[str, Any]) -> None:
        self.name, self.options = name, options

    def make(self, problem: Problem) -> Scheduler:
        return make_scheduler(self.name, problem, self.options)


def test_none_that_only_decides_is_left_out() -> None:
    deciding = {name for name in SCHEDULERS if not isinstance(make_scheduler(name, problem_of(27)), Promoter)}
    assert deciding <= OPTIONS.keys()


def test_an_unknown_scheduler_is_refused_with_the_nearest(problem_27: Problem) -> None:
    with pytest.raises(
        SettingsError, match=r"early_terminate.type: unknown scheduler 'ashaa' \(did you mean asha\?\)"
    ):
        make_scheduler("ashaa", problem_27)


def test_the_schedulers_of_ray_are_named_as_such(problem_27: Problem) -> None:
    with pytest.raises(SettingsError, match="only the Ray runner has"):
        make_scheduler("ray/pbt", problem_27)


def test_unknown_options_are_refused_all_at_once(problem_27: Problem) -> None:
    with pytest.raises(SettingsError) as caught:
        make_scheduler("asha", problem_27, {"min_itr": 1, "grace": 2})
    assert (
        caught.value.problems[0]
        == "early_terminate.min_itr: unknown option of asha (did you mean min_iter or max_iter?)"
    )
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("asha", {"eta": 1}, "early_terminate.eta: must be a whole number of at least 2, got 1"),
        ("asha", {"eta": True}, "eta: must be a whole number of at least 2, got True"),
        ("asha", {"eta": 2.5}, "eta: must be a whole number of at least 2, got 2.5"),
        ("asha", {"min_iter": "3"}, "min_iter: must be a whole number of at least 1, got '3'"),
        ("asha", {"min_iter": 0}, "min_iter: must be a whole number of at least 1, got 0"),
        ("asha", {"min_iter": 28}, "min_iter: must not exceed 27"),
        ("asha", {"max_iter": 28}, r"max_iter: must not exceed max_steps \(27\), got 28. Leave it out"),
        ("hyperband", {"min_iter": 10, "max_iter": 9}, "min_iter: must not exceed 9"),
        ("median", {"grace": 28}, r"grace: must not exceed max_steps \(27\), got 28"),
        ("median", {"min_trials": 0}, "min_trials: must be a whole number of at least 1, got 0"),
    ],
)
def test_options_out_of_range_are_refused(
    name: str, options: dict[str, Any], said: str, problem_27: Problem
) -> None:
    with pytest.raises(SettingsError, match=said):
        make_scheduler(name, problem_27, options)


def test_every_wrong_option_is_said(problem_27: Problem) -> None:
    with pytest.raises(SettingsError) as caught:
        make_scheduler("asha", problem_27, {"min_iter": 0, "max_iter": 99, "eta": 0})
    assert len(caught.value.problems) == 3
