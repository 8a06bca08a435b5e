"""The `source` of a data section: what it names on disk, from the folder of the sweep file."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

from trainables.data import BUILT_IN
from trainables.errors import nearest

__all__ = ["absolute", "missing_source"]

_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)([^?]+)(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_FUNCTION = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")


def absolute(source: str, base: Path) -> str:
    """A file, a folder, the file of ``file.py:function`` or of ``sqlite:///file`` by its absolute path; all else as it is.

    ``module:function`` becomes the file of the module where that lies below `base` and is not installed. A built-in name
    stays one, even where a folder of that name lies beside the sweep file.
    """
    if source in BUILT_IN or ("://" in source and _VARIABLE.search(source)):
        return source
    if found := _SQLITE.fullmatch(source):
        return f"{found[1]}{_below(base, found[2])}{found[3]}"
    if "://" in source:
        return source
    file, colon, function = source.rpartition(":")
    if colon and file.endswith(".py"):
        return f"{_below(base, file)}:{function}"
    path = _below(base, source)
    if _exists(path):
        return str(path)
    module = _module(source, base)
    return source if module is None else f"{module}:{function}"


def missing_source(source: str, base: Path) -> str | None:
    """Why a source cannot be read from here, as far as its name tells; None where it can."""
    if source in BUILT_IN:
        return None
    for variable in _VARIABLE.findall(source) if "://" in source else ():
        if variable not in os.environ:
            return f"the environment variable {variable} is not set; set it where the sweep and its workers start"
    if "://" in source and _VARIABLE.search(source):
        return None
    if found := _SQLITE.fullmatch(source):
        return None if _below(base, found[2]).is_file() else _no("database", found[2], base)
    if "://" in source:
        return None
    file, colon, _function = source.rpartition(":")
    if colon and file.endswith(".py"):
        return None if _below(base, file).is_file() else _no("file", file, base)
    if _exists(_below(base, source)):
        return None
    if _FUNCTION.fullmatch(source):
        if _module(source, base) is not None or _installed(file, base):
            return None  # what it holds is found out where it is called
        top = file.partition(".")[0]
        return f"there is no module {file!r}, neither installed nor in {base}; {nearest(top, _modules(base))}"
    if Path(source).suffix or "/" in source:
        return _no("file or folder", source, base)
    return f"there is no built-in data set, file or folder {source!r} (paths start from {base}); {nearest(source, BUILT_IN)}"


def _no(what: str, source: str, base: Path) -> str:
    path = _below(base, source)
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(path.name, beside) if beside else f"nor is there a folder {path.parent.name!r}"
    return f"there is no {what} {source!r} (paths start from {base}); {near}"


def _module(source: str, base: Path) -> Path | None:
    """The file of the module in ``package.module:function`` that lies below `base` and is not installed."""
    name = source.rpartition(":")[0]
    if not _FUNCTION.fullmatch(source) or _installed(name, base):
        return None
    stem = base / name.replace(".", "/")
    return next((file for file in (stem / "__init__.py", stem.with_suffix(".py")) if file.is_file()), None)


def _installed(name: str, base: Path) -> bool:
    """Whether it can be imported from elsewhere than `base`, which may be on `sys.path` for another module's sake."""
    top = name.partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # __main__ of some programs
        return False
    here = {str(base.resolve() / top / "__init__.py"), str(base.resolve() / f"{top}.py")}
    return spec is not None and spec.origin not in here


def _modules(base: Path) -> list[str]:
    """What may be imported from a folder."""
    files = [*base.glob("*.py"), *base.glob("*/__init__.py")]
    return [file.parent.name if file.stem == "__init__" else file.stem for file in files]


def _exists(path: Path) -> bool:
    """Also where it may not be looked at: whoever reads it says why it cannot be."""
    try:
        return path.exists()
    except OSError:
        return True


def _below(base: Path, source: str) -> Path:
    return base / Path(source).expanduser()
