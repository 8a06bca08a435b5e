"""tuneyard board: TensorBoard over runs."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import storage
from tuneyard.terminal import next_steps

__all__ = ["command"]

_ISOLATED = (
    "-P",
)  # or `-m` would look for modules in the current directory first, which may be a foreign run


@click.command("board", short_help=COMMANDS["board"])
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@storage
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; TensorBoard looks for a free one where left out."
)
def command(runs: tuple[str, ...], storage: Path | str, port: int | None) -> int:
    """Start TensorBoard for the runs named, or for all; it listens on 127.0.0.1 only. Ctrl-C ends it.

    Works while a sweep is running; a run of a store is shown as it was when this began.
    """
    from search.storage import bring, find_run, list_runs

    found = [find_run(storage, name) for name in runs] or list_runs(storage)
    for paths in found:
        bring(paths, "tensorboard/*")
    if not found:
        raise click.UsageError(f"no run in {storage} yet; start one: tuneyard run FILE")
    with contextlib.ExitStack() as stack:
        if len(found) == 1:
            directory = found[0].tensorboard
        else:  # a directory that holds just these runs, each under its name
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tuneyard-board-")))
            for paths in found:
                (directory / paths.name).symlink_to(paths.tensorboard.resolve(), target_is_directory=True)
        arguments = ["--logdir", str(directory), "--host", "127.0.0.1", "--reload_interval", "5"]
        if port is not None:
            arguments += ["--port", str(port)]
        next_steps("open the address below in a browser; Ctrl-C ends TensorBoard")
        process = subprocess.Popen([sys.executable, *_ISOLATED, "-m", "tensorboard.main", *arguments])
        stack.callback(process.terminate)
        try:
            return process.wait()
        except KeyboardInterrupt:
            return 0
