"""Several different estimators as one: voting, and stacking with a linear model on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainables.classical.estimators.base import CLASSES, VALUES, Estimator, Kind, Setting, whole
from trainables.classical.estimators.ensembles import ENSEMBLES
from trainables.classical.estimators.linear import LINEAR
from trainables.classical.estimators.single import SINGLE
from trainables.errors import TrainableError, nearest

__all__ = ["COMBINED"]

MEMBERS = {name: each for name, each in {**LINEAR, **SINGLE, **ENSEMBLES}.items() if each.growth != "epochs"}

CLASS_MEMBERS = ("logistic+knn+naive_bayes", "logistic+decision_tree+knn", "logistic+random_forest")
VALUE_MEMBERS = ("ridge+knn+decision_tree", "ridge+knn+svm", "ridge+random_forest")


def _members(o: Mapping[str, Any], kind: Kind, seed: int, owner: str, refused: str) -> list[tuple[str, Any]]:
    """The named members, each with its default settings.

    Raises:
        TrainableError: an unknown or repeated member, one that cannot predict `kind`, or fewer than two.
    """
    names = str(o["members"]).replace(" ", "").split("+")
    possible = [name for name, each in MEMBERS.items() if kind in each.kinds and name != refused]
    for name in names:
        if name not in possible:
            raise TrainableError(
                f"{owner}.members: {name!r} cannot be a member here; {nearest(name, possible)} "
                "Names are joined by +: knn+random_forest."
            )
    if len(names) < 2 or len(set(names)) < len(names):
        raise TrainableError(f"{owner}.members: names two or more different estimators, not {o['members']!r}")
    found = []
    for name in names:
        settings = {setting.name: setting.default for setting in MEMBERS[name].settings_for(kind)}
        found.append((name, MEMBERS[name].make(settings, kind, seed)))
    return found


def _voting(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    """Means of the members' probabilities or values. A support vector machine has no probabilities to add."""
    from sklearn.ensemble import VotingClassifier, VotingRegressor

    members = _members(o, kind, seed, "voting", refused="svm" if kind == "classes" else "")
    return VotingRegressor(members) if kind == "values" else VotingClassifier(members, voting="soft")


def _stacking(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.ensemble import StackingClassifier, StackingRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    members = _members(o, kind, seed, "stacking", refused="")
    shared = {"cv": o["folds"], "passthrough": o["passthrough"]}
    if kind == "values":
        return StackingRegressor(members, Ridge(), **shared)
    return StackingClassifier(members, LogisticRegression(max_iter=500), **shared)


_MEMBERS = (
    Setting("members", CLASS_MEMBERS[0], search={"values": list(CLASS_MEMBERS)}, kinds=CLASSES),
    Setting("members", VALUE_MEMBERS[0], search={"values": list(VALUE_MEMBERS)}, kinds=VALUES),
)

COMBINED: dict[str, Estimator] = {
    "voting": Estimator(_voting, _MEMBERS, unitless=True),
    "stacking": Estimator(
        _stacking,
        (
            *_MEMBERS,
            whole("folds", 3, 2),
            Setting("passthrough", False, search={"values": [False, True]}),
        ),
        unitless=True,
    ),
}
