"""An environment of its own for other tools, whose pins must not touch ours: built once, and used by running a script again in it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

__all__ = ["TOOLS", "run_again_in"]

TOOLS = {
    "smac3": "smac>=2.4",
    "ax": "ax-platform>=1.3",
    "syne-tune": "syne-tune[basic]>=0.16",
    "hebo": "HEBO",
}
"""Name -> what pip installs for it."""

_INSIDE = "TUNEYARD_PEERS"


def run_again_in(folder: Path, argv: Sequence[str]) -> int | None:
    """Run the calling script with the Python of `folder`, where the peers are; None: this is that run.

    The environment is made where it is missing. What it installs comes first on its path, and after that what is installed
    here, so that both sides are of one run. A tool that cannot be installed is named and left out.
    """
    if os.environ.get(_INSIDE):
        return None
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    for name, wanted in TOOLS.items():
        mark = folder / f"{name}.installed"
        if not mark.exists():
            print(f"{name}: installing {wanted} into {folder}", file=sys.stderr)
            said = subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted],
                capture_output=True,
                text=True,
                check=False,
            )
            if said.returncode:
                last = said.stderr.strip().splitlines()[-1:]
                print(f"{name}: cannot be installed, so it is left out: {' '.join(last)}", file=sys.stderr)
            mark.write_text("" if said.returncode == 0 else said.stderr)
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "ours.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n{Path(__file__).parents[1]}\n")
    return subprocess.run([python, *argv], env={**os.environ, _INSIDE: "1"}, check=False).returncode
