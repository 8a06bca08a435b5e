"""What of a trainable goes to the workers: its name where they can import it, else the thing itself."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from search.errors import RunnerError
from trainables.plug import Plug

__all__ = ["by_value", "sendable"]


def sendable(plug: Plug, *, remote: bool) -> bytes | None:
    """The plug, pickled whole; None where every worker can import what it names.

    `remote`: workers may be on machines that do not have the file in which the trainable is defined. Imports Ray only
    where something is to be pickled, and needs no cluster.

    Raises RunnerError: it holds what no other process can have (a lock, an open file).
    """
    if plug.importable and not (remote and _of_user_file(plug)):
        return None
    from ray import cloudpickle

    with by_value(plug):
        try:
            content: bytes = cloudpickle.dumps(plug)
        except Exception as error:
            raise RunnerError(
                f"{plug.ref} cannot be sent to the workers: {type(error).__name__}: {error}. Make what it holds "
                "inside it, name it as path/to/file.py:attribute, or use --runner inline"
            ) from error
    return content


def _of_user_file(plug: Plug) -> bool:
    return plug.ref.rpartition(":")[0].endswith(".py")


@contextlib.contextmanager
def by_value(plug: Plug) -> Iterator[None]:
    """While this is open, what is pickled of the trainable's module goes along whole, to where it is not importable."""
    module = sys.modules.get(getattr(plug.target, "__module__", ""))
    if (
        module is None
        or module.__name__ == "__main__"
        or module.__name__.partition(".")[0] in ("trainables", "ray")
    ):
        yield
        return
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)
