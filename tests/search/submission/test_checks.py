"""Both sides compared: what refuses a sweep, what is worth a note, and that all of it is said at once."""

from __future__ import annotations

from typing import Any

import pytest

from search.errors import RunnerError
from search.runners.base import Resources
from search.submission.checks import PACKAGES, check, own_versions, problems
from search.submission.probe import NodeFacts, Probed

HERE = {"python": "3.11.7", **dict.fromkeys(PACKAGES, "1.0")}


def node(name: str = "head", *, versions: dict[str, str | None] | None = None, **facts: Any) -> NodeFacts:
    given = {"head": name == "head", "resources": {"CPU": 4.0}, **facts}
    return NodeFacts(name, versions={**HERE, **(versions or {})}, **given)


def found(*nodes: NodeFacts, **need: Any) -> list[str]:
    return problems(Probed("python", "/runs", nodes), Resources(**need) if need else Resources(), HERE)


def test_a_cluster_like_here_is_fine() -> None:
    assert found(node(), node("worker", versions={"python": "3.11.2"})) == []
    assert check(Probed("python", "/runs", (node(),)), Resources(), HERE) == []


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"python": "3.12.1"}, "worker has Python 3.12.1, here it is 3.11.7"),
        ({"ray": "2.59.0"}, "worker has ray 2.59.0, here it is 1.0"),
        ({"tuneyard": None}, "worker has no tuneyard: pip install 'tuneyard==1.0' there"),
        ({"torch": "0.9"}, "the nodes differ in torch: 1.0 on head, 0.9 on worker"),
        ({"hyperopt": None}, "the nodes differ in hyperopt: 1.0 on head, none on worker"),
    ],
    ids=["python", "ray", "tuneyard", "torch", "hyperopt"],
)
def test_versions_that_do_not_fit(versions: dict[str, str | None], said: str) -> None:
    (problem,) = found(node(), node("worker", versions=versions))
    assert problem.startswith(said)


def test_another_number_everywhere_is_worth_a_note() -> None:
    both = (node(versions={"torch": "2.0"}), node("worker", versions={"torch": "2.0"}))
    assert check(Probed("python", "/runs", both), Resources(), HERE) == [
        "torch is 2.0 on the cluster, 1.0 here"
    ]


def test_storage_that_a_node_does_not_see() -> None:
    (problem,) = found(node(), node("worker", reads=False))
    assert "storage /runs: worker does not see what the head wrote there" in problem
    assert "s3://" in problem
    (problem,) = found(node(reads=False))
    assert "the head cannot write there" in problem
    (problem,) = found(node(), node("worker", writes=False, problem="OSError: Read-only file system"))
    assert problem == "storage /runs: on worker OSError: Read-only file system"


def test_a_trial_that_fits_no_node() -> None:
    (problem,) = found(node(), node("worker", resources={"CPU": 16.0}), cpu=2, gpu=1)
    assert "a trial needs 2 CPU and 1 GPU on one node, and no node has more than 0 GPU" in problem
    assert found(node(), node("worker", resources={"CPU": 2.0, "GPU": 1.0}), cpu=2, gpu=0.25) == []


def test_all_of_it_is_said_at_once() -> None:
    bad = node(versions={"python": "3.12.0", "ray": None}, reads=False, resources={"CPU": 0.0})
    with pytest.raises(RunnerError) as raised:
        check(Probed("python", "/runs", (bad,)), Resources(cpu=1), HERE)
    assert str(raised.value).startswith("the cluster cannot run this sweep; nothing was sent\n- ")
    assert len(str(raised.value).splitlines()) == 5


def test_the_versions_of_here_are_known() -> None:
    assert own_versions().keys() == HERE.keys()
    assert own_versions()["ray"] is not None
