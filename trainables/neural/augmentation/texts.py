"""Texts: words replaced, left out, put in and moved (easy data augmentation, Wei and Zou 2019)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["TextAugmenter"]

PADDING = 0
FIRST_WORD = 2  # 1 stands for every unknown word


class TextAugmenter:
    """Changes the words of each text of a batch, in the order swap, substitute, insert, delete.

    New words are drawn by their frequency in the training texts (unigram noising, Xie et al. 2017), not from a list of
    synonyms: that would have to be fetched, and hold for one language. A text keeps at least one of its words, and loses
    what does not fit its length at the end.

    Args:
        substitute: share of the words replaced by another; all four in [0, 1].
        delete: share of the words left out.
        insert: words put in, as a share of the words that were there.
        swap: share of the words that change places with a neighbour.
        counts: (vocabulary,) how often each number occurs in the training texts; padding and unknown words are
            never put in. Where no other word occurs, nothing is substituted or inserted.
    """

    def __init__(
        self, *, substitute: float, delete: float, insert: float, swap: float, counts: Tensor
    ) -> None:
        words = counts[FIRST_WORD:].double()
        known = bool(words.sum() > 0)
        self._substitute, self._insert = (substitute, insert) if known else (0.0, 0.0)
        self._delete, self._swap = delete, swap
        self._shares = (words / words.sum()).cumsum(0) if known else words

    def __call__(self, tokens: Tensor, generator: torch.Generator) -> Tensor:
        """`tokens`: (rows, length), whole numbers, padded with 0 at the end."""
        draw = _Draws(tokens, generator)
        if self._swap:
            tokens = self._swapped(tokens, draw)
        if self._substitute:
            chosen = (draw.uniform(tokens.shape) < self._substitute) & (tokens != PADDING)
            tokens = torch.where(chosen, draw.words(self._shares), tokens)
        if self._insert or self._delete:
            tokens = self._lengthened_and_shortened(tokens, draw)
        return tokens

    def _swapped(self, tokens: Tensor, draw: _Draws) -> Tensor:
        """Neighbours in pairs, which begin at the first or at the second word of a text; a word moves once at most."""
        length = tokens.shape[1]
        place = torch.arange(length, device=tokens.device)
        second = (draw.uniform((len(tokens), 1)) < 0.5).long()  # the pairs begin at the second word
        partner = (((place + second) ^ 1) - second).clamp(0, length - 1)
        neighbours = tokens.gather(1, partner)
        pair = torch.minimum(place.expand_as(partner), partner)  # both words look at one draw
        moved = draw.uniform(tokens.shape).gather(1, pair) < self._swap
        return torch.where(moved & (tokens != PADDING) & (neighbours != PADDING), neighbours, tokens)

    def _lengthened_and_shortened(self, tokens: Tensor, draw: _Draws) -> Tensor:
        """Every place becomes two, for its word and for one put in after it; what is there moves up to the front."""
        rows, length = tokens.shape
        there = tokens != PADDING
        added = (
            there & (draw.uniform(tokens.shape) < self._insert) if self._insert else torch.zeros_like(there)
        )
        luck = draw.uniform(tokens.shape).masked_fill(~there, -1.0)
        kept = there & ((luck >= self._delete) | (luck == luck.amax(dim=1, keepdim=True)))
        news = draw.words(self._shares) if self._insert else tokens
        stays = torch.stack([kept, added], dim=2).reshape(rows, 2 * length)
        words = torch.stack([tokens, news], dim=2).reshape(rows, 2 * length)
        target = (stays.cumsum(dim=1) - 1).masked_fill(~stays, length).clamp(max=length)
        moved = tokens.new_full((rows, length + 1), PADDING).scatter(1, target, words)
        return moved[:, :length].contiguous()  # the last column took what is left out


class _Draws:
    """Random numbers and words for a batch, drawn where the generator is and used where the texts are."""

    def __init__(self, tokens: Tensor, generator: torch.Generator) -> None:
        self._tokens, self._generator = tokens, generator

    def uniform(self, shape: tuple[int, ...]) -> Tensor:
        drawn = torch.rand(shape, generator=self._generator, device=self._generator.device)
        return drawn.to(self._tokens.device)

    def words(self, shares: Tensor) -> Tensor:
        """A word for every place. `shares`: cumulated shares of the words from the first one on."""
        drawn = self.uniform(self._tokens.shape).double()
        word = torch.searchsorted(shares.to(drawn.device), drawn, right=True).clamp(max=len(shares) - 1)
        return (word + FIRST_WORD).to(self._tokens.dtype)
