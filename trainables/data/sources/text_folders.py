"""A folder of text files, one folder a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainables.data.records import Records
from trainables.data.sources.delimited import decode
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.origin import Places, repair_of
from trainables.errors import DataError

__all__ = ["TEXT_ENDINGS", "read_texts"]

TEXT_ENDINGS = (".txt",)


def read_texts(root: Path, classes: dict[str, list[Path]], stray: list[Path]) -> Records:
    """Read the texts of `classes`, a file each, UTF-8. Empty files are left out, which a repair says.

    Raises:
        DataError: there are no classes, a file is not UTF-8, or a class holds nothing but empty files.
    """
    if not classes:
        raise DataError(
            f"{root}: holds {len(stray)} texts and no folders; put those of a class into its folder"
        )
    repairs = (
        [repair_of("texts beside the folders of the classes, left out", *_named(stray, root))]
        if stray
        else []
    )
    texts: list[str] = []
    labels: list[str] = []
    marks: list[str] = []
    empty: list[Path] = []
    for label, files in classes.items():
        for file in files:
            text = _text(file)
            if not text:
                empty.append(file)
                continue
            texts.append(text)
            labels.append(label)
            marks.append(file.relative_to(root).as_posix())
        if label not in labels:
            raise DataError(f"{root}: class {label!r} holds nothing but empty files ({len(files)})")
    if empty:
        repairs.append(repair_of("empty texts, left out", *_named(empty, root)))
    targets = np.array(labels, dtype=object)
    return Records(
        str(root),
        "text",
        Places("", tuple(marks)),
        fingerprint_of(texts, targets),
        texts=tuple(texts),
        targets=targets,
        task="classification",
        repairs=tuple(repairs),
    )


def _text(file: Path) -> str:
    try:
        return decode(file.read_bytes(), str(file)).strip()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error}") from error


def _named(files: list[Path], root: Path) -> tuple[range, Places]:
    return range(len(files)), Places("", tuple(file.relative_to(root).as_posix() for file in files))
