"""The next version of a real model: promoted where it is better, refused where it is not, and honest about its rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deploy.ab import Paired
from deploy.errors import DeployError
from deploy.export import export
from deploy.folder import write_folder
from deploy.model import Model
from deploy.registry import Registry
from deploy.trained import Trained
from deploy.updating import update, update_rows
from deploy.updating.judging import _decide
from deploy.updating.rows import _marks
from search import Sweep
from search.errors import SettingsError
from search.run import Run
from tuneyard.__main__ import main


def test_new_rows_that_the_old_model_misreads_promote_the_new_one_and_a_rollback_brings_it_back(
    model: Path, drifted: Path, storage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--storage", str(storage)]
    assert main(["update", str(model), "--data", str(drifted), "--registry", "registry/cancer", *where]) == 0
    told = capsys.readouterr()
    assert "cancer v2 is in production: it is better on the new rows" in told.out
    assert "tuneyard serve registry/cancer" in told.err
    registry = Registry.open("registry/cancer")
    assert [each.stage for each in registry.versions] == ["archived", "production"]
    assert "better on the new rows" in registry.history[-1].reason
    old, new = (Model.load(registry.path(name)) for name in ("v1", "v2"))
    assert old.version == Model.load(model).version
    frame = pd.read_csv(drifted)
    labels = frame.pop("diagnosis").to_numpy()
    right = [(np.asarray(each.predict(frame).labels) == labels).mean() for each in (old, new)]
    assert right[1] > right[0] + 0.05
    assert main(["registry", "rollback", "registry/cancer", "--reason", "just to see"]) == 0
    assert "v1 is in production again" in capsys.readouterr().out
    assert Registry.open("registry/cancer").production.name == "v1"


def test_two_versions_are_compared_on_a_file_of_rows(
    model: Path, drifted: Path, storage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = update(model, drifted, registry="registry/both", storage=storage)
    frame = pd.read_csv(drifted)
    frame.loc[3, "diagnosis"] = None  # no right answer
    frame.astype({"mean radius": object}).assign(
        **{"mean radius": ["wide", *frame["mean radius"].tolist()[1:]]}
    ).to_csv(tmp_path / "rows.csv", index=False)
    folders = ["registry/both/v1", "registry/both/v2"]
    assert main(["ab", "compare", *folders, "rows.csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["left_out"]) == (298, 2)
    assert told["low"] > 0
    answers = frame["diagnosis"].drop(index=[0, 3])
    rows = frame.drop(columns="diagnosis").drop(index=[0, 3])
    right = [(np.asarray(Model.load(each).predict(rows).labels) == answers).mean() for each in folders]
    assert [told["old"], told["new"]] == pytest.approx(right)
    assert main(["ab", "compare", *folders, "rows.csv", "--metric", "log_loss"]) == 0
    assert "registry/both/v2 is better" in capsys.readouterr().out
    assert found.promoted
    assert main(["ab", "compare", *folders, "nothing.csv"]) == 1


def test_new_rows_of_the_old_kind_promote_nothing(model: Path, alike: Path, storage: Path) -> None:
    found = update(model, alike, registry="registry/alike", storage=storage)
    assert not found.promoted
    assert "no difference is shown" in found.judgement.reason
    registry = Registry.open("registry/alike")
    assert [each.stage for each in registry.versions] == ["production", "staging"]
    assert found.judgement.new_rows.low is not None
    assert found.judgement.new_rows.low <= 0 <= (found.judgement.new_rows.high or 0)
    assert json.loads(json.dumps(found.to_json()))["promoted"] is False


@pytest.mark.slow
def test_an_update_of_an_update_goes_on_from_the_version_in_production(
    model: Path, drifted: Path, storage: Path, tmp_path: Path
) -> None:
    first = update(model, drifted, registry="registry/twice", storage=storage)
    frame = pd.read_csv(drifted)
    numbers = frame.select_dtypes("float").columns
    frame[numbers] *= 1.001
    frame.to_csv(tmp_path / "later.csv", index=False)
    second = update("registry/twice", tmp_path / "later.csv", storage=storage)
    assert (first.version, second.before, second.version) == ("v2", "v2", "v3")
    assert second.trained_old == len(Trained.open(Run.open(first.run, storage)).data.train_rows)


def test_a_sweep_begins_with_the_old_winner(model: Path, run: Run, drifted: Path, storage: Path) -> None:
    found = update(model, drifted, registry="registry/swept", storage=storage, mode="sweep", trials=3)
    made = Run.open(found.run, storage)
    assert len(made.history.trials) == 3
    assert run.best is not None
    first, winner = made.history.trials[0].config, run.trial(run.best.trial).config
    searched = ("estimator", "data.scaling", "logistic.C", "knn.n_neighbors")
    assert {name: first.get(name) for name in searched} == {name: winner.get(name) for name in searched}
    assert {each.config["data.scaling"] for each in made.history.trials} <= {"zscore", "robust"}


@pytest.mark.slow
def test_weights_go_on_from_where_they_were(run: Run, storage: Path, drifted: Path) -> None:
    net = Sweep(
        trainable="mlp",
        data={"source": str(storage.parent / "old.csv"), "target": "diagnosis"},
        parameters={"lr": {"value": 0.01}},
        method="random",
        run_cap=1,
        max_steps=6,
        name="net",
        storage=str(storage),
        runner="inline",
    ).run()
    export(Trained.open(net), "net")
    found = update("net", drifted, registry="registry/net", storage=storage, mode="continue")
    made = Trained.open(Run.open(found.run, storage))
    assert made.step == 2  # a third of the steps that the old one had
    assert found.judgement.new_rows.new > 0.85  # from nothing, two epochs of these rows reach less
    assert made.ref == "finetune"


def test_a_model_without_weights_cannot_go_on(model: Path, drifted: Path, storage: Path) -> None:
    with pytest.raises(DeployError, match="--mode retrain"):
        update(model, drifted, registry="registry/none", storage=storage, mode="continue")


def test_nothing_that_is_compared_on_was_trained_on(run: Run, drifted: Path, tmp_path: Path) -> None:
    trained = Trained.open(run)
    for source in ("both", "new"):
        rows = update_rows(trained, str(drifted), tmp_path / source, source, seed=0)
        known = {repr(row) for row in pd.read_parquet(rows.file)[rows.new.raw.columns].to_numpy().tolist()}
        assert not known & {repr(row) for row in rows.new.raw.to_numpy().tolist()}
        assert not known & {repr(row) for row in rows.old.raw.to_numpy().tolist()}
        assert len(rows.new) + rows.trained_new == 300
        assert len(known) == rows.trained_old + rows.trained_new
        assert rows.trained_old == (len(trained.data.train_rows) if source == "both" else 0)
    share = (pd.read_csv(drifted)["diagnosis"] == "malignant").mean()
    assert abs(np.mean(rows.new.y == "malignant") - share) < 0.02  # classes keep their shares


def test_rows_that_are_old_already_are_left_out(run: Run, alike: Path, tmp_path: Path) -> None:
    frame = run_frame(run)
    new = pd.read_csv(alike)
    pd.concat([frame.head(100), new]).to_csv(tmp_path / "mixed.csv", index=False)
    rows = update_rows(Trained.open(run), str(tmp_path / "mixed.csv"), tmp_path / "rows", "both", seed=0)
    assert rows.known == 100
    spelt = pd.concat([frame.head(100).assign(year="7"), new.assign(year="7.0")])
    assert rows_that_repeat(spelt, frame.assign(year=7)) == 100  # however a number is spelt
    frame.to_csv(tmp_path / "known.csv", index=False)
    with pytest.raises(DeployError, match="in the old data already"):
        update_rows(Trained.open(run), str(tmp_path / "known.csv"), tmp_path / "again", "both", seed=0)


def rows_that_repeat(new: pd.DataFrame, old: pd.DataFrame) -> int:
    return len([mark for mark in _marks(new) if mark in {*_marks(old)}])


def run_frame(run: Run) -> pd.DataFrame:
    frame = Trained.open(run).records.frame
    assert frame is not None
    return frame


def test_new_rows_of_a_group_that_was_validated_on_are_not_trained_on(
    storage: Path, tumours: pd.DataFrame, tmp_path: Path
) -> None:
    frame = tumours.assign(patient=np.arange(len(tumours)) // 3)
    frame.iloc[:300].to_csv(tmp_path / "old.csv", index=False)
    # the same patients again, with other numbers; and as many others
    again = frame.iloc[300:500].assign(patient=[*range(100), *range(500, 600)])
    again.to_csv(tmp_path / "new.csv", index=False)
    grouped = Sweep(
        trainable="classical",
        data={"source": str(tmp_path / "old.csv"), "target": "diagnosis", "split": {"group": "patient"}},
        parameters={"estimator": {"value": "logistic"}},
        run_cap=1,
        max_steps=1,
        name="grouped",
        storage=str(storage),
        runner="inline",
    ).run()
    trained = Trained.open(grouped)
    assert trained.records.frame is not None
    held = {*trained.records.frame["patient"].iloc[trained.data.valid_rows]}
    rows = update_rows(trained, str(tmp_path / "new.csv"), tmp_path / "rows", "new", seed=0)
    learnt = {*pd.read_parquet(rows.file)["patient"]}
    assert held & {*again["patient"]}
    assert not held & learnt
    assert rows.trained_new == len(pd.read_parquet(rows.file)) > 100


def test_two_updates_at_once_do_not_train_on_each_others_rows(run: Run, alike: Path, tmp_path: Path) -> None:
    trained = Trained.open(run)
    update_rows(trained, str(alike), tmp_path / "rows", "both", seed=0)
    before = (tmp_path / "rows.parquet").read_bytes()
    with pytest.raises(DeployError, match="of another update"):
        update_rows(trained, str(alike), tmp_path / "rows", "both", seed=1)
    assert (tmp_path / "rows.parquet").read_bytes() == before


def test_a_version_that_another_update_promoted_meanwhile_is_not_replaced_unseen(
    model: Path, drifted: Path, storage: Path
) -> None:
    registry = Registry.create("registry/raced")
    registry.promote(registry.add(model).name)

    def meanwhile(sentence: str) -> None:
        if sentence.startswith("retrain"):
            registry.promote(registry.add(model).name)

    found = update("registry/raced", drifted, storage=storage, told=meanwhile)
    assert not found.promoted
    assert "v2 is in production by now" in found.judgement.reason
    assert Registry.open("registry/raced").production.name == "v2"
    assert found.version == "v3"


def test_old_data_that_have_changed_are_refused(
    model: Path, drifted: Path, storage: Path, tumours: pd.DataFrame
) -> None:
    old = storage.parent / "old.csv"
    before = old.read_bytes()
    try:
        tumours.head(300).to_csv(old, index=False)  # 31 rows were added to it
        with pytest.raises(DeployError, match="holds other rows than when"):
            update(model, drifted, registry="registry/changed", storage=storage)
    finally:
        old.write_bytes(before)


def _with_another_card(model: Path, folder: Path, **changes: object) -> None:
    def foreign(writing: Path) -> None:
        for file in model.iterdir():
            if file.name != "manifest.json":
                (writing / file.name).write_bytes(file.read_bytes())
        card = json.loads((writing / "card.json").read_text())
        (writing / "card.json").write_text(json.dumps({**card, **changes}))

    write_folder(folder, foreign, force=False)


def test_a_trial_that_is_not_the_exported_one_is_not_trained_further(
    model: Path, run: Run, drifted: Path, storage: Path, tmp_path: Path
) -> None:
    """As where a run was confirmed again, or deleted and another one given its name."""
    assert run.best is not None
    other = next(trial.id for trial in run.history.trials if trial.id != run.trial(run.best.trial).id)
    _with_another_card(model, tmp_path / "other", trial=other)
    with pytest.raises(DeployError, match=r"is not what .* was exported from"):
        update(tmp_path / "other", drifted, registry="registry/other", storage=storage)


def test_a_model_folder_does_not_say_where_its_run_lies(
    model: Path, drifted: Path, storage: Path, tmp_path: Path
) -> None:
    _with_another_card(model, tmp_path / "foreign", run=str(storage / "cancer"))
    with pytest.raises(SettingsError, match="run name must be"):
        update(tmp_path / "foreign", drifted, registry="registry/foreign", storage=storage)


def test_data_that_do_not_fit_say_what_is_missing(run: Run, alike: Path, tmp_path: Path) -> None:
    trained, frame = Trained.open(run), pd.read_csv(alike)
    frame.drop(columns=[trained.schema.columns[3].name]).to_csv(tmp_path / "less.csv", index=False)
    with pytest.raises(DeployError, match="has no column"):
        update_rows(trained, str(tmp_path / "less.csv"), tmp_path / "rows", "both", seed=0)
    name = trained.schema.columns[3].name
    frame.assign(**{name: [f"{cell} mm" for cell in frame[name]]}).to_csv(tmp_path / "odd.csv", index=False)
    with pytest.raises(DeployError, match=f"column '{name}' holds numbers in the old data"):
        update_rows(trained, str(tmp_path / "odd.csv"), tmp_path / "rows", "both", seed=0)
    assert not (tmp_path / "rows.parquet").exists()
    frame.head(60).to_csv(tmp_path / "few.csv", index=False)
    with pytest.raises(DeployError, match="collect at least 100"):
        update_rows(trained, str(tmp_path / "few.csv"), tmp_path / "rows", "both", seed=0)


def _paired(low: float | None, high: float | None) -> Paired:
    middle = 0.0 if low is None or high is None else (low + high) / 2
    return Paired("accuracy", "maximize", 100, 0.8, 0.8 + middle, middle, low, high, 0.5, "said why")


@pytest.mark.parametrize(
    ("new_rows", "old_rows", "promote", "reason"),
    [
        ((0.1, 0.2), (-0.1, 0.1), True, "better on the new rows"),
        ((0.1, 0.2), (0.1, 0.2), True, "better on the new rows"),
        ((-0.1, 0.1), (0.1, 0.2), True, "better on the old rows"),
        ((0.1, 0.2), (-0.2, -0.1), False, "worse on the old rows"),
        ((-0.2, -0.1), (0.1, 0.2), False, "worse on the new rows"),
        ((-0.1, 0.1), (-0.1, 0.1), False, "no difference"),
        ((None, None), (-0.1, 0.1), False, "of the new rows: said why"),
        ((None, None), (0.1, 0.2), False, "of the new rows: said why"),
        ((0.1, 0.2), (None, None), False, "of the old rows: said why"),
        ((None, None), (-0.2, -0.1), False, "worse on the old rows"),
    ],
)
def test_what_follows_from_the_two_comparisons(
    new_rows: tuple[float | None, float | None],
    old_rows: tuple[float | None, float | None],
    promote: bool,
    reason: str,
) -> None:
    decided, why = _decide(_paired(*new_rows), _paired(*old_rows), new_alone=False)
    assert decided is promote
    assert reason in why


def test_where_the_old_world_is_gone_the_new_rows_decide_alone() -> None:
    assert _decide(_paired(0.1, 0.2), _paired(-0.2, -0.1), new_alone=True)[0]
    assert not _decide(_paired(-0.1, 0.1), _paired(0.1, 0.2), new_alone=True)[0]
    assert not _decide(_paired(-0.2, -0.1), _paired(0.1, 0.2), new_alone=True)[0]
    assert _decide(_paired(0.1, 0.2), _paired(None, None), new_alone=True)[0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("update nothing --data x.csv", 1, "neither a model folder nor a registry"),
        ("update MODEL --data x.csv", 1, "--registry registry/model"),
        ("update MODEL --data nothing.csv --registry registry/x", 2, "nothing.csv"),
        ("update MODEL --data x.csv --registry registry/x --run nothing", 2, "no run"),
        ("registry show nothing", 1, "tuneyard registry add nothing MODEL"),
        ("registry promote nothing v1", 1, "is no registry"),
        ("registry add registry/y nothing", 1, "nothing"),
    ],
)
def test_mistakes_are_answered_with_the_next_move(
    arguments: str, code: int, said: str, model: Path, storage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(model) if word == "MODEL" else word for word in arguments.split()]
    if words[0] == "update":
        words += ["--storage", str(storage)]
    assert main(words) == code
    assert said in capsys.readouterr().err


def test_a_registry_by_hand(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registry", "add", "registry/hand", str(model), "--note", "the first"]) == 0
    assert "tuneyard registry promote registry/hand v1" in capsys.readouterr().err
    assert main(["registry", "promote", "registry/hand", "v1"]) == 0
    assert main(["registry", "add", "registry/hand", str(model)]) == 0
    assert main(["registry", "archive", "registry/hand", "v2", "--reason", "a copy"]) == 0
    capsys.readouterr()
    assert main(["registry", "show", "registry/hand", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["stage"] for each in found["versions"]] == ["production", "archived"]
    assert main(["registry", "show", "registry/hand"]) == 0
    told = capsys.readouterr()
    assert "the first" in told.out
    assert "tuneyard serve registry/hand" in told.err
