"""The entry point: runs a command and turns whatever happens into an exit code and one clear message."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import click

from tuneyard.cli import cli

__all__ = ["main"]

_DISK = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the place that was named may have against being read or written; no bug, and no traceback."""

_EXTRAS = {
    **dict.fromkeys(("fastapi", "starlette", "uvicorn", "prometheus_client", "ray.serve"), "serve"),
    **dict.fromkeys(("skops", "safetensors", "onnx", "onnxruntime", "skl2onnx", "captum", "river"), "deploy"),
}
"""Package that a command may want -> the extra that brings it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows the program's name; None = those of this process.

    Returns:
        the exit code: 0 done, 1 failed, 2 usage or sweep file, 3 finished with failed trials, 4 locked,
        5 damaged state, 130 and 143 interrupted.
    """
    try:
        code = cli.main(arguments, prog_name="tuneyard", standalone_mode=False)
        if sys.stdout is not None:  # None: it was closed before the start (`tuneyard ls >&-`)
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:  # the reader went away, as in `tuneyard ls | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    from spaces.errors import SpaceError, TuneyardError
    from trainables.errors import DataError, PlugError
    from tuneyard.terminal import printable

    if isinstance(error, TuneyardError):
        click.echo(f"tuneyard: {printable(str(error))}", err=True)
        usage = isinstance(error, SpaceError | PlugError | DataError)
        return int(getattr(error, "exit_code", 2 if usage else 1))
    if isinstance(error, OSError) and error.errno in _DISK and error.filename is not None:
        place = printable(str(error.filename))
        click.echo(
            f"tuneyard: {place}: {error.strerror}. Change that, or name another place (--storage DIR)",
            err=True,
        )
        return 1
    if isinstance(error, ModuleNotFoundError) and (extra := _extra_of(error.name or "")) is not None:
        click.echo(f"tuneyard: this needs {error.name}: pip install 'tuneyard[{extra}]'", err=True)
        return 1
    click.echo(f"tuneyard: {type(error).__name__}: {printable(str(error))}", err=True)
    click.echo(f"This is not an error we foresaw; its traceback is in {_keep_traceback(error)}", err=True)
    return 1


def _extra_of(module: str) -> str | None:
    """The extra that brings a module, or the package that it is in."""
    return next((extra for name, extra in _EXTRAS.items() if f"{module}.".startswith(f"{name}.")), None)


def _keep_traceback(error: Exception) -> str:
    """Write the traceback to a file that only this user can read; no environment and no arguments in it."""
    import platform
    import tempfile
    import traceback

    from tuneyard import __version__

    handle, path = tempfile.mkstemp(prefix="tuneyard-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"tuneyard {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n")
        file.writelines(traceback.format_exception(error))
    return path


if __name__ == "__main__":
    sys.exit(main())
