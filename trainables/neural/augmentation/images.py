"""Images: mirrored, turned, cut, tinted and disturbed."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["ImageAugmenter"]


class ImageAugmenter:
    """Changes each image of a batch in its own way; one resampling for all of turning, cutting and shifting.

    The images are already scaled, so neither black nor the range of a pixel is known: brightness and noise are measured
    in standard deviations of the training images, and what turning brings in from outside repeats the edge.

    Args:
        flip: twice the probability of a left-right mirror image, in [0, 1].
        rotate: degrees at most, either way, around the middle; uniform.
        crop: of each side, the share that is cut off at most (what is left is enlarged to the old size) and by which
            the image is shifted at most, either way; both uniform, the shift for each axis; in [0, 0.5].
        colour: at most so many deviations are added (brightness), and the distance of each pixel to the image's mean
            is multiplied by a factor in [1 - colour, 1 + colour] (contrast); both uniform, one draw an image.
        noise: deviation of normal noise on every pixel, in deviations of the training images.
        deviation: (channels,) standard deviation of the training images.
    """

    def __init__(
        self, *, flip: float, rotate: float, crop: float, colour: float, noise: float, deviation: Tensor
    ) -> None:
        self._flip, self._rotate, self._crop = flip, rotate, crop
        self._colour, self._noise = colour, noise
        self._deviation = deviation.reshape(-1, 1, 1)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """`images`: (rows, channels, height, width), floating point."""
        draw = _Draws(images, generator)
        deviation = self._deviation.to(images)
        if self._flip:
            mirrored = draw.uniform(0.0, 1.0) < self._flip / 2
            images = torch.where(mirrored.reshape(-1, 1, 1, 1), images.flip(-1), images)
        if self._rotate or self._crop:
            images = self._resample(images, draw)
        if self._colour:
            mean = images.mean(dim=(1, 2, 3), keepdim=True)
            contrast = draw.uniform(1.0 - self._colour, 1.0 + self._colour).reshape(-1, 1, 1, 1)
            brightness = draw.uniform(-self._colour, self._colour).reshape(-1, 1, 1, 1)
            images = mean + (images - mean) * contrast + brightness * deviation
        if self._noise:
            images = images + draw.normal(images.shape) * (self._noise * deviation)
        return images

    def _resample(self, images: Tensor, draw: _Draws) -> Tensor:
        """Where each new pixel comes from: turned by an angle, in a window that is smaller and off the middle."""
        height, width = images.shape[-2:]
        limit = math.radians(self._rotate)
        angle = draw.uniform(-limit, limit)
        part = draw.uniform(1.0 - self._crop, 1.0)
        # The image spans -1 .. 1 on both axes: a share of a side is twice that.
        right, down = (2.0 * draw.uniform(-self._crop, self._crop) for _ in range(2))
        cosine, sine = part * angle.cos(), part * angle.sin()
        rows = [cosine, -sine * (height / width), right, sine * (width / height), cosine, down]
        transform = torch.stack(rows, dim=1).reshape(-1, 2, 3)
        grid = functional.affine_grid(transform, list(images.shape), align_corners=False)
        return functional.grid_sample(
            images, grid, mode="bilinear", padding_mode="border", align_corners=False
        )


class _Draws:
    """Random numbers for a batch, drawn where the generator is and used where the images are."""

    def __init__(self, images: Tensor, generator: torch.Generator) -> None:
        self._images, self._generator = images, generator

    def uniform(self, low: float, high: float) -> Tensor:
        """One number for each image."""
        rows = len(self._images)
        drawn = torch.rand(rows, generator=self._generator, device=self._generator.device)
        return (low + (high - low) * drawn).to(self._images)

    def normal(self, shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=self._generator, device=self._generator.device).to(self._images)
