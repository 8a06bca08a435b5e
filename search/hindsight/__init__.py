"""Hindsight: what another search would have made of the trials that a run recorded, on a virtual clock.

- `recorded`: the trials of a run as a table of configs and curves, and where each curve breaks off
- `among`: searchers that pick among the recorded configs
- `arm`: a method, a scheduler and a number of workers; `playing`: one of them, played over the record
- `figures`: what many plays come to, with intervals; `answers`: that in words, and what the record cannot answer
- `hindsight`: all of it for a run (`tuneyard replay`)

Resuming a sweep replays its journal, which is another thing: see `search.replay`.
"""

from search.hindsight.arm import Arm, arm_of
from search.hindsight.looking_back import hindsight
from search.hindsight.playing import Play, play
from search.hindsight.recorded import Record, RecordedTrial

__all__ = ["Arm", "Play", "Record", "RecordedTrial", "arm_of", "hindsight", "play"]
