"""A trainable of one's own, the short way: a generator function. It needs nothing from tuneyard."""

import numpy as np


def train(config):
    """Fit a noisy parabola by gradient descent; each yield is one step."""
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 200)
    y = 3 * x**2 - x + 0.5 + rng.normal(scale=0.1, size=x.size)
    powers = np.stack([x**p for p in range(config["degree"] + 1)], axis=1)
    train_rows, valid_rows = np.split(rng.permutation(x.size), [150])

    weights = np.zeros(powers.shape[1])
    while True:  # the sweep ends it after max_steps
        for _ in range(20):
            slope = powers[train_rows].T @ (powers[train_rows] @ weights - y[train_rows]) / len(train_rows)
            weights -= config["lr"] * (slope + config["l2"] * weights)
        error = powers[valid_rows] @ weights - y[valid_rows]
        yield {"val/mse": float((error**2).mean())}
