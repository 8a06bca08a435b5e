"""Augmentation: a training batch changed at random, so that no example is seen twice the same.

What is done follows the options of ``data.augmentation`` and what a row is: `ImageAugmenter` (images) mirrors, turns, cuts
and tints; `TextAugmenter` (texts) replaces, drops, adds and moves words; `NoiseAugmenter` (noise) disturbs series,
and images that a model reads as plain numbers. `make_augmenter` (choice) picks one.
"""

from trainables.neural.augmentation.choice import Augmenter, make_augmenter
from trainables.neural.augmentation.images import ImageAugmenter
from trainables.neural.augmentation.noise import NoiseAugmenter
from trainables.neural.augmentation.texts import TextAugmenter

__all__ = ["Augmenter", "ImageAugmenter", "NoiseAugmenter", "TextAugmenter", "make_augmenter"]
