"""Writes the golden Ray Tune experiments anew: `PYTHONPATH=.:tests python -m golden.record_ray_tune`.

With a folder behind it, the experiments are left there as Ray wrote them, and the golden ones stay.

They are what a real `ray.tune.Tuner` left, without what names this machine: pickles are left out, those that Ray embeds
in its state file are emptied, host and folders have neutral names.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["class_experiment", "function_experiment", "kept"]

_READABLE = ("params.json", "result.json", "progress.csv", "error.txt", "experiment_state-*.json")
_EMPTY_PICKLE = "80054e2e"


def class_experiment(storage: Path) -> Path:
    """A class with nested parameters, under ASHA; every fourth config crashes at its second step."""
    from ray import tune

    class Bowl(tune.Trainable):
        def setup(self, config: dict[str, Any]) -> None:
            self.bowl, self.steps = config, 0

        def step(self) -> dict[str, Any]:
            self.steps += 1
            if self.bowl["crash"] and self.steps == 2:
                raise ValueError("the bowl broke: <script>alert(1)</script>")
            distance = abs(self.bowl["opt"]["lr"] - 0.01) + self.bowl["model"]["width"] / 1000
            return {
                "loss": distance + 1 / self.steps - self.bowl["crash"],  # so that no rung stops it before
                "valid": {"accuracy": 1 - distance},
                "ratio": float("nan"),
                "shape": [1, 2],
            }

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            pass

        def load_checkpoint(self, checkpoint: Any) -> None:
            pass

    space = {
        "opt": {"lr": tune.loguniform(1e-4, 1e-1), "name": tune.choice(["sgd", "adam"])},
        "model": {"width": tune.choice([8, 16, 32])},
        "crash": tune.grid_search([False, False, False, True]),
        "layers": 3,
    }
    rule = tune.schedulers.ASHAScheduler(grace_period=1, max_t=6, reduction_factor=2)
    return _fit(storage, "class", Bowl, space, "loss", "min", scheduler=rule, num_samples=2)


def function_experiment(storage: Path) -> Path:
    """A function that returns by itself after as many steps as its config says."""
    from ray import tune

    def climb(config: dict[str, Any]) -> None:
        for step in range(1, config["steps"] + 1):
            tune.report({"accuracy": 1 - config["lr"] / step})

    space = {"lr": tune.uniform(0, 1), "steps": tune.grid_search([3, 4])}
    return _fit(storage, "function", climb, space, "accuracy", "max", num_samples=2)


def _fit(storage: Path, name: str, trainable: Any, space: Any, metric: str, mode: str, **config: Any) -> Path:
    from ray import tune

    how = tune.TuneConfig(metric=metric, mode=mode, max_concurrent_trials=2, **config)
    where = tune.RunConfig(name=name, storage_path=str(storage), verbose=0)
    tune.Tuner(trainable, param_space=space, tune_config=how, run_config=where).fit()
    return storage / name


def kept(experiment: Path, target: Path) -> None:
    """Copy what may be read of an experiment, with neutral names."""
    for pattern in _READABLE:
        for path in sorted([*experiment.glob(pattern), *experiment.glob(f"*/{pattern}")]):
            copy = target / path.relative_to(experiment)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(_neutral(path.read_text()), encoding="utf-8")


def _neutral(text: str) -> str:
    host = json.dumps(__import__("socket").gethostname())[1:-1]
    text = re.sub(r'File "[^"]*/', 'File "', text)
    text = re.sub(r'(\\*)"(hostname)\1": \1"[^"\\]*\1"', r'\1"\2\1": \1"node\1"', text)
    text = re.sub(r'(\\*)"(node_ip)\1": \1"[^"\\]*\1"', r'\1"\2\1": \1"192.0.2.1\1"', text)
    text = re.sub(r"(?<![0-9a-f])8005[0-9a-f]{8,}", _EMPTY_PICKLE, text)
    text = re.sub(rf"\b{re.escape(host)}\b,[\d.]+", "node,192.0.2.1", text)
    return re.sub(r"(pid=|ip=|actor_id=)[\w.]+", r"\1x", text)


if __name__ == "__main__":
    import ray

    home = Path(__file__).parent / "ray_tune"
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    try:
        with tempfile.TemporaryDirectory() as folder:
            for make in (class_experiment, function_experiment):
                made = make(Path(sys.argv[1] if len(sys.argv) > 1 else folder))
                if len(sys.argv) == 1:
                    shutil.rmtree(home / made.name, ignore_errors=True)
                    kept(made, home / made.name)
    finally:
        ray.shutdown()
    sys.exit(0)
