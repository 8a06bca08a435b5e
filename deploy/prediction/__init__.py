"""Batch prediction: a file of rows, a chunk at a time, through a model.

- `predicting`: `predict_file`, the whole of it
- `reading`: rows of a file, a folder of pictures or a database; `writing`: CSV, Parquet, JSON Lines
"""

from deploy.prediction.predicting import Outcome, predict_file

__all__ = ["Outcome", "predict_file"]
