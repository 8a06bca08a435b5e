"""What every benchmark says of the machine it ran on, and where its figures are kept."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["describe", "keep", "kept"]

_RESULTS = Path(__file__).parent / "results"


def describe() -> dict[str, Any]:
    """Cores, memory, versions, date. Timings are comparable within one file only."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ("ray", "optuna", "hyperopt", "torch", "numpy", "scipy")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in packages},
    }


def keep(name: str, figures: dict[str, Any]) -> Path:
    """Write `benchmarks/results/<name>.json`, and its tables in docs/performance.md where it has some there."""
    from _performance import write

    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{name}.json"
    path.write_text(_spelled(figures) + "\n")
    write(name, figures)
    return path


def kept(name: str) -> dict[str, Any]:
    """What `benchmarks/results/<name>.json` holds; empty where there is none yet."""
    path = _RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def _spelled(value: Any, indent: str = "") -> str:
    """JSON with a line for each innermost list or mapping, so that a difference of two versions reads row by row."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    if not any(isinstance(each, dict | list | tuple) and each for each in inside):
        return json.dumps(value)
    deeper = indent + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(str(key))}: {_spelled(each, deeper)}" for key, each in value.items()]
        return "{\n" + ",\n".join(deeper + item for item in items) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + _spelled(each, deeper) for each in value) + f"\n{indent}]"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
