"""How good are generated images? Distances between two sets of images, and a score, in the features of a classifier.

There is no likelihood to ask a GAN for, so its images are compared with validation images as sets. Which features
they are compared in decides what counts: pixels would reward blur, so a small classifier is trained on the training
images, and the layer before its classes is taken (as Inception's is for photographs). Hence the caveats:

- values compare models of one data set under one classifier, and mean nothing beside those of a paper;
- the Frechet distance has a bias that grows as the images get fewer; the kernel distance has none, and so may be
  slightly negative;
- what the classifier does not look at is not seen, and a search that optimises a score long enough will use that:
  look at the samples;
- none of them punishes a model that has learnt the training images by heart.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.data.dataset import Dataset
from trainables.neural.randomness import OwnRandomness

__all__ = ["Judge", "class_score", "frechet_distance", "judge_of", "kernel_distance"]

Array = np.ndarray[Any, np.dtype[np.float64]]

SEED = 0  # of the classifier: the same for all trials, so that their values compare
FEATURES = 32
EPOCHS = 15
BATCH = 64


def kernel_distance(one: Array, other: Array) -> float:
    """The squared maximum mean discrepancy of two samples under the kernel (x . y / d + 1) ** 3, unbiased.

    This is the kernel inception distance of Binkowski et al. 2018 (equation 4 and section 4), for any features.

    Args:
        one: (n, d), n at least 2.
        other: (m, d), m at least 2.

    Returns:
        a number whose expectation is 0 where both come from one distribution, and positive else; NaN where a
        feature is not finite.
    """
    n, m, d = len(one), len(other), one.shape[1]
    with np.errstate(all="ignore"):  # a diverged model's images: what is not finite becomes NaN below
        within_one = (one @ one.T / d + 1) ** 3
        within_other = (other @ other.T / d + 1) ** 3
        across = (one @ other.T / d + 1) ** 3
        value = (
            (within_one.sum() - np.trace(within_one)) / (n * (n - 1))
            + (within_other.sum() - np.trace(within_other)) / (m * (m - 1))
            - 2 * across.mean()
        )
    return float(value) if np.isfinite(value) else float("nan")


def frechet_distance(one: Array, other: Array) -> float:
    """The Frechet distance of the two normal distributions with the samples' means and covariances.

    Heusel et al. 2017, equation 6: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).

    Args:
        one: (n, d), n at least 2.
        other: (m, d), m at least 2.

    Returns:
        at least 0 up to rounding; NaN where a feature is not finite.
    """
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return float("nan")
    first, second = np.atleast_2d(np.cov(one.T)), np.atleast_2d(np.cov(other.T))
    root = _root(first)
    # C1 C2 has the eigenvalues of this symmetric matrix
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    shift = one.mean(axis=0) - other.mean(axis=0)
    return float(shift @ shift + np.trace(first) + np.trace(second) - 2 * cross)


def class_score(probabilities: Array) -> float:
    """The inception score (Salimans et al. 2016) of a classifier's probabilities: exp E KL(p(y|x) || p(y)).

    Args:
        probabilities: (n, classes) of n images; rows sum to 1.

    Returns:
        from 1 (all images look alike to the classifier) to the number of classes (each is clearly of one, and all
        are there alike); NaN where a probability is.
    """
    p = np.clip(probabilities, 1e-12, 1.0)
    return float(np.exp((p * (np.log(p) - np.log(p.mean(axis=0)))).sum(axis=1).mean()))


class Judge:
    """A classifier of a data set's training images, and the features it has found.

    It is the same for every trial on this data: its seed and training are fixed. Where the images have no classes,
    the features are their first principal components, and there are no probabilities.

    Args:
        dataset: of view "images"; its pixels are within 0 .. 1.
    """

    def __init__(self, dataset: Dataset) -> None:
        images = torch.tensor(dataset.train_x, dtype=torch.float32)
        self._network: _Classifier | None = None
        if dataset.n_classes:
            self._network = _trained(images, torch.tensor(dataset.train_y), dataset.n_classes)
        else:
            flat = images.flatten(1)
            self._middle = flat.mean(dim=0)
            rank = min(FEATURES, *flat.shape)
            self._axes = torch.linalg.svd(flat - self._middle, full_matrices=False)[2][:rank].T
        self._size = 1.0
        self._size = float(np.sqrt((self.features(images) ** 2).mean())) or 1.0
        valid = torch.tensor(dataset.valid_x, dtype=torch.float32)
        self.valid = self.features(valid)
        """(rows, features) of the validation images."""
        self.accuracy = float("nan")
        """Share of the validation images that the classifier reads right: what its features are worth."""
        if self._network is not None:
            self.accuracy = float((self.probabilities(valid).argmax(axis=1) == dataset.valid_y).mean())

    def features(self, images: Tensor) -> Array:
        """(n, d) features of images (n, channels, height, width), of size 1 on average over the training images."""
        with torch.no_grad():
            if self._network is None:
                found = (images.flatten(1) - self._middle) @ self._axes
            else:
                found = self._network.features(images)
        return np.asarray(found.double().numpy() / self._size)

    def probabilities(self, images: Tensor) -> Array:
        """(n, classes); without classes (n, 1) ones."""
        if self._network is None:
            return np.ones((len(images), 1))
        with torch.no_grad():
            return functional.softmax(self._network(images).double(), dim=1).numpy()

    def scores(self, images: Tensor) -> dict[str, float]:
        """ "val/kernel_distance", "val/frechet_distance" and, with classes, "val/class_score" of generated images, and
        "val/classifier_accuracy", which is `accuracy`.

        Args:
            images: (n, channels, height, width) on the CPU, n at least 2.
        """
        if not bool(torch.isfinite(images).all()):
            found = dict.fromkeys(("val/kernel_distance", "val/frechet_distance", "val/class_score"), np.nan)
        else:
            features = self.features(images)
            found = {
                "val/kernel_distance": kernel_distance(features, self.valid),
                "val/frechet_distance": frechet_distance(features, self.valid),
                "val/class_score": class_score(self.probabilities(images)),
            }
        if self._network is None:
            del found["val/class_score"]
        else:
            found["val/classifier_accuracy"] = self.accuracy
        return found


_JUDGES: OrderedDict[str, Judge] = OrderedDict()
KEPT = 4  # judges of a process; the trials of a sweep need one


def judge_of(dataset: Dataset) -> Judge:
    """The judge of a data set: made once in a process, for all trials on the same images.

    Args:
        dataset: of view "images"; its pixels are within 0 .. 1.
    """
    content = hashlib.sha256(str((dataset.shape, dataset.n_classes)).encode())
    for array in (dataset.train_x, dataset.train_y, dataset.valid_x, dataset.valid_y):
        content.update(np.ascontiguousarray(array).data)
    key = content.hexdigest()
    if key not in _JUDGES:
        _JUDGES[key] = Judge(dataset)
        while len(_JUDGES) > KEPT:
            _JUDGES.popitem(last=False)
    _JUDGES.move_to_end(key)
    return _JUDGES[key]


class _Classifier(nn.Module):
    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(256, FEATURES),
            nn.ReLU(),
        )
        self.classes = nn.Linear(FEATURES, classes)

    def forward(self, images: Tensor) -> Tensor:
        return torch.as_tensor(self.classes(self.features(images)))


def _trained(images: Tensor, y: Tensor, classes: int) -> _Classifier:
    with OwnRandomness(SEED, torch.device("cpu")).lent():
        network = _Classifier(images.shape[1], classes)
        batches = -(-len(images) // BATCH)
        optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=EPOCHS * batches)
        for _ in range(EPOCHS):
            for rows in torch.split(torch.randperm(len(images)), BATCH):
                loss = functional.cross_entropy(network(images[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
    return network.eval()


def _root(matrix: Array) -> Array:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)
