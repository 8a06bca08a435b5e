"""Data: from the `data:` section of a sweep file to the arrays that a model trains on."""

from trainables.data.tabular import BUILT_IN, Dataset, load, task_of

__all__ = ["BUILT_IN", "Dataset", "load", "task_of"]
