"""Can the winner be trusted? A trained trial is asked what should be known before it is shipped.

- validating: `validate`, and the page and numbers it writes; checks/: one file a check; page, figures, template/: the page.
- subject: the trial and its rows; rows/: rows that can be disturbed, by modality; against: another file's rows.
- shift, columns: statistics of shift, which monitoring asks, too; calibration: reliability and temperature; surrogate,
  gradients: explanations; intervals. FGSM and PGD are in trainables.neural.attack.

Importing this package imports none of them: a name is looked up when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy.validation.page import headline
    from deploy.validation.validating import CHECKS, validate, write_validation

__all__ = ["CHECKS", "headline", "validate", "write_validation"]

_HOMES = {
    "deploy.validation.page": ("headline",),
    "deploy.validation.validating": ("CHECKS", "validate", "write_validation"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
