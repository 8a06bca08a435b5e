"""Importing a user's module or file, with errors that name the place and the next move."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import sysconfig
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from trainables.errors import PlugError, nearest

__all__ = ["find_attribute", "import_file", "import_name"]


def import_file(base: Path, place: str) -> ModuleType:
    """Import a Python file under a name of its own that is the same in every process.

    The file's folder goes to the end of `sys.path`, so that it can import its neighbours. A file that was
    edited since is imported again.

    Raises:
        PlugError: no such file, or importing it fails.
    """
    file = (base / Path(place).expanduser()).resolve()
    if not file.is_file():
        near = nearest(file.name, [p.name for p in file.parent.glob("*.py")]) if file.parent.is_dir() else ""
        raise PlugError(f"there is no file {file} (written {place!r}). {near}".rstrip())
    name = f"tuneyard_file_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}_{file.stem}"
    stat = file.stat()
    version = (stat.st_mtime_ns, stat.st_size)
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__dict__.get("__tuneyard_file__") == version:
        return loaded
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__dict__["__tuneyard_file__"] = version
    _see(file.parent)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script that ends with sys.exit(main())
        del sys.modules[name]
        raise PlugError(_failed_import(place, error)) from error
    return module


def import_name(base: Path, name: str, ref: str) -> ModuleType:
    """Import ``package.module``; a package that is not installed may lie in `base`.

    Raises:
        PlugError: no such module, or importing it fails.
    """
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        raise PlugError(
            f"{ref!r} names no module; write package.module:attribute, or path/to/file.py:attribute for a file"
        )
    if any(part.startswith("__") for part in parts):
        raise PlugError(f"{ref!r}: names that begin with two underscores are refused")
    if importlib.util.find_spec(parts[0]) is None and (
        (base / parts[0]).is_dir() or (base / f"{parts[0]}.py").is_file()
    ):
        _see(base.resolve())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise PlugError(
                f"{ref}: there is no module {error.name!r}, neither installed nor in {base}. "
                f"Install it, or name its file: path/to/{parts[-1]}.py:attribute"
            ) from error
        raise PlugError(_failed_import(name, error)) from error
    except (Exception, SystemExit) as error:
        raise PlugError(_failed_import(name, error)) from error


def find_attribute(module: ModuleType, attribute: str, ref: str) -> Any:
    """The class or function ``attribute`` (dots allowed) of a module.

    Raises:
        PlugError: there is none, or its name begins with two underscores.
    """
    found: Any = module
    for part in attribute.split("."):
        if part.startswith("__"):
            raise PlugError(f"{ref!r}: names that begin with two underscores are refused")
        if not part.isidentifier():
            raise PlugError(f"{ref!r}: {attribute!r} is no name of a class or function")
        try:
            found = getattr(found, part)
        except AttributeError:
            known = [n for n, value in vars(found).items() if callable(value) and not n.startswith("_")]
            raise PlugError(
                f"{ref}: {module.__file__ or module.__name__} has no {attribute!r}; {nearest(part, known)}"
            ) from None
    return found


def _see(folder: Path) -> None:
    """Let imports find what lies in `folder`; last, so that it hides nothing that is installed."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()


def _failed_import(place: str, error: BaseException) -> str:
    """One sentence: the kind of the error, the user's own line, and what to do."""
    if isinstance(error, SyntaxError):
        text = (error.text or "").strip()
        return f"{error.filename or place}:{error.lineno}: syntax error: {error.msg}: {text!r}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
    others = [f for f in frames if Path(f.filename) != Path(__file__)]
    installed = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    own = [f for f in others if not f.filename.startswith(installed)] or others
    at = f"{own[-1].filename}:{own[-1].lineno}" if own else place
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{at}: importing {place} needs the module {error.name!r}, which is not installed here"
    return f"{at}: importing {place} failed: {type(error).__name__}: {error}"
