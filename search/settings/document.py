"""A YAML text as plain data, with the line and column of every key.

Only YAML's core is read: mappings with text keys, lists, text, finite numbers, true, false, null, and merge keys.
Tags are refused, so reading a foreign file constructs nothing but these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from search.errors import SettingsError
from spaces.errors import nearest

__all__ = ["Document", "KeyPath", "in_order", "kind_of", "read_document", "read_text", "spell"]

KeyPath = tuple[str | int, ...]

MAX_BYTES = 256 * 1024
MAX_NODES = 50_000  # after aliases are written out: a few short lines can stand for a billion values
MAX_DEPTH = 40

_MERGE = "tag:yaml.org,2002:merge"
_CORE = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")
}


@dataclass
class Document:
    """Plain data and where it was written. `places`: key path -> `file:line:column` (or an option's name)."""

    data: Any
    places: dict[KeyPath, str] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Where `path` was written, or the nearest thing around it; empty when it came from Python.

        Where an option changed something below it, that option is what to look at.
        """
        for written, place in self.places.items():
            if path and place.startswith("-") and written[: len(path)] == path:
                return place
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return ""

    def problem(self, path: KeyPath, sentence: str) -> str:
        """One line of a `SettingsError`: `file:line:column key: sentence`."""
        place, key = self.place(path), spell(self._written(path))
        if place.startswith("-"):  # an option: `--set lr.max`
            head = place if not key or place.endswith(f" {key}") else f"{place} ({key})"
        else:
            head = " ".join(filter(None, (place, key)))
        return f"{head}: {sentence}"

    def _written(self, path: KeyPath) -> KeyPath:
        """`path` as far as the document goes into it: `method`, not `method.name`, where `method: tpe` is written."""
        here: Any = self.data
        for end, part in enumerate(path):
            if here is not None and not isinstance(here, (dict, list)):
                return path[:end]
            here = here.get(part) if isinstance(here, dict) else None
        return path


def in_order(problems: Iterable[str]) -> list[str]:
    """Lines of problems as a reader of the file meets them; options come first."""

    def line(problem: str) -> int:
        found = re.match(r"\S*?:(\d+):\d+\b", problem)
        return int(found.group(1)) if found else 0

    return sorted(problems, key=line)


def spell(path: KeyPath) -> str:
    """("points", 0, "model", "width") -> `points[0].model.width`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_document(path: Path) -> Document:
    """Read a file.

    Raises SettingsError: no such file, too large, not UTF-8, not YAML, or more than YAML's core; all problems of
    the last kind at once.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{path}: {_cannot_open(path, error)}") from error
    if len(raw) > MAX_BYTES:
        raise SettingsError(f"{path}: a sweep file is at most {MAX_BYTES // 1024} KiB; this one is larger")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise SettingsError(
            f"{path}:{line}:{column}: not UTF-8 (byte 0x{raw[error.start]:02x}); save the file as UTF-8"
        ) from error
    document = read_text(text, str(path))
    if document.data is None:
        raise SettingsError(f"{path}:1:1: the file is empty; write at least trainable: NAME")
    if not isinstance(document.data, Mapping):
        raise SettingsError(
            f"{path}:1:1: a sweep file is a mapping of keys to values, not {kind_of(document.data)}"
        )
    return document


def read_text(text: str, source: str, *, located: bool = True) -> Document:
    """Read YAML. `source` names it in messages; `located` False: every place is `source` itself, without a line.

    Raises SettingsError: as `read_document`.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    reader = _Reader(source, located, yaml)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        raise SettingsError(_syntax_problem(error, reader)) from error
    except ReaderError as error:
        mark = _Position(
            text.count("\n", 0, error.position), error.position - text.rfind("\n", 0, error.position) - 1
        )
        raise SettingsError(
            f"{reader.at(mark)}: character {error.character:#06x} cannot stand in YAML"
        ) from error
    except RecursionError as error:
        raise SettingsError(f"{source}: nested deeper than {MAX_DEPTH} levels") from error
    data = None if root is None else reader.value(root, ())
    if reader.problems:
        raise SettingsError(reader.problems)
    return Document(data, {(): reader.at(_Position(0, 0)), **reader.places})


def kind_of(value: object) -> str:
    """What a value is, in the words of a sweep file, with its article."""
    if value is None:
        return "nothing"
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    fallback = "a mapping" if isinstance(value, Mapping) else "a list"
    return kinds.get(type(value), fallback)


@dataclass(frozen=True)
class _Position:
    line: int
    column: int


class _Reader:
    """Turns composed nodes into data; collects places and problems."""

    def __init__(self, source: str, located: bool, yaml: YAML) -> None:
        self.source, self.located, self._yaml = source, located, yaml
        self.places: dict[KeyPath, str] = {}
        self.problems: list[str] = []
        self._nodes = 0

    def at(self, mark: _Position | StreamMark | None) -> str:
        if not self.located or mark is None:
            return self.source
        return f"{self.source}:{mark.line + 1}:{mark.column + 1}"

    def value(self, node: Node, path: KeyPath) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise SettingsError(
                f"{self.at(node.start_mark)}: more than {MAX_NODES} values once aliases (*name) are written out"
            )
        if len(path) > MAX_DEPTH:
            raise SettingsError(
                f"{self.at(node.start_mark)}: nested deeper than {MAX_DEPTH} levels, or an alias that contains itself"
            )
        if str(node.tag) not in _CORE:
            self._problem(node, path, f"the tag {node.tag} is not read; remove it")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._placed(item, item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, path)

    def _placed(self, key: Node, value: Node, path: KeyPath) -> Any:
        self.places[path] = self.at(key.start_mark)
        return self.value(value, path)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, Node] = {}
        for key, value in node.value:
            if str(key.tag) == _MERGE:
                found |= self._merged(value, path)
        for key, value in node.value:
            if str(key.tag) == _MERGE:
                continue
            name = _joined(str(key.value))
            if not isinstance(key, ScalarNode) or (str(key.tag) != "tag:yaml.org,2002:str"):
                wrong = repr(name) if isinstance(key, ScalarNode) else "a list or mapping"
                self._problem(key, path, f"a key must be text, got {wrong}; put it in quotes")
            elif name in first:
                line = first[name].start_mark.line + 1
                self._problem(
                    key, (*path, name), f"this key is written twice, first on line {line}; remove one"
                )
            else:
                first[name] = key
                found[name] = self._placed(key, value, (*path, name))
        return found

    def _merged(self, node: Node, path: KeyPath) -> dict[str, Any]:
        """What `<<: *name` or `<<: [*first, *second]` brings in; the first one wins."""
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and all(isinstance(item, MappingNode) for item in node.value):
            return {k: v for item in reversed(node.value) for k, v in self._mapping(item, path).items()}
        self._problem(node, path, "<< takes an alias of a mapping, or a list of them")
        return {}

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        if str(node.tag) == "tag:yaml.org,2002:timestamp":
            return node.value  # a date is text here: it has to survive JSON
        try:
            value = self._yaml.constructor.construct_object(node)
        except (MarkedYAMLError, ValueError):
            self._problem(
                node, path, f"{node.value[:40]!r} does not read as {str(node.tag).rpartition(':')[2]}"
            )
            return None
        if isinstance(value, str):
            return _joined(value)
        if isinstance(value, float) and not math.isfinite(value):
            self._problem(
                node, path, f"a number must be finite, got {node.value}; leave the key out for no limit"
            )
        return value

    def _problem(self, node: Node, path: KeyPath, sentence: str) -> None:
        head = " ".join(filter(None, (self.at(node.start_mark), spell(path))))
        self.problems.append(f"{head}: {sentence}")


