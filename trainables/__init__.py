"""What is trained: the plug of a sweep, and the trainables that come with the project.

The interface: `Trainable`, `Declaration` (base), `CATALOGUE` (catalogue).
From a name to a running trial: `resolve`, `Plug` (plug; it imports by `importing`), `Host` (host, which seeds by
`randomness`), `clean_metrics` (metrics), and `write_checkpoint`, `read_checkpoint`, `newest_valid`, `prune` (checkpoint).
Data: `trainables.data`. Members: `trainables.neural`, `trainables.classical`, `trainables.synthetic`,
`trainables.chaos`. What members share: `options` (a config over its defaults), `supervised` (metric and view follow from
the data), `scoring` (how good predictions are) and `trainables.pictures` (what they look like).
Errors: `TrainableError`, `PlugError`, `DataError`, `MetricError`, `CheckpointError` (errors).
"""

from trainables.base import Declaration, Trainable
from trainables.catalogue import CATALOGUE
from trainables.checkpoint import newest_valid, prune, read_checkpoint, write_checkpoint
from trainables.errors import CheckpointError, DataError, MetricError, PlugError, TrainableError
from trainables.host import Host
from trainables.metrics import clean_metrics
from trainables.plug import Plug, resolve

__all__ = [
    "CATALOGUE",
    "CheckpointError",
    "DataError",
    "Declaration",
    "Host",
    "MetricError",
    "Plug",
    "PlugError",
    "Trainable",
    "TrainableError",
    "clean_metrics",
    "newest_valid",
    "prune",
    "read_checkpoint",
    "resolve",
    "write_checkpoint",
]
