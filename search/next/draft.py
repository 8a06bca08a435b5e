"""The sweep file that is being changed. A change that would not validate, or would lose the winner, does not stay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from search.analysis.checks.steps_parameter import is_length
from search.errors import SettingsError
from search.next.change import Change
from search.next.evidence import Evidence
from search.settings import ResolvedSettings, Settings
from search.settings.checks import parameter_path, read_space
from search.settings.data_section import is_leaf
from search.settings.document import Document, KeyPath
from search.settings.foreign import foreign_keys
from search.settings.sweep_file import SweepFile
from spaces import Constant, Space, SpaceError, spell_parameters

__all__ = ["Draft", "Keys"]

Keys = dict[str, Any]
_DERIVED = ("base", "name", "storage", "warm_start")  # said anew for where the next file lies


class Draft:
    """Begins as what the user wrote, where the journal kept it; else as the shortest file that says the same.

    `keys`: the file so far. `changes`: made so far, in order. `space`: what the keys describe.

    Raises SettingsError: what the run was started from does not read here; a data file is missing, say.
    """

    def __init__(self, evidence: Evidence, base: Path) -> None:
        self._evidence, self._base = evidence, base
        self.keys = _begun(evidence)
        self.changes: list[Change] = []
        self._given_up: set[str] = set()  # parameters whose value of the winner was
        self._as_written = deepcopy(self.keys.get("parameters"))
        self.space = self._space(self.keys)
        if set(self.space.names) != set(evidence.history.problem.space.names):
            self._say_all_parameters()
        self._before = deepcopy(self.keys.get("parameters"))

    def where(self, name: str) -> KeyPath | None:
        """The keys that lead to a parameter with one branch; None where it is not written so that it can be changed."""
        path = parameter_path(SweepFile.model_construct(**self._sections(self.keys)), name)
        found = self.get(path)
        spelled = path[1:] and all(isinstance(part, str) for part in path)
        return path if spelled and (is_leaf(found) or not isinstance(found, Mapping | list)) else None

    def get(self, path: KeyPath) -> Any:
        """What stands at `path`, or None."""
        here: Any = self.keys
        for part in path:
            if not isinstance(here, Mapping) or part not in here:
                return None
            here = here[part]
        return here

    def attempt(self, change: Change, edit: Callable[[Keys], None], *, fixes: Collection[str] = ()) -> bool:
        """Make a change; False and nothing is changed where the file would not validate or its space lose the winner.

        `edit` changes a copy of the keys in place. `fixes`: parameters that become constants of another value than the
        winner's.
        """
        changed = deepcopy(self.keys)
        edit(changed)
        try:
            space = self._space(changed)
        except SettingsError:
            return False
        winner = self._evidence.winner
        given_up = self._given_up.union(fixes)
        if winner is not None and not _holds(space, winner.config, given_up):
            return False
        self.keys, self.space, self._given_up = changed, space, given_up
        self.changes.append(change)
        return True

    def keep(self, change: Change) -> None:
        """Note what was left as it is on purpose."""
        self.changes.append(change)

    def finished(self) -> Keys:
        """The keys, without the parameters that the trainable declares where none of them was changed."""
        keys = deepcopy(self.keys)
        if keys.get("parameters") == self._before:
            if self._as_written is None:
                keys.pop("parameters", None)
            else:
                keys["parameters"] = self._as_written
        return keys

    def _say_all_parameters(self) -> None:
        """Write out what the trainable declared, so that it can be changed; not the length that it is told anyhow."""
        declared = self._evidence.settings.get("parameters") or _spelled(
            self._evidence.history.problem.space, False
        )
        steps = self._evidence.history.problem.max_steps
        written = self._as_written or {}
        self.keys["parameters"] = {
            name: deepcopy(leaf)
            for name, leaf in declared.items()
            if name in written or not (leaf == steps and is_length(name))
        }
        self.space = self._space(self.keys)

    def _space(self, keys: Keys) -> Space:
        """Raises SettingsError: the keys do not validate."""
        document = Document({"trainable": "unknown", **keys})
        settings = Settings.from_document(document, self._base, "next")
        space, _ = read_space(settings.file, document)
        return self._evidence.history.problem.space if space is None else space

    @staticmethod
    def _sections(keys: Keys) -> Keys:
        data = keys.get("data")
        return {
            "parameters": keys.get("parameters"),
            "data": {"source": data} if isinstance(data, str) else data,
        }


def _begun(evidence: Evidence) -> Keys:
    written = evidence.history.about.get("written")
    keys = deepcopy(dict(written)) if isinstance(written, Mapping) else _shortest(evidence)
    known = foreign_keys(Document(keys))[0]
    return {key: value for key, value in known.items() if key not in _DERIVED and value is not None}


def _shortest(evidence: Evidence) -> Keys:
    """The resolved settings without what the defaults say, or, of a foreign run, what its problem says."""
    problem = evidence.history.problem
    try:
        resolved = ResolvedSettings.from_dict(evidence.settings).file
        keys = resolved.model_dump(mode="json", exclude_defaults=True)
    except SettingsError:  # of a foreign run, which has other ones or none
        keys = {}
    if not keys.get("parameters"):
        objective = problem.objective
        keys = {
            **keys,
            "metric": {"name": objective.metric, "goal": objective.goal},
            "parameters": _spelled(problem.space, True),
            "max_steps": problem.max_steps,
        }
        if problem.space.constraints:
            keys["constraints"] = [each.text for each in problem.space.constraints]
    for section, word in (("method", "name"), ("early_terminate", "type")):
        if isinstance(keys.get(section), dict) and set(keys[section]) == {word}:
            keys[section] = keys[section][word]
    if keys.get("early_terminate") == "none":
        del keys["early_terminate"]
    return keys


def _spelled(space: Space, everything: bool) -> Keys:
    """The parameters; those below `data` only where there is no section of them."""
    return {
        name: leaf["value"] if set(leaf) == {"value"} and not isinstance(leaf["value"], list | None) else leaf
        for name, leaf in spell_parameters(space).items()
        if everything or not name.startswith("data.")
    }


def _holds(space: Space, config: Mapping[str, Any], given_up: Collection[str]) -> bool:
    """Whether a config lies in a space, constants that were given up for another value aside."""
    constants = {each.name for each in space.parameters if isinstance(each.domain, Constant)}
    known = {name: value for name, value in config.items() if name in space.names}
    try:
        space.validate({k: v for k, v in known.items() if not (k in constants and k in given_up)})
    except SpaceError:
        return False
    return True
