"""The next sweep file as text: YAML with the reason of each change beside its key."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from search.next.change import Change
from search.settings.document import KeyPath, read_text
from search.settings.yaml_text import yaml_text

__all__ = ["commented"]

WIDTH = 110


def commented(keys: Mapping[str, Any], changes: Iterable[Change], head: str) -> str:
    """`keys` as YAML, `head` first; a comment stands behind its key's line, or above it where it is too long for that."""
    lines = yaml_text(keys, {}).splitlines()
    places = read_text("\n".join(lines) + "\n", "next").places
    beside: dict[int, list[str]] = {}
    for change in changes:
        beside.setdefault(_line(change.path, places), []).append(_one_line(change.comment))
    written = [f"# {line}" for line in textwrap.wrap(_one_line(head), WIDTH - 2)]
    for number, line in enumerate(lines, start=1):
        comment = "; ".join(beside.get(number, []))
        if comment and len(line) + len(comment) + 4 > WIDTH:
            indent = " " * (len(line) - len(line.lstrip()))
            written += [f"{indent}# {part}" for part in textwrap.wrap(comment, WIDTH - 2 - len(indent))]
            comment = ""
        written.append(f"{line}  # {comment}" if comment else line)
    return "\n".join(written) + "\n"


def _line(path: KeyPath, places: Mapping[KeyPath, str]) -> int:
    """The line of a key, or of the nearest thing around it."""
    for end in range(len(path), 0, -1):
        if path[:end] in places:
            return int(places[path[:end]].split(":")[1])
    return 1


def _one_line(text: str) -> str:
    """Without anything that could end a comment: names and values are a stranger's."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
