"""The next version of a model.

- `rows`: what it learns from, and what both models are compared on
- `training`: the winner's config again, its weights further, or a small sweep around it
- `judging`: whether it takes the old one's place
- `update`: all of it, with the registry
"""

from deploy.updating.judging import Judgement, judge
from deploy.updating.rows import Source, update_rows
from deploy.updating.training import MODES, Mode, train
from deploy.updating.update import Updated, update

__all__ = ["MODES", "Judgement", "Mode", "Source", "Updated", "judge", "train", "update", "update_rows"]
