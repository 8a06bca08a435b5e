"""Run directories in which anything may be wrong, and every command that only looks at them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from fuzz.mutation import NASTY, as_json, mutated_bytes, mutated_data
from search.api import Sweep
from search.journal import encode
from tuneyard.__main__ import _DISK
from tuneyard.cli import cli

__all__ = ["mutated_run", "read_run", "runs"]

_SWEEP: dict[str, Any] = {
    "method": "random",
    "early_terminate": {"type": "asha", "min_iter": 1, "eta": 3},
    "max_steps": 9,
    "run_cap": 10,
    "metric": {"name": "loss", "goal": "minimize"},
    "failure": {"retries": 0, "stop_after": None},
    "parameters": {
        "x": {"min": 0.0, "max": 1.0},
        "mode": {"values": ["none", "none", "raise"][1:]},
        "at": {"min": 1, "max": 6},
        "delay": 0.0,
    },
}
_COMMANDS = (
    *(
        ["ls"],
        ["ls", "--json"],
        ["show", "a"],
        ["show", "a", "--json"],
        ["show", "a", "--csv"],
        ["show", "a/0"],
    ),
    *(
        ["show", "a/t00003", "--json"],
        ["doctor", "a"],
        ["doctor", "a", "--json"],
        ["report", "a"],
        ["report", "a"],
    ),
    *(
        ["compare", "a", "b"],
        ["compare", "b", "a", "--json"],
        ["logs", "a/t00001"],
        ["logs", "a/1", "--stderr"],
    ),
    *(["next", "a"], ["next", "a", "--json"], ["show", "last"], ["export", "a", "--to", "deepcave"]),
)


@cache
def runs() -> tuple[bytes, ...]:
    """A real run, as JSON: path -> text; what is no text is left out."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made = Sweep(trainable="chaos", runner="inline", storage=folder, name="a", seed=4, **_SWEEP).run()
        assert made.paths is not None
        root, files = made.paths.root, {}
        for path in sorted(root.rglob("*")):
            with contextlib.suppress(UnicodeDecodeError):
                if path.is_file() and path.parent.name != "report":
                    files[str(path.relative_to(root))] = path.read_text()
    return (json.dumps({"files": files, "links": {}, "command": 0}).encode(),)


def mutated_run(data: bytes, chance: Random) -> bytes:
    """Files changed, records changed under sums that fit, links that lead out, odd names; and a command."""
    told = json.loads(runs()[0])
    files: dict[str, str] = told["files"]
    for _ in range(chance.choice((1, 1, 2, 3))):
        name = "journal.jsonl" if chance.random() < 0.6 else chance.choice(list(files))
        if name not in files:
            continue
        match chance.randrange(8):
            case 0:
                del files[name]
            case 1:
                told["links"][name] = chance.choice(
                    ("/etc/passwd", "..", "/", "journal.jsonl", "/dev/null", "nowhere")
                )
            case 2:
                odd = chance.choice([each for each in NASTY if isinstance(each, str) and each])
                files[f"trials/{odd}/{chance.choice(('stdout.log', 'data.json', 'checkpoints'))}"] = files[
                    name
                ]
            case 3:
                files[name] = mutated_bytes(files[name].encode(), chance).decode("utf-8", "replace")
            case _ if name.endswith(".jsonl"):
                files[name] = _mutated_records(files[name], chance)
            case _ if name.endswith(".json"):
                with contextlib.suppress(ValueError):
                    files[name] = as_json(mutated_data(json.loads(files[name]), chance)).decode()
            case _:
                files[name] = mutated_bytes(files[name].encode(), chance).decode("utf-8", "replace")
    told["command"] = chance.randrange(len(_COMMANDS))
    return json.dumps(told).encode()


def _mutated_records(text: str, chance: Random) -> str:
    lines = text.splitlines(keepends=True)
    for _ in range(chance.choice((1, 2, 5))):
        at = chance.randrange(len(lines))
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            record = json.loads(lines[at])
            record.pop("crc", None)
            lines[at] = encode(mutated_data(record, chance)).decode()
    return "".join(lines)


def read_run(data: bytes, folder: Path) -> None:
    """Lay the directory out beside a sound one, and look at it with one command."""
    told = json.loads(data)
    storage = folder / "runs"
    shutil.rmtree(storage, ignore_errors=True)
    _lay_out(storage / "b", json.loads(runs()[0])["files"], {})
    _lay_out(storage / "a", told["files"], told["links"])
    arguments = [*_COMMANDS[told["command"]], "--storage", str(storage)]
    if arguments[0] == "export":
        arguments += ["-o", str(folder / "runs" / "exported")]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            cli.main(arguments, prog_name="tuneyard", standalone_mode=False)
        except OSError as error:
            if error.errno not in _DISK or error.filename is None:  # these get a sentence of their own
                raise
    assert "Traceback" not in out.getvalue()


def _lay_out(root: Path, files: dict[str, str], links: dict[str, str]) -> None:
    root.mkdir(parents=True)
    for name, text in files.items():
        path = root / name
        with contextlib.suppress(OSError, ValueError):  # a name that no file can have
            if not _inside(root, name):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "replace"))
    for name, target in links.items():
        path = root / name
        with contextlib.suppress(OSError, ValueError):
            path.unlink(missing_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(target, path)


def _inside(root: Path, name: str) -> bool:
    return os.path.realpath(root / name).startswith(os.path.realpath(root) + os.sep)


def commands() -> Sequence[Sequence[str]]:
    """Every command that is tried."""
    return _COMMANDS
