"""Data: from the `data:` section of a sweep file to the arrays that a model trains on.

- `section`: the options and their rules; `read_section`.
- `sources`: files, folders, databases and built-in sets (`BUILT_IN`), read into `Records`.
- `targets`, `ties`, `splitting`: what is to be learnt; training, validation and test rows.
- `columns`, `encoding`, `cleaning`, `steps`, `features`, `selection`, `scaling`, `words`, `windows`: the stages, each
  fitted on training rows; `preparation` joins them for a modality and a view, `prepare` runs it all.
- `store`: `load`, the one door of trainables to their data, and `check_rows`, which says early what would fail there;
  `locked`: the test part.
"""

from trainables.data.dataset import Array, Dataset, Repair, View
from trainables.data.records import Records
from trainables.data.section import Modality, Section, Task, read_section
from trainables.data.sources import BUILT_IN, BuiltIn
from trainables.data.store import (
    MemoryStore,
    Store,
    check_rows,
    load,
    modality_of,
    task_of,
    use_store,
    views_of,
)

__all__ = [
    "BUILT_IN",
    "Array",
    "BuiltIn",
    "Dataset",
    "MemoryStore",
    "Modality",
    "Records",
    "Repair",
    "Section",
    "Store",
    "Task",
    "View",
    "check_rows",
    "load",
    "modality_of",
    "read_section",
    "task_of",
    "use_store",
    "views_of",
]
