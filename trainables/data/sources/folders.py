"""Folders: of images or of texts, one folder a class."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.image_folders import IMAGE_ENDINGS, read_images
from trainables.data.sources.text_folders import TEXT_ENDINGS, read_texts
from trainables.errors import DataError

__all__ = ["read_folder"]


def read_folder(path: Path, section: Section) -> Records:
    """Read a folder of images or of .txt files, whichever of both it holds.

    The folders in it are the classes, named by them; a class holds all that lies below it. Files without
    a class are read only where there is no class at all. Names that begin with a dot are passed over.

    Raises:
        DataError: it holds neither or both, a class is empty, or `data.modality` says otherwise.
    """
    _check_readable(path)
    endings = Counter(
        file.suffix.lower() for file in path.rglob("*") if _visible(file, path) and file.is_file()
    )
    images = sum(endings[ending] for ending in IMAGE_ENDINGS)
    texts = sum(endings[ending] for ending in TEXT_ENDINGS)
    modality = section["modality"] or ("images" if images else "text")
    if modality not in ("images", "text"):
        raise DataError(f"data.modality: a folder holds images or text, not {modality}: {path}")
    if section["modality"] is None and images and texts:
        raise DataError(
            f"{path}: holds {images} images and {texts} texts; say which are the data: data.modality"
        )
    if section["target"] is not None:
        raise DataError(f"data.target: in {path} the folders are the classes; leave target out")
    kinds = section.columns()
    if kinds:
        raise DataError(f"data.columns.{next(iter(kinds.values()))}: a folder has no columns: {path}")
    if not (images if modality == "images" else texts):
        found = ", ".join(
            f"{count} {ending or 'without an ending'}" for ending, count in endings.most_common(5)
        )
        wanted = {"images": IMAGE_ENDINGS, "text": TEXT_ENDINGS}
        asked = [section["modality"]] if section["modality"] else list(wanted)
        lacking = " and no ".join(f"{each} ({', '.join(wanted[each])})" for each in asked)
        raise DataError(
            f"{path}: holds no {lacking}; it holds: {found or 'nothing'}; put the files of each class into a folder of it"
        )
    endings_read = IMAGE_ENDINGS if modality == "images" else TEXT_ENDINGS
    classes, stray = _classes(path, endings_read)
    if modality == "images":
        return read_images(path, classes, stray, section)
    return read_texts(path, classes, stray)


def _classes(path: Path, endings: tuple[str, ...]) -> tuple[dict[str, list[Path]], list[Path]]:
    """The files of each class, in the order of their names, and those that have no class."""
    classes = {
        folder.name: sorted(
            file
            for file in folder.rglob("*")
            if file.suffix.lower() in endings and _visible(file, path) and file.is_file()
        )
        for folder in sorted(path.iterdir())
        if folder.is_dir() and _visible(folder, path)
    }
    for name, files in classes.items():
        if not files:
            raise DataError(f"{path}: class {name!r} is empty; put files into its folder, or remove it")
    if len(classes) == 1:
        raise DataError(
            f"{path}: has one class, {next(iter(classes))!r}: nothing to learn; a class is a folder"
        )
    stray = sorted(file for file in path.iterdir() if file.suffix.lower() in endings and _visible(file, path))
    return classes, stray


def _check_readable(path: Path) -> None:
    """A folder that may not be looked into would pass for an empty one."""
    for folder in (path, *(each for each in path.rglob("*") if each.is_dir() and _visible(each, path))):
        try:
            os.scandir(folder).close()
        except OSError as error:
            raise DataError(
                f"data.source: cannot read the folder {folder}: {error.strerror}; let it be read, or remove it"
            ) from error


def _visible(file: Path, root: Path) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in file.relative_to(root).parts)
