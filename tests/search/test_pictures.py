"""When trials draw, what is kept, and whose pictures are shown; with both runners."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.runners import begin, chaos
from search.history import History
from search.paths import RunPaths
from search.pictures import LARGEST, MOST_PICTURES, Drawings, bar, drawings, is_shown, pictures
from search.runners.base import StopSignal, Work
from search.runners.inline import InlineRunner
from search.trial import Outcome, Result, Trial
from trainables.host import Host
from trainables.plug import resolve
from trainables.randomness import capture_globals


class Draws:
    """Reports the losses it is given, and draws a file that says after which step."""

    losses: list[float] = []

    def setup(self, config: dict[str, Any]) -> None:
        self.done = 0

    def step(self) -> dict[str, float]:
        if self.done == len(self.losses):
            raise StopIteration
        self.done += 1
        return {"loss": self.losses[self.done - 1], "drawn": np.random.rand()}  # noqa: NPY002 - as users do

    def save(self, directory: Path) -> None:
        (directory / "done").write_text(str(self.done))

    def load(self, directory: Path) -> None:
        self.done = int((directory / "done").read_text())

    def draw(self, directory: Path) -> None:
        np.random.rand(7)  # noqa: NPY002 - must not disturb the training
        (directory / "work.png").write_bytes(b"after %d" % self.done)


def falling(steps: int) -> list[float]:
    return [1.0 / step for step in range(1, steps + 1)]


def drawing(losses: list[float], base: type = Draws) -> type:
    return type("Draws", (base,), {"losses": losses})


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path / "run")


@pytest.fixture(params=["inline", "hosted"])
def train(request: pytest.FixtureRequest, paths: RunPaths, tmp_path: Path) -> Any:
    """`train(trainable, max_steps=)`: one trial from its beginning to its end, by one of the two who host it."""

    def inline(trainable: type, max_steps: int) -> None:
        sweep = begin(chaos(trials=1, max_steps=max_steps))
        InlineRunner().run(sweep, Work(plug=resolve(trainable), paths=paths))
        assert sweep.history.trials[0].state == "completed"

    def hosted_(trainable: type, max_steps: int) -> None:
        from ray import cloudpickle

        from search.runners.ray_tune.hosted import Assignment, Report, Shipment, hosted

        cloudpickle.register_pickle_by_value(sys.modules[__name__])
        plug = cloudpickle.dumps(resolve(trainable))
        shipment = Shipment("", str(tmp_path), plug, str(paths.root), "loss", 1)
        worker = hosted(shipment)(config=Assignment(0, 1, 7, 0, {}, max_steps=max_steps).to_config())
        for _ in range(max_steps):
            report = Report.from_result(worker.train())
            assert report.failure is None
            if report.finished:
                break
        worker.stop()

    return inline if request.param == "inline" else hosted_


def kept(paths: RunPaths) -> dict[int, bytes]:
    return {step: (path / "work.png").read_bytes() for step, path in drawings(paths.pictures(0))}


@pytest.mark.parametrize(
    ("losses", "max_steps", "steps"),
    [
        (falling(27), 27, [14, 27]),
        (falling(4), 4, [2, 4]),
        ([1.0], 1, [1]),
        ([3, 2, 1, 1, 1, 1, 1, 1], 8, [8]),  # what improves in the first half is drawn at the end
        ([5, 4, 3, 2, 2, 2, 2, 2], 8, [4]),  # nothing has improved since
        ([9, 9, 9, 9, 9, 3, 2, 2], 8, [6, 8]),
        ([5, 6, 4, 9, 9, 9, 9, 3], 8, [8]),
        (falling(9), 100, [9]),  # ends by itself: what has improved is drawn then
        ([2, 1, 3, 3], 100, [4]),
    ],
)
def test_when_a_trial_draws(
    train: Any, paths: RunPaths, losses: list[float], max_steps: int, steps: list[int]
) -> None:
    train(drawing(losses), max_steps)
    assert kept(paths) == {step: b"after %d" % step for step in steps}
    assert not [path for path in paths.pictures(0).iterdir() if path.name.startswith(".")]


class Raises(Draws):
    def draw(self, directory: Path) -> None:
        np.random.rand(7)  # noqa: NPY002
        (directory / "half.png").write_bytes(b"half")
        raise RuntimeError("no ink")


class Exits(Draws):
    def draw(self, directory: Path) -> None:
        raise SystemExit(3)


class DrawsNothing(Draws):
    def draw(self, directory: Path) -> None:
        pass


@pytest.mark.parametrize(("base", "said"), [(Raises, "no ink"), (Exits, "SystemExit(3)"), (DrawsNothing, "")])
def test_a_drawing_that_fails_is_a_warning_and_leaves_nothing(
    train: Any, paths: RunPaths, caplog: pytest.LogCaptureFixture, base: type, said: str
) -> None:
    train(drawing(falling(2), base), 2)
    assert list(paths.pictures(0).iterdir()) == []
    assert said in caplog.text
    assert bool(said) == ("no pictures after step 2" in caplog.text)


def test_drawing_changes_no_metric(tmp_path: Path) -> None:
    class Undrawn(Draws):
        losses = falling(4)
        draw = None  # type: ignore[assignment]

    told = []
    for name, plug in (("with", drawing(falling(4))), ("without", Undrawn)):
        sweep = begin(chaos(trials=2, max_steps=4))
        InlineRunner().run(sweep, Work(plug=resolve(plug), paths=RunPaths(tmp_path / name)))
        told.append([dict(r.metrics) for trial in sweep.history.trials for r in trial.results])
    assert told[0] == told[1]
    assert (tmp_path / "with/trials/t00000/pictures/4/work.png").exists()
    assert not (tmp_path / "without/trials/t00000/pictures").exists()


class Hangs(Draws):
    def draw(self, directory: Path) -> None:
        time.sleep(60)


def test_a_drawing_that_hangs_ends_with_the_step_timeout(
    paths: RunPaths, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = begin(chaos(trials=1, max_steps=1, step_timeout=1.0))
    InlineRunner().run(sweep, Work(plug=resolve(drawing([1.0], Hangs)), paths=paths))
    assert sweep.history.trials[0].state == "completed"
    assert "took longer than 1 s" in caplog.text


class Interrupted(Draws):
    def draw(self, directory: Path) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_while_drawing_stops_the_runner(paths: RunPaths) -> None:
    sweep, stop = begin(chaos(trials=3, max_steps=1)), StopSignal()
    InlineRunner().run(sweep, Work(plug=resolve(drawing([1.0], Interrupted)), paths=paths, stop=stop))
    assert stop.reason == "interrupted"
    assert sweep.history.trials[0].state == "running"


class CrashesAtFive(Draws):
    """Once: the attempt after it goes on from the checkpoint of step 4."""

    crashed = False

    def step(self) -> dict[str, float]:
        if self.done == 4 and not type(self).crashed:
            type(self).crashed = True
            raise RuntimeError("broken")
        return super().step()


def test_a_retry_goes_on_from_the_drawings_there_are(paths: RunPaths) -> None:
    sweep = begin(chaos(trials=1, max_steps=8, retries=1))
    trainable = drawing(falling(8), CrashesAtFive)
    InlineRunner().run(sweep, Work(plug=resolve(trainable), paths=paths))
    assert sweep.history.trials[0].state == "completed"
    assert len(sweep.history.trials[0].attempts) == 2
    assert kept(paths) == {4: b"after 4", 8: b"after 8"}


def test_a_trial_worse_than_five_closed_ones_is_not_drawn(paths: RunPaths) -> None:
    class ByTrial(Draws):
        def setup(self, config: dict[str, Any], *, seed: int) -> None:
            super().setup(config)
            self.losses = [ORDER[len(SETUPS)]]
            SETUPS.append(seed)

    ORDER, SETUPS = [5.0, 4.0, 3.0, 2.0, 1.0, 6.0, 0.5, 4.5], []  # noqa: N806
    sweep = begin(chaos(trials=8, max_steps=1))
    InlineRunner().run(sweep, Work(plug=resolve(ByTrial), paths=paths))
    drawn = [number for number in range(8) if drawings(paths.pictures(number))]
    assert drawn == [0, 1, 2, 3, 4, 6]


def closed(*scores: float | None, failed: tuple[int, ...] = ()) -> History:
    history = History(chaos())
    for number, score in enumerate(scores):
        trial = Trial(number, {"x": 0.0}, 1, "searcher", 0.0)
        trial.best = None if score is None else Result(1, {"loss": score}, score, 1.0)
        trial.outcome = Outcome.FAILED if number in failed else Outcome.COMPLETED
        history.trials.append(trial)
    return history


def test_the_best_five_are_shown_and_of_equals_the_first() -> None:
    history = closed(3.0, 1.0, None, 2.0, 2.0, 2.0, 2.0, failed=(1,))
    assert bar(history) == 3.0
    assert [is_shown(trial, history) for trial in history.trials] == [
        True,
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    assert bar(closed(3.0, 1.0, 2.0, 2.0)) is None
    equal = closed(1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert [is_shown(trial, equal) for trial in equal.trials] == [True] * 5 + [False]


def test_what_counts_as_a_picture(tmp_path: Path) -> None:
    folder, png = tmp_path / "3", b"\x89PNG\r\n\x1a\n" + bytes(40)
    assert pictures(folder) == {}
    folder.mkdir()
    for number in range(MOST_PICTURES + 2):
        (folder / f"p{number:02d}.png").write_bytes(png)
    (folder / "a_large.png").write_bytes(png + bytes(LARGEST))
    (folder / "a_link.png").symlink_to(folder / "p00.png")
    (folder / "a_text.png").write_bytes(b"text" * 20)
    (folder / "A B.png").write_bytes(png)
    (folder / "evaluation.json").write_text("{}")
    (folder / "a_folder.png").mkdir()
    assert pictures(folder) == {f"p{number:02d}": png for number in range(MOST_PICTURES)}


def test_what_counts_as_a_drawing(tmp_path: Path) -> None:
    for name in ("10", "9", "007", "-1", "x", ".writing-1", "0"):
        (tmp_path / name).mkdir()
    (tmp_path / "5").write_text("")
    (tmp_path / "6").symlink_to(tmp_path / "9")
    assert [step for step, _ in drawings(tmp_path)] == [9, 10]
    assert drawings(tmp_path / "nowhere") == []


def test_a_folder_that_cannot_be_written_costs_the_pictures_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pictures").write_text("a file is in the way")
    host = Host(resolve(drawing([1.0])))
    host.start({}, seed=1)
    host.advance()
    Drawings(tmp_path / "pictures", 1, best=None, bar=None).after_step(host, 1.0)
    assert "no pictures after step 1" in caplog.text


def test_what_the_global_generators_were_is_put_back_when_a_drawing_raises(tmp_path: Path) -> None:
    host = Host(resolve(drawing([1.0], Raises)))
    host.start({}, seed=1)
    before = capture_globals()
    with pytest.raises(RuntimeError, match="no ink"):
        host.draw(tmp_path)
    assert capture_globals() == before
