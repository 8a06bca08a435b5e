"""Files as users write them, in a folder outside the project."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

SPACE = """
metric: {name: loss, goal: minimize}
parameters:
  x: {min: 0.0, max: 1.0}
method: random
max_steps: 4
run_cap: 3
"""

FILES = {
    "shapes.py": """
        def bowl(x, step):
            return (x - 0.3) ** 2 + 1.0 / step
    """,
    "train.py": """
        import time

        from shapes import bowl


        def train(config):
            print("training with", config["x"])
            for step in range(1, 100):
                time.sleep(config.get("sleep", 0.0))
                yield {"loss": bowl(config["x"], step)}
    """,
    "mine/__init__.py": "",
    "mine/parts.py": """
        def fall(height, rate):
            return height * (1 - rate)
    """,
    "mine/model.py": """
        import json
        import time

        from .parts import fall


        class Model:
            def setup(self, config, *, seed, device):
                self.x, self.height, self.sleep = config["x"], 1.0, config.get("sleep", 0.0)

            def step(self):
                time.sleep(self.sleep)
                self.height = fall(self.height, self.x)
                return {"loss": self.height}

            def save(self, directory):
                (directory / "state.json").write_text(json.dumps(self.height))

            def load(self, directory):
                self.height = json.loads((directory / "state.json").read_text())
    """,
    "native.py": """
        from ray import tune


        class TrainClass(tune.Trainable):
            def setup(self, config):
                self.x, self.done = config["x"], 0

            def step(self):
                self.done += 1
                return {"loss": self.x + 1.0 / self.done}

            def save_checkpoint(self, checkpoint_dir):
                with open(f"{checkpoint_dir}/done.txt", "w") as file:
                    file.write(str(self.done))

            def load_checkpoint(self, checkpoint_dir):
                with open(f"{checkpoint_dir}/done.txt") as file:
                    self.done = int(file.read())


        def train_function(config):
            for step in range(1, 100):
                tune.report({"loss": config["x"] + 1.0 / step})
    """,
    "broken.py": """
        from ray import tune


        class Broken(tune.Trainable):
            def setup(self, config):
                raise OSError("no such data set")

            def step(self):
                return {"loss": 0.0}
    """,
    "broken.yaml": f"trainable: broken.py:Broken{SPACE}failure: {{retries: 1}}\n",
    "generator.yaml": f"trainable: train.py:train{SPACE}",
    "package.yaml": f"trainable: mine.model:Model{SPACE}",
    "their_class.yaml": f"trainable: native.py:TrainClass{SPACE}",
    "their_function.yaml": f"trainable: native.py:train_function{SPACE}",
    "digits.yaml": """
        trainable: mlp
        data: digits
        method: random
        max_steps: 2
        run_cap: 2
    """,
    "table.yaml": """
        trainable: boosting
        data: {source: houses.csv, target: price}
        method: random
        max_steps: 4
        run_cap: 3
    """,
    "houses.csv": "rooms,district,price\n"
    + "".join(f"{i % 7},{'abc'[i % 3]},{100 + 20 * (i % 7) + 5 * (i % 3)}\n" for i in range(90)),
    "wandb.yaml": """
        program: train.py
        command: ["${env}", python, "${program}", "${args}"]
        method: bayes
        metric:
          name: loss
          goal: minimize
        parameters:
          x:
            distribution: uniform
            min: 0.0
            max: 1.0
          rate:
            distribution: log_uniform_values
            min: 0.0001
            max: 0.1
          kind:
            values: [a, b]
          fixed:
            value: 3
        early_terminate:
          type: hyperband
          min_iter: 1
          eta: 3
        run_cap: 4
    """,
    "moods.yaml": """
        trainable: chaos
        metric: {name: loss, goal: minimize}
        parameters:
          mode: {values: [none, raise, nan, missing, exit, hang]}
          at: 2
        method: grid
        max_steps: 3
        failure: {stop_after: null, step_timeout: 5}
    """,
}


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """The folder of a user's project; commands are started beside it, not in it."""
    folder = tmp_path / "project"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text).lstrip())
    return folder
