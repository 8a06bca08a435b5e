"""Settings: the sweep file, the options of the command line and the arguments of `Sweep`, as one thing.

- `settings`: `read_settings`, `Settings` (what was asked for); `resolved`: `ResolvedSettings` (nothing left open)
- `document`, `overrides`, `plain`: YAML, `--set` and Python values as plain data that knows where it was written
- `sweep_file`: the keys, their types and ranges; `durations`, `data_section`: two of them in detail
- `objectives`: metric, metrics and outcome_constraints; `checks`: rules across keys; `completion`: what the trainable declares fills what the file leaves out
- `problems`, `foreign`, `secrets`: what is said about what is wrong, comes from other tools, or must not be there
- `yaml_text`: settings written as a sweep file; `schema`: the JSON Schema for editors
"""

from search.settings.durations import parse_duration
from search.settings.overrides import Override
from search.settings.resolved import ResolvedSettings
from search.settings.secrets import redact
from search.settings.settings import Settings, read_settings
from search.settings.sweep_file import SweepFile

__all__ = [
    "Override",
    "ResolvedSettings",
    "Settings",
    "SweepFile",
    "parse_duration",
    "read_settings",
    "redact",
]
