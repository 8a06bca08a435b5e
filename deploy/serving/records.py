"""What a body holds: one record or a list of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deploy.serving.refusals import Refusal

if TYPE_CHECKING:
    from deploy.schema import Schema

__all__ = ["records_of"]


def records_of(body: Any, schema: Schema, most: int) -> list[Any]:
    """The records of a body: an object is one; a list is many, but for an array of just the shape of one.

    `{"records": [...]}` is a list, too, where no column is called so. What a record has to be is not looked at here.

    Raises:
        Refusal: none (422), or more than `most` (413).
    """
    names = {column.name for column in schema.columns}
    if isinstance(body, Mapping) and set(body) == {"records"} and "records" not in names:
        body = body["records"]
        if not isinstance(body, list):
            raise Refusal(422, "records: has to be a list")
        records = body
    elif isinstance(body, list) and not _is_one_array(body, schema.shape):
        records = body
    else:
        records = [body]
    if not records:
        raise Refusal(422, "the list is empty; send one record or more")
    if len(records) > most:
        raise Refusal(413, f"{len(records)} records; this path takes {most} at a time, send them in parts")
    return records


def _is_one_array(body: list[Any], shape: tuple[int, ...]) -> bool:
    """Whether nested lists are one record of this shape, by the lengths along their first elements.

    An axis of one channel may be left out, as `Schema.check` allows.
    """
    sizes: list[int] = []
    value: Any = body
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0] if value else None
    return bool(shape) and (tuple(sizes) == shape or (shape[-1] == 1 and tuple(sizes) == shape[:-1]))
