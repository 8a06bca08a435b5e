"""Networks that were trained elsewhere, for `finetune`.

- `published`: weights that come with packages, by name; importing it needs no torch.
- `saved`: networks of this project in checkpoints and safetensors files.
- `origin`: the option ``model.weights`` resolved to one of both; `backbone`: its network with frozen parts and a new head.
- `efficientnet_lite`, `bert`, `word_pieces`: the architectures of the published weights.
"""

from trainables.neural.pretrained.published import PUBLISHED, Published

__all__ = ["PUBLISHED", "Published"]
