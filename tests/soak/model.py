"""What the soak trains: a walk whose every value follows from the trial's seed, and which says what it did.

A file of a user's own, outside the project: the soak copies it beside its sweep file. A step that was run from the
wrong checkpoint has the wrong value, for the walk remembers all steps before.
"""

import json
import os
import random
import time


def walked(seed, x, spread, steps):
    """The metrics after each of so many steps, as an undisturbed trial has them."""
    drift, metrics = 0.0, []
    for step in range(1, steps + 1):
        drift = 0.8 * drift + spread * random.Random(f"{seed}/{step}").gauss(0.0, 1.0)
        metrics.append({"loss": (x - 0.3) ** 2 + 1.0 / step + drift, "drift": drift})
    return metrics


class Walk:
    """`x` is searched, and the `spread` of a rough walk; `delay`: seconds of a step; `truth`: a file."""

    def setup(self, config, *, seed, device):
        self.config, self.seed = dict(config), seed
        self.step_done, self.drift = 0, 0.0
        self.tell("start", {})

    def step(self):
        time.sleep(self.config["delay"])
        self.step_done += 1
        spread = self.config.get("spread", 0.0)
        self.drift = 0.8 * self.drift + spread * random.Random(f"{self.seed}/{self.step_done}").gauss(
            0.0, 1.0
        )
        metrics = {
            "loss": (self.config["x"] - 0.3) ** 2 + 1.0 / self.step_done + self.drift,
            "drift": self.drift,
        }
        self.tell("step", metrics)
        return metrics

    def save(self, directory):
        (directory / "walk.json").write_text(json.dumps([self.step_done, self.drift]))

    def load(self, directory):
        self.step_done, self.drift = json.loads((directory / "walk.json").read_text())

    def tell(self, event, metrics):
        searched = {name: self.config[name] for name in ("x", "kind", "spread") if name in self.config}
        line = {
            "event": event,
            "seed": self.seed,
            "config": searched,
            "step": self.step_done,
            "metrics": metrics,
            "pid": os.getpid(),
        }
        file = os.open(self.config["truth"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, (json.dumps(line) + "\n").encode())  # one write: lines of two processes never mix
        finally:
            os.close(file)
