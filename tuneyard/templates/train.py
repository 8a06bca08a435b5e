"""A model of your own: a generator function that yields its metrics after every step. It needs no import of tuneyard.

Run it alone with `python train.py` to see that it works, before a sweep does so many times.
"""

import numpy as np
from sklearn.datasets import load_digits


def train(config):
    """Softmax regression on 8x8 pictures of digits, by stochastic gradient descent; one step is one epoch."""
    pictures, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)  # which pictures validate: the same for every trial
    order = rng.permutation(len(labels))
    train_rows, valid_rows = order[:1400], order[1400:]
    x, y = pictures / 16.0, np.eye(10)[labels]

    weights = np.zeros((64, 10))
    for _ in range(100):  # the sweep stops a trial after max_steps, or earlier
        for batch in np.array_split(rng.permutation(train_rows), len(train_rows) // config["batch_size"]):
            error = softmax(x[batch] @ weights) - y[batch]
            weights -= config["lr"] * (x[batch].T @ error / len(batch) + config["l2"] * weights)
        right = (x[valid_rows] @ weights).argmax(axis=1) == labels[valid_rows]
        yield {"val/accuracy": right.mean()}


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    for epoch, metrics in enumerate(train({"lr": 0.1, "batch_size": 32, "l2": 1e-4}), start=1):
        print(epoch, metrics)
