"""Sweeps with a fault in their training curves, and sound ones."""

from __future__ import annotations

from _doctor_case import Case

__all__ = ["CURVE_CASES"]

CURVE_CASES: dict[str, Case] = {}
"""Name -> case."""
