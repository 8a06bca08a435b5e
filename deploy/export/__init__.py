"""From a trained trial to a model folder.

- `writing`: `export`, the whole of it; `native`: the format that the model is loaded from
- `onnx_graph`, `torch_program`: further formats, each checked against the original on real rows; `checking`: how
- `card`: what is known about the model, for readers and for programs; `requirements`: the versions it was made with
"""

from deploy.export.writing import FORMATS, Exported, export

__all__ = ["FORMATS", "Exported", "export"]
