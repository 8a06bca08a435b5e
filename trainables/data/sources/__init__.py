"""Where rows come from: files, folders, databases, functions and built-in sets, each read into `Records`.

Contents:
    `read_records`: the rows that a data section names; `source_version` tells whether they may have changed.
    `BUILT_IN`: the real data sets that are known by one word, each a `BuiltIn`.

One module per kind of source: `delimited`, `parquet`, `jsonl`, `database`, `archive`, `folders`, `images`,
`texts`, `code`, and `built_in`. `columns` types cells, `frames` decides what the rows of a table are.
"""

from trainables.data.sources.catalogue import BUILT_IN, BuiltIn
from trainables.data.sources.reading import read_records, source_version

__all__ = ["BUILT_IN", "BuiltIn", "read_records", "source_version"]
