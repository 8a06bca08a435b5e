"""A trainable of one's own, the whole way: a class that can be saved and go on from there."""

import json

import numpy as np


class PrototypeClassifier:
    """Learns a few prototypes per class (learning vector quantisation) on the wine data; one step is one pass."""

    def setup(self, config, *, seed, device):
        from sklearn.datasets import load_wine

        x, y = load_wine(return_X_y=True)
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        order = np.random.default_rng(0).permutation(len(y))
        self.train, self.valid = order[:130], order[130:]
        self.x, self.y = x, y
        self.rate, self.decay = config["rate"], config["decay"]
        rng = np.random.default_rng(seed)
        picked = [rng.choice(self.train[y[self.train] == c], config["prototypes"]) for c in range(3)]
        self.prototypes = x[np.concatenate(picked)].copy()
        self.labels = np.repeat(np.arange(3), config["prototypes"])
        self.passes = 0

    def step(self):
        rate = self.rate * self.decay**self.passes
        for row in np.random.default_rng(self.passes).permutation(self.train):
            nearest = self._nearest(self.x[row])
            sign = 1 if self.labels[nearest] == self.y[row] else -1
            self.prototypes[nearest] += sign * rate * (self.x[row] - self.prototypes[nearest])
        self.passes += 1
        right = [self.labels[self._nearest(self.x[row])] == self.y[row] for row in self.valid]
        return {"val/accuracy": float(np.mean(right))}

    def _nearest(self, point):
        return int(((self.prototypes - point) ** 2).sum(axis=1).argmin())

    def save(self, directory):
        np.save(directory / "prototypes.npy", self.prototypes)
        (directory / "state.json").write_text(json.dumps({"passes": self.passes}))

    def load(self, directory):
        self.prototypes = np.load(directory / "prototypes.npy", allow_pickle=False)
        self.passes = json.loads((directory / "state.json").read_text())["passes"]
