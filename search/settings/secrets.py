"""Secrets do not belong in a sweep file: everything in it is written to the run directory, and shown.

So they are refused where settings are read, and hidden wherever settings of foreign origin are shown. A URL may name an
environment variable instead, as in `postgresql://reader:${PGPASSWORD}@db/sales`: what it holds is read where the URL is used.
What a trainable raises is not the user's text alone: a library may put into it the URL or the key that it was given. That
is kept in the journal and beside it, so the values of such variables are hidden there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from search.settings.document import KeyPath

__all__ = ["HIDDEN", "find_secrets", "redact", "scrubbed"]

HIDDEN = "[hidden]"

_NAME = re.compile(
    r"(^|[._-])(token|secrets?|passw(or)?d|passphrase|api[_-]?keys?|access[_-]?keys?|private[_-]?keys?|credentials?)$",
    re.IGNORECASE,
)
# All lengths are bounded, and a scheme begins where a word does: text of any origin is searched, and in linear time.
_SCHEME = r"(?<![\w+.-])\w[\w+.-]{0,40}://"
_URL = re.compile(
    rf"({_SCHEME}[^/\s:@]{{0,200}}:)(?!\d+/|\$\{{\w+\}}@)\S{{1,1000}}(?=@)"  # scheme://user:secret@host
    rf"|({_SCHEME}\S{{0,1000}}[?&](?:password|passwd|pwd|token|secret|api_?key)=)(?!\$\{{\w+\}}(?:&|$))[^&\s#]+",
    re.IGNORECASE,
)

_VARIABLE = re.compile(
    r"token|secret|passw(or)?d|passphrase|api_?key|access_?key|private_?key|credential", re.IGNORECASE
)
_NO_SECRET = re.compile(r"(_PATH|_FILE|_DIR|_MODE|_ID)$", re.IGNORECASE)
_SHORTEST = 8  # characters: a shorter value may be a word of any text


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


def scrubbed(text: str) -> str:
    """What somebody's code said, without passwords in URLs and without the values of this process's secret variables.

    Such are those named as `AWS_SECRET_ACCESS_KEY`, `WANDB_API_KEY` or `PGPASSWORD`, of 8 characters and more.
    """
    for value in sorted(_held(), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return str(redact(text))


def _held() -> set[str]:
    return {
        value
        for name, value in os.environ.items()
        if _VARIABLE.search(name) and not _NO_SECRET.search(name) and len(value) >= _SHORTEST
    }


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
