"""Readers of the built-in sets, by modality: `tables`, `images`, `texts`, `series`.

They read the files of installed packages by their paths; but for scikit-learn's none of them is imported.
"""

__all__: list[str] = []
