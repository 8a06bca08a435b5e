"""Secrets do not belong in a sweep file: everything in it is written to the run directory, and shown.

So they are refused where settings are read, and hidden wherever settings of foreign origin are shown. A URL may name an
environment variable instead, as in `postgresql://reader:${PGPASSWORD}@db/sales`: what it holds is read where the URL is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from search.settings.document import KeyPath

__all__ = ["HIDDEN", "find_secrets", "redact"]

HIDDEN = "[hidden]"

_NAME = re.compile(
    r"(^|[._-])(token|secrets?|passw(or)?d|passphrase|api[_-]?keys?|access[_-]?keys?|private[_-]?keys?|credentials?)$",
    re.IGNORECASE,
)
_URL = re.compile(
    r"(\w[\w+.-]*://[^/\s:@]*:)(?!\d+/|\$\{\w+\}@)\S+(?=@)"  # scheme://user:secret@host
    r"|(\w[\w+.-]*://\S*[?&](?:password|passwd|pwd|token|secret|api_?key)=)(?!\$\{\w+\}(?:&|$))[^&\s#]+",
    re.IGNORECASE,
)


def find_secrets(data: Any, path: KeyPath = (), named: bool = False) -> Iterator[tuple[KeyPath, bool]]:
    """(where, whether in a URL) text stands under a key such as `token`, `password`, `api_key`, or a URL holds a password.

    Numbers and searched ranges under such keys are no secrets (`max_tokens` is not even such a key).
    """
    if isinstance(data, str):
        in_url = _URL.search(data) is not None
        if (named and data) or in_url:
            yield path, in_url
    else:
        for key, value in _items(data):
            below = isinstance(key, str) and bool(_NAME.search(key))
            yield from find_secrets(value, (*path, key), named or below)


def redact(data: Any) -> Any:
    """The same data with every secret replaced by `HIDDEN`."""
    return _redact(data, named=False)


def _redact(data: Any, named: bool) -> Any:
    if isinstance(data, Mapping):
        return {
            k: _redact(v, named or (isinstance(k, str) and bool(_NAME.search(k)))) for k, v in data.items()
        }
    if isinstance(data, (list, tuple)):
        return [_redact(value, named) for value in data]
    if isinstance(data, str):
        return HIDDEN if named and data else _URL.sub(lambda found: f"{found[1] or found[2]}{HIDDEN}", data)
    return data


def _items(data: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(data, Mapping):
        yield from data.items()
    elif isinstance(data, (list, tuple)):
        yield from enumerate(data)