def _joined(text: str) -> str:
    """Text with the two halves of a character that JSON escapes apart (`"\\ud83d\\ude00"`) put together."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _syntax_problem(error: MarkedYAMLError, reader: _Reader) -> str:
    mark = error.problem_mark or error.context_mark
    what = (error.problem or error.context or "not YAML").strip()
    if "\\t" in what:
        return f"{reader.at(mark)}: a tab cannot indent YAML; use spaces"
    if "cannot start any token" in what:
        what += "; put the text in quotes"
    elif "mapping values are not allowed" in what:
        what = (
            "a second ': ' on one line; put the text in quotes, or indent what belongs below on its own line"
        )
    elif "another document" in what:
        what = "a second document begins (---); a sweep file holds one"
    elif error.context and error.context_mark and error.context_mark is not mark:
        what += f" ({error.context}, begun on line {error.context_mark.line + 1})"
    return f"{reader.at(mark)}: not YAML: {what}"


def _cannot_open(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and path.parent.is_dir():
        near = [entry.name for entry in path.parent.iterdir() if entry.suffix in (".yaml", ".yml")]
        return f"there is no such file{nearest(path.name, near)}"
    if isinstance(error, IsADirectoryError):
        return "this is a directory; name the sweep file in it"
    return f"cannot be read: {error.strerror or error}"
