"""A BERT encoder of the size of MiniLM (Devlin et al. 2019; Wang et al. 2020): a text becomes one vector."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SentenceEncoder"]

# our names: the published ones, in the order in which they are put in
NAMES = {
    "encoder.layer.": "blocks.",
    "attention.self.": "",
    "attention.output.dense": "attended",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
    "output.LayerNorm": "norm2",
    "LayerNorm": "norm",
}
UNUSED = ("embeddings.position_ids", "pooler.")  # a constant, and a layer that mean pooling goes past


class SentenceEncoder(nn.Module):
    """Word pieces to one vector a text, and that to the outputs of a linear layer.

    The vector is the mean over the real pieces, of length sqrt(features), so that its entries are about 1 in
    size. Published sentence vectors are the same at length 1: `embed`.

    Args:
        outputs: of the layer `fc`, at least 1.
        vocabulary: pieces, with number 0 for padding.
        features: entries of a vector, a multiple of `heads`.
        blocks: attention layers.
        heads: of each.
        wide: units inside a block.
        length: pieces of a text at most.
        dropout: while training, in [0, 1).
    """

    def __init__(
        self,
        outputs: int = 1,
        *,
        vocabulary: int = 30522,
        features: int = 384,
        blocks: int = 6,
        heads: int = 12,
        wide: int = 1536,
        length: int = 512,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.features = features
        self.word_embeddings = nn.Embedding(vocabulary, features, padding_idx=0)
        self.position_embeddings = nn.Embedding(length, features)
        self.token_type_embeddings = nn.Embedding(2, features)
        self.norm = nn.LayerNorm(features, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(features, heads, wide, dropout) for _ in range(blocks))
        self.fc = nn.Linear(features, outputs)

    def forward(self, pieces: Tensor) -> Tensor:
        """pieces: int64 (rows, length), padding at the end."""
        out: Tensor = self.fc(self.embed(pieces) * math.sqrt(self.features))
        return out

    def embed(self, pieces: Tensor) -> Tensor:
        """The vectors, of length 1: (rows, features)."""
        real = pieces != 0
        if not torch.compiler.is_exporting():  # it only saves time, and no graph is cut to its longest row
            longest = max(1, int(real.sum(dim=1).max()))
            pieces, real = pieces[:, :longest], real[:, :longest]
        places = torch.arange(pieces.shape[1], device=pieces.device)
        x = (
            self.word_embeddings(pieces)
            + self.position_embeddings(places)
            + self.token_type_embeddings.weight[0]
        )
        x = self.dropout(self.norm(x))
        for block in self.blocks:
            x = block(x, real[:, None, None, :])
        kept = real[:, :, None].to(x.dtype)
        return functional.normalize((x * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1), dim=1)

    def parts(self) -> list[tuple[nn.Module, ...]]:
        """What makes vectors of pieces, then the blocks, from the input up."""
        embeddings = (self.word_embeddings, self.position_embeddings, self.token_type_embeddings)
        return [(*embeddings, self.norm, self.dropout), *((block,) for block in self.blocks)]

    @staticmethod
    def named_as_here(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The published weights under this module's names, without those that it does not use."""
        renamed = {}
        for name, tensor in weights.items():
            if not name.startswith(UNUSED):
                ours = name.removeprefix("embeddings.")
                for theirs, here in NAMES.items():
                    ours = ours.replace(theirs, here)
                renamed[ours] = tensor
        return renamed


class Block(nn.Module):
    """Attention over the pieces of a text, then a layer of its own for each piece; a norm after either sum."""

    def __init__(self, features: int, heads: int, wide: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(features, features) for _ in range(3))
        self.attended, self.norm1 = nn.Linear(features, features), nn.LayerNorm(features, eps=1e-12)
        self.widen, self.narrow = nn.Linear(features, wide), nn.Linear(wide, features)
        self.norm2 = nn.LayerNorm(features, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """x: (rows, length, features); real: bool, broadcast to (rows, heads, length, length)."""
        rows, length, features = x.shape

        def by_head(y: Tensor) -> Tensor:
            return y.view(rows, length, self.heads, -1).transpose(1, 2)

        seen = functional.scaled_dot_product_attention(
            by_head(self.query(x)),
            by_head(self.key(x)),
            by_head(self.value(x)),
            attn_mask=real,
            dropout_p=self.dropout.p if self.training else 0.0,
        )
        seen = self.attended(seen.transpose(1, 2).reshape(rows, length, features))
        x = self.norm1(x + self.dropout(seen))
        return torch.as_tensor(self.norm2(x + self.dropout(self.narrow(functional.gelu(self.widen(x))))))
