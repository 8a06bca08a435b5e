"""Rows that can be disturbed before the model's own preparation reads them, by modality.

- base: the interface.
- tables, images, texts, series: one a modality; inputs: prepared inputs themselves, where rows overlap (forecasts).
- making: the one that fits a trained trial.
"""

from deploy.validation.rows.base import Rows
from deploy.validation.rows.making import make_rows

__all__ = ["Rows", "make_rows"]
