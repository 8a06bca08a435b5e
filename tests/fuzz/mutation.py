"""Inputs that are almost right: what hides behind the first check is found by those."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

__all__ = ["NASTY", "as_json", "mutated_bytes", "mutated_data", "text_of_pieces"]

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**40, 0.0, -0.0, 0.5, 1e-320, 1e308, -1e308),
    *("", " ", "x", "nan", "inf", "-inf", "1e400", "1e3", "yes", "~", ".", "..", "../../x", "/", "a" * 300),
    *("\x00", "\n", "\x1b[31m", "‮", "\ud800", "é", "𝔸", "=1+1", "<script>", "{{7*7}}", "%s%n", "$HOME"),
    *("a.b", "a..b", ".a", "a.", "`", "min", "t00000", "None", "[1, 2]", "{a: 1}", "!!python/name:os.system"),
    *([], [None], [1, "a", None], [[]], {}, {"a": 1}, {"": 0}, {"min": 0}, {"min": 2, "max": 1}),
    *({"values": []}, {"values": [1, "1", True]}, {"value": {}}, {"when": {}}, {"parameters": {}}),
    *(
        {"min": 0, "max": 1, "distribution": "normal"},
        {"mu": 0, "sigma": -1},
        [{"min": 0, "max": 1}, {"min": 2}],
    ),
    *(
        {"min": 1e-300, "max": 1e300, "distribution": "log_uniform_values"},
        {"min": 0, "max": 10**30, "step": 1},
    ),
)
_BYTES = (
    b"\x00",
    b"\xff",
    b"\n",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"\t",
    b"{",
    b"]",
    b": ",
    b"- ",
    b"&a ",
    b"*a",
)


def mutated_bytes(data: bytes, chance: Random) -> bytes:
    """One to four changes: bits flipped, pieces cut, doubled, moved, put in."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        size = len(changed)
        at, length = chance.randint(0, size), chance.choice((1, 2, 4, 16, 64, 1024))
        match chance.randrange(6):
            case 0 if size:
                changed[at % size] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length]
            case 3:
                piece = bytes(changed[at : at + length])
                del changed[at : at + length]
                changed[chance.randint(0, len(changed)) : 0] = piece
            case 4:
                changed[at:at] = chance.choice(_BYTES)
            case _:
                del changed[at:]
    return bytes(changed)


def mutated_data(data: Any, chance: Random, others: Sequence[Any] = (), changes: int = 0) -> Any:
    """One to three changes of plain data: values replaced, keys gone, doubled or renamed, parts of others put in."""
    changed = copy.deepcopy(data)
    for _ in range(changes or chance.choice((1, 1, 1, 2, 3))):
        path = _any_path(changed, chance)
        if not path:
            continue
        *before, key = path
        parent = changed
        for step in before:
            parent = parent[step]
        match chance.randrange(8):
            case 0:
                del parent[key]
            case 1 if isinstance(parent, dict):
                parent[_text(chance)] = parent.pop(key)
            case 2 if isinstance(parent, list):
                parent.insert(key, copy.deepcopy(parent[key]))
            case 3 if others:
                other = chance.choice(others)
                parent[key] = copy.deepcopy(_at(other, _any_path(other, chance)))
            case 4 if isinstance(parent[key], (int, float)):
                parent[key] = chance.choice(
                    (-parent[key], parent[key] * 1000, parent[key] + 1, str(parent[key]))
                )
            case 5 if isinstance(parent, dict):
                parent[_text(chance)] = copy.deepcopy(chance.choice(NASTY))
            case _:
                parent[key] = copy.deepcopy(chance.choice(NASTY))
    return changed


def text_of_pieces(pieces: Sequence[str], chance: Random) -> str:
    """Up to forty words of a language, at random."""
    between = chance.choice(("", " ", " "))
    return between.join(chance.choice(pieces) for _ in range(chance.randint(1, 40)))


def _text(chance: Random) -> str:
    return chance.choice([value for value in NASTY if isinstance(value, str)])


def _any_path(data: Any, chance: Random) -> list[Any]:
    """Where some part of the data is; deep parts as often as shallow ones."""
    path: list[Any] = []
    while isinstance(data, (dict, list)) and data and (not path or chance.random() < 0.8):
        key = chance.choice(list(data)) if isinstance(data, dict) else chance.randrange(len(data))
        path.append(key)
        data = data[key]
    return path


def _at(data: Any, path: Sequence[Any]) -> Any:
    for step in path:
        data = data[step]
    return data


def as_json(data: Any) -> bytes:
    """JSON, which is YAML as well; a lone surrogate as its escape."""
    return json.dumps(data).encode()
