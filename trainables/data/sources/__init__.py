"""Where rows come from: files, folders, databases, functions and built-in sets, each read into `Records`.

Contents:
    `read_records`: the rows that a data section names; `source_version` tells whether they may have changed.
    `BUILT_IN`: the real data sets that are known by one word, each a `BuiltIn`.
    `fetched`: the file of a data package that cannot be a plain dependency; `unpacked`: its files.

One module per kind of source: `delimited`, `parquet`, `jsonl`, `database`, `archive`, `folders`, `images`,
`texts`, `code`, and `built_in`. `columns` types cells, `frames` decides what the rows of a table are.
"""

from trainables.data.sources.catalogue import BUILT_IN, BuiltIn
from trainables.data.sources.fetching import fetched, unpacked
from trainables.data.sources.reading import read_records, source_version

__all__ = ["BUILT_IN", "BuiltIn", "fetched", "read_records", "source_version", "unpacked"]
