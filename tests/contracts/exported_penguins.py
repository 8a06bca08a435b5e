"""A model folder of a real sweep on penguins, and the command that serves it."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'tuneyard[serve]'")
pytest.importorskip("skops", reason="needs the extra deploy: pip install 'tuneyard[deploy]'")
pytest.importorskip("palmerpenguins", reason="needs the package palmerpenguins")

from contracts.command_line import PATIENCE, Done, finish, start
from deploy.export import export
from deploy.trained import Trained
from search.api import Sweep

__all__ = ["GENTOO", "Server", "exported", "serving"]

GENTOO = {
    "island": "Biscoe",
    "bill_length_mm": 50.0,
    "bill_depth_mm": 15.0,
    "flipper_length_mm": 221.0,
    "body_mass_g": 5500,
    "sex": "male",
    "year": 2008,
}


def exported(folder: Path, seed: int = 0) -> Path:
    """Train one small model in this process, and write it as a model folder below `folder`."""
    run = Sweep(
        trainable="classical",
        data={"source": "penguins"},
        method="random",
        metric={"name": "val/log_loss", "goal": "minimize"},
        parameters={"estimator": "logistic", "logistic.C": {"min": 0.1, "max": 10.0}},
        run_cap=1,
        seed=seed,
        storage=str(folder / "runs"),
        name=f"penguins-{seed}",
        runner="inline",
    ).run()
    return export(Trained.open(run), folder / f"model-{seed}", name="penguins").folder


class Server:
    """`tuneyard serve`, running. `url`: where it listens."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def stop(self, by: signal.Signals = signal.SIGTERM) -> Done:
        """Ask it to end, and wait until it has."""
        self.process.send_signal(by)
        return finish(self.process)


@contextmanager
def serving(model: Path, *options: object, cwd: Path) -> Iterator[Server]:
    """The command, from when it answers; whatever happens it is ended."""
    process = start("serve", model, "--port", 0, *options, cwd=cwd, env={"PYTHONUNBUFFERED": "1"})
    try:
        assert process.stdout is not None
        yield Server(process, _url(process))
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _url(process: subprocess.Popen[str]) -> str:
    """The address it prints as its first line, once it answers."""
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        found = re.search(r"serving .* at (http://\S+)", line)
        if found:
            return found.group(1)
        if not line:
            break
    raise AssertionError(process.communicate())
