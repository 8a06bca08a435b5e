"""Foreign text made safe to look at. Escaping is the page's business; this is about what even escaped text can do."""

from __future__ import annotations

import re

__all__ = ["shortened", "visible"]

# Control characters, and the ones that turn the direction of the text around them.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """`text` with control and direction characters spelled out, as in `\\u202e`; tabs and newlines stay."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, on one line: the middle gives way, since names differ at their ends."""
    text = " ".join(visible(text).split())
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"
