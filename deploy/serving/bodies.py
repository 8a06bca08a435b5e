"""The body of a request as records: read within limits, and strict about what JSON is."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from deploy.serving.refusals import Refusal

__all__ = ["read_body", "read_json"]

_TOO_DEEP = "the JSON is nested too deep; a record is an object of plain values, or a list of numbers"


async def read_json(request: Request, most_bytes: int, patience: float) -> Any:
    """The JSON value of a request's body. NaN and Infinity are let through: whoever checks records names the field.

    Raises:
        Refusal: another content type (415), too large (413), too slow (408), or no JSON in UTF-8 (400).
    """
    _check_content(request)
    body = await read_body(request, most_bytes, patience)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, f"the body has to be UTF-8; byte {error.start} is not") from None
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise Refusal(
            400, f"the body is no JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except RecursionError:
        raise Refusal(400, _TOO_DEEP) from None
    except ValueError as error:  # a whole number of more than 4300 digits
        raise Refusal(400, f"the body is no JSON that can be read: {str(error).partition(';')[0]}") from None


async def read_body(request: Request, most_bytes: int, patience: float) -> bytes:
    """All of a body; what is too large is not read to its end.

    Raises:
        Refusal: see `read_json`.
    """
    too_large = Refusal(
        413,
        f"the body is larger than {most_bytes} bytes; send fewer records at a time",
        headers={"Connection": "close"},
    )
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 15 or int(declared) > most_bytes:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(patience):
            async for part in request.stream():
                size += len(part)
                if size > most_bytes:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise Refusal(
            408, f"the body did not arrive within {patience:g} s", headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise Refusal(400, "the connection ended before the body did") from None
    return b"".join(parts)


def _check_content(request: Request) -> None:
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if kind.strip() != "application/json":
        raise Refusal(415, "the body has to be JSON: send it with Content-Type: application/json")
    charset = parameters.partition("charset=")[2].strip(" \"'")
    if charset not in ("", "utf-8", "utf8"):
        raise Refusal(415, "JSON is UTF-8; leave the charset out")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "compressed bodies are not read; send it as it is")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Refusal(400, f"the field {name[:60]!r} stands twice in one object; send it once")
            seen.add(name)
    return found
